"""The 1000 WordNet synsets of ILSVRC2012, in the order of the classes."""

import functools
from importlib import resources


@functools.cache
def class_of_synset() -> dict[str, int]:
    """The class of each synset: its rank among the 1000 in sorted order, as Keras counts them.

    ``imagenet_synsets.txt`` lists them, so that a class has the same number in a download that
    holds only some of them.
    """
    text = resources.files("tfwsol.data").joinpath("imagenet_synsets.txt").read_text("utf-8")
    return {synset: rank for rank, synset in enumerate(text.split())}
