"""critters: ten kinds of furry quadrupeds that differ for certain in their faces only.

A procedural data set for weakly supervised localization. Classifiers learn the face and their
maps miss the animal; masks and boxes of animal and head say by how much.
"""

from .classes import CLASS_NAMES
from .rendering import Critter, render

__all__ = ["CLASS_NAMES", "Critter", "render"]
