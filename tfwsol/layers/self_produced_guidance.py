"""Self-produced guidance: maps turned into masks that teach other maps where objects are.

Source: Zhang et al., "Self-produced Guidance for Weakly-supervised Object Localization",
ECCV 2018, with the constants of wsolevaluation. The functions are pure: a model adds the loss
in its own train step or as an output.
"""

from __future__ import annotations

from typing import Any

from keras import ops

from tfwsol.layers.class_attention import map_of_class, min_max

IGNORED = 255
SIZE = (224, 224)
THRESHOLDS = ((0.7, 0.01), (0.5, 0.05), (0.7, 0.1))
"""(high, low) for the mask from the attention, from branch B2, and from B1 and B2 together."""

_FEWEST_PIXELS = 30
_SHARE_OF_HIGHEST = 0.7


def upsample(maps: Any, size: tuple[int, int] = SIZE) -> Any:
    """Maps in another size by bilinear interpolation between cell centres, float32.

    Args:
        maps: float, batch × height × width × channels, not larger than the size.
        size: Height and width of the result; the published losses are all taken at 224 × 224.
    """
    maps = ops.cast(maps, "float32")
    return ops.image.resize(
        maps, size, interpolation="bilinear", antialias=False, data_format="channels_last"
    )


def guidance_mask(maps: Any, high: float, low: float) -> Any:
    """A mask of three values: 1 object, 0 background, 255 undecided.

    Object is what lies above `high`; where fewer than 30 pixels of a sample do, what lies above
    0.7 of its highest value. Background is what lies below `low`, even where it was object.

    Args:
        maps: float, batch × height × width × 1, from 0 to 1.
        high: Exclusive lower limit of the object.
        low: Exclusive upper limit of the background.

    Returns:
        uint8, the shape of the maps; being whole numbers they carry no gradient.
    """
    image = (1, 2, 3)
    certain = maps > high
    few = ops.sum(ops.cast(certain, "int32"), axis=image, keepdims=True) < _FEWEST_PIXELS
    highest = ops.max(maps, axis=image, keepdims=True)
    objects = ops.where(few, maps > _SHARE_OF_HIGHEST * highest, certain)
    mask = ops.where(maps < low, 0, ops.where(objects, 1, IGNORED))
    return ops.cast(mask, "uint8")


def guidance_loss(logits: Any, mask: Any) -> Any:
    """The mean binary cross entropy over all decided pixels of the batch.

    Args:
        logits: float, batch × height × width × 1, before the sigmoid, in the mask's size.
        mask: The result of `guidance_mask`.

    Returns:
        A float32 scalar; 0 where no pixel is decided.
    """
    logits = ops.cast(logits, "float32")
    decided = ops.cast(ops.not_equal(mask, IGNORED), "float32")
    pixels = ops.softplus(ops.where(ops.equal(mask, 1), -logits, logits))
    return ops.sum(pixels * decided) / ops.maximum(ops.sum(decided), 1)


def self_produced_guidance_loss(
    class_maps: Any,
    labels: Any,
    b1: Any,
    b2: Any,
    c: Any,
    thresholds: tuple[tuple[float, float], ...] = THRESHOLDS,
    size: tuple[int, int] = SIZE,
) -> Any:
    """The sum of SPG's three guidance losses, without the classification loss.

    The attention of the label teaches B2, B2 teaches B1, and the mean of B1 and B2 teaches C.
    Gradients reach the three taught maps as pupils only, and never the class maps.

    Args:
        class_maps: float, batch × height × width × classes.
        labels: int, batch.
        b1: Logits of branch B1, batch × height × width × 1, before the sigmoid, as are
        b2: those of branch B2, and
        c: those of branch C; all three may have sizes of their own.
        thresholds: (high, low) for each of the three masks.
        size: Height and width at which everything is compared.

    Returns:
        A float32 scalar.
    """
    b1, b2, c = (upsample(maps, size) for maps in (b1, b2, c))
    # Resized before it is normalised, as published: the peak of a small map is lower afterwards.
    attention = min_max(upsample(map_of_class(class_maps, labels), size))
    fused = (ops.sigmoid(b1) + ops.sigmoid(b2)) / 2
    teachers = (attention, ops.sigmoid(b2), fused)
    masks = [
        guidance_mask(maps, *limits) for maps, limits in zip(teachers, thresholds, strict=True)
    ]
    losses = [guidance_loss(*pair) for pair in zip((b2, b1, c), masks, strict=True)]
    return losses[0] + losses[1] + losses[2]
