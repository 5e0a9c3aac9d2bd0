"""STNet's maps in the form in which the protocols of other methods can compare them."""

from __future__ import annotations

import numpy as np

from tfwsol.boxes import class_hypothesis_maps
from tfwsol.methods import STNet
from tfwsol.methods.explainer import Explainer

_A_MAP = 8  # pixels from cell to cell


def comparable_maps(
    explainer: Explainer, maps: np.ndarray, image_size: tuple[int, int]
) -> np.ndarray:
    """The maps of an explainer; of STNet the class hypotheses that its gates make.

    Gates at the image are single pixels, of which no contour is an object: with MobileNet 0.75
    the largest contour of the gates themselves overlaps no object of 100 ImageNet validation
    images by half. Gates of cells 8 pixels apart or more are a map as other methods have, and stay
    as they are; so do those of which it is not known what they see.

    Args:
        explainer: Whose maps they are.
        maps: ... × height × width.
        image_size: Height and width of the model's input in pixels.

    Returns:
        float32, ... × height × width: at the size of the maps, or of the input.
    """
    if not isinstance(explainer, STNet) or explainer.grids is None:
        return maps
    if min(grid.stride for grid in explainer.grids) >= _A_MAP:
        return maps
    flat = maps.reshape(-1, *maps.shape[-2:])
    found = class_hypothesis_maps(flat, explainer.grids, image_size)
    return found.reshape(*maps.shape[:-2], *found.shape[1:])
