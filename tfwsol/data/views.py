"""The views of a picture that networks are trained and tested on, with its boxes and masks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import tensorflow as tf

from tfwsol.data.view_placement import Placement

Where = Literal["centre", "random", "top_left", "top_right", "bottom_left", "bottom_right"]
_SHARES = {
    "top_left": (0.0, 0.0),
    "top_right": (0.0, 1.0),
    "bottom_left": (1.0, 0.0),
    "bottom_right": (1.0, 1.0),
    "centre": (0.5, 0.5),
}
"""Of what a crop leaves free, the part above it and the part to its left."""

_DRAWN = ("mask", "segmentation")
"""How the keys of pictures end whose pixels are facts, not colours."""


@dataclass(frozen=True)
class Resize:
    """The whole picture at ``side`` × ``side`` pixels; its aspect ratio is not kept.

    The test view of wsolevaluation and TS-CAM: ground truth scaled to it is exact.
    """

    side: int = 224

    def __post_init__(self) -> None:
        _check(self.side, self.side, "centre")

    @property
    def random(self) -> bool:
        """Whether the view depends on chance."""
        return False

    def placement(self, original: tf.Tensor, draws: tf.Tensor) -> Placement:
        """Where the view of a picture of a height and width lies."""
        return _placed(original, tf.fill([2], self.side), self.side, "centre", draws)


@dataclass(frozen=True)
class ResizeCrop:
    """A ``crop`` × ``crop`` window of the picture at ``resize`` × ``resize`` pixels.

    The aspect ratio is not kept. With ``where="random"`` the training view of ADL, BAS, TS-CAM,
    SCM and wsolevaluation, with ``"centre"`` the test view of ADL and BAS.

    Attributes:
        resize: Both sides of the whole picture.
        crop: Both sides of the window, at most ``resize``.
        where: ``"centre"``, ``"random"``, or a corner such as ``"top_left"``.
    """

    resize: int = 256
    crop: int = 224
    where: Where = "centre"

    def __post_init__(self) -> None:
        _check(self.resize, self.crop, self.where)

    @property
    def random(self) -> bool:
        """Whether the view depends on chance."""
        return self.where == "random"

    def placement(self, original: tf.Tensor, draws: tf.Tensor) -> Placement:
        """Where the view of a picture of a height and width lies."""
        return _placed(original, tf.fill([2], self.resize), self.crop, self.where, draws)


@dataclass(frozen=True)
class ShortSide:
    """A ``crop`` × ``crop`` window of the picture with a short side of ``resize`` pixels.

    The aspect ratio is kept: the long side becomes ``int(resize * long / short)``. 224 and 224
    are the test view of STNet, 256 and 224 the usual one of ImageNet classifiers.

    Attributes:
        resize: The short side of the whole picture.
        crop: Both sides of the window, at most ``resize``.
        where: ``"centre"``, ``"random"``, or a corner such as ``"top_left"``.
    """

    resize: int = 256
    crop: int = 224
    where: Where = "centre"

    def __post_init__(self) -> None:
        _check(self.resize, self.crop, self.where)

    @property
    def random(self) -> bool:
        """Whether the view depends on chance."""
        return self.where == "random"

    def placement(self, original: tf.Tensor, draws: tf.Tensor) -> Placement:
        """Where the view of a picture of a height and width lies."""
        resized = self.resize * original // tf.reduce_min(original)
        return _placed(original, resized, self.crop, self.where, draws)


@dataclass(frozen=True)
class TenCrop:
    """The four corners and the centre of another view's resized picture, then their mirrors.

    ``image`` and ``region`` get a leading axis of ten; boxes and masks of a view are left out.

    Attributes:
        view: What is cropped.
    """

    view: ResizeCrop | ShortSide

    @property
    def random(self) -> bool:
        """Whether the view depends on chance."""
        return False


View = Resize | ResizeCrop | ShortSide | TenCrop


def see(
    view: View, example: dict[str, tf.Tensor], draws: tf.Tensor | None = None
) -> dict[str, tf.Tensor]:
    """An example through a view.

    Args:
        view: Which part of the picture, at which size.
        example: ``image`` height × width × channels; where it has them, keys that end in
            ``boxes`` (n × 4, x0, y0, x1, y1 in pixels of the picture) and in ``mask`` or
            ``segmentation`` (height × width).
        draws: float32 in [0, 1): the vertical and the horizontal place of a random crop, and
            whether the view is mirrored (below one half: yes). None: not mirrored.

    Returns:
        The example with ``image`` and masks of the view (float32 in the range of the input;
        masks by nearest neighbour), and besides ``region`` float32 (x0, y0, x1, y1 of the view
        in pixels of the picture; x0 > x1 in a mirrored view), ``image_size`` int32 (height,
        width of the picture) and ``view_boxes`` float32 n × 4 in pixels of the view, not
        clipped. ``boxes`` stay as they are.

    Raises:
        ValueError: The view is random and there are no draws.
    """
    if view.random and draws is None:
        raise ValueError("A random view needs draws: three numbers in [0, 1).")
    draws = tf.ones(3) if draws is None else draws
    original = tf.shape(example["image"])[:2]
    example = {**example, "image_size": original}
    if isinstance(view, TenCrop):
        return _ten_crops(view.view, example)
    return _seen(view.placement(original, draws), example)


def _seen(placement: Placement, example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    seen = {"region": placement.region()}
    for key, value in example.items():
        if key == "image":
            seen[key] = placement.image(value)
        elif key.endswith(_DRAWN):
            seen[key] = placement.mask(value)
        elif key.endswith("boxes"):
            seen[f"view_{key}"] = placement.boxes(value)
    return {**example, **seen}


def _ten_crops(view: ResizeCrop | ShortSide, example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    straight, turned = tf.ones(3), tf.zeros(3)
    places = [
        replace(view, where=where).placement(example["image_size"], draws)
        for draws in (straight, turned)
        for where in _SHARES
    ]
    whole = {key: value for key, value in example.items() if not key.endswith(_DRAWN)}
    images = tf.stack([place.image(example["image"]) for place in places])
    return {**whole, "image": images, "region": tf.stack([place.region() for place in places])}


def _placed(
    original: tf.Tensor, resized: tf.Tensor, side: int, where: Where, draws: tf.Tensor
) -> Placement:
    free = resized - side
    if where == "random":
        offset = tf.cast(draws[:2] * tf.cast(free + 1, tf.float32), tf.int32)
        # A draw just below 1 may round up to the whole.
        offset = tf.minimum(offset, free)
    else:
        # tf.round goes to even, as the round of the protocols does.
        shares = tf.constant(_SHARES[where], tf.float32)
        offset = tf.cast(tf.round(shares * tf.cast(free, tf.float32)), tf.int32)
    return Placement(original, resized, offset, (side, side), draws[2] < 0.5)


def _check(resize: int, crop: int, where: str) -> None:
    if not 1 <= crop <= resize:
        raise ValueError(f"A view has a side of 1 to {resize} (the resized picture); got {crop}.")
    if where not in ("random", *_SHARES):
        raise ValueError(f"A crop is {', '.join(_SHARES)} or random; got {where!r}.")
