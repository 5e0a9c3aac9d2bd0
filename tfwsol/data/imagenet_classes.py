"""The 1000 ImageNet classes by name.

``imagenet_classes.txt`` holds one short English name per line in the order that Keras,
torchvision and ILSVRC2012 share (WordNet ids ascending). Each is the first synonym of the
class' WordNet synset, facts as listed in ``synset.txt`` of shicai/MobileNet-Caffe
(BSD licence). Where two classes share a first synonym, one or both are told apart:
``crane (bird)`` 134, ``Cardigan Welsh corgi`` 264, ``crane (machine)`` 517, ``tank suit`` 639.
"""

import functools
from importlib import resources


@functools.cache
def _names() -> tuple[str, ...]:
    text = resources.files(__package__).joinpath("imagenet_classes.txt").read_text("utf-8")
    return tuple(text.splitlines())


def imagenet_class_names() -> list[str]:
    """The 1000 names, all different, at the index that Keras' ImageNet models give a class.

    The file is read once; each call returns a list of its own.
    """
    return list(_names())
