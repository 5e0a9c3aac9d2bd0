"""Masks of objects as pixel protocols score them."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfwsol.data.views import Resize

IGNORED = 255


def label_image(mask: tf.Tensor, ignore: tf.Tensor | None = None) -> tf.Tensor:
    """The labels that PxAP counts: uint8: 1 object, 255 ignored, 0 background.

    Args:
        mask: Height × width, in the view: 1 where an object is; 255 everywhere if nobody drew
            where it is, then all is ignored.
        ignore: The same of what does not count. The object wins where both are set.
    """
    ignored = mask == IGNORED
    if ignore is not None:
        ignored |= (ignore == 1) & (mask != 1)
    return tf.where(ignored, tf.constant(IGNORED, tf.uint8), tf.cast(mask == 1, tf.uint8))


def read_label_image(
    root: pathlib.Path, masks: Sequence[str], ignore: str | None = None
) -> np.ndarray:
    """The label image of the PNG masks of one image, see `label_image`.

    Args:
        root: The folder that the names are relative to.
        masks: PNG files, one per instance, bright where the object is.
        ignore: The PNG file of what does not count.

    Raises:
        ValueError: A file is missing or no PNG; the sentence names it.
    """
    seen = tf.reduce_max([_seen(root / name) for name in masks], axis=0)
    return label_image(seen, None if not ignore else _seen(root / ignore)).numpy()


def _seen(path: pathlib.Path) -> tf.Tensor:
    """The mask in a file, uint8 224 × 224: 1 where it is not black."""
    mask = _read(path)
    return tf.cast(Resize().placement(tf.shape(mask), tf.ones(3)).mask(mask) > 0, tf.uint8)


def _read(path: pathlib.Path) -> tf.Tensor:
    try:
        return tf.io.decode_png(path.read_bytes(), channels=1)[..., 0]
    except FileNotFoundError as error:
        raise ValueError(f"There is no mask {path}; check --mask_dir.") from error
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(f"{path} is not a PNG mask that can be read.") from error
