"""Mask files as pixel protocols score them."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tfwsol.metrics import label_image
from tfwsol.metrics.true_masks import SIDE, nearest


def read_label_image(
    root: pathlib.Path, masks: Sequence[str], ignore: str | None = None
) -> np.ndarray:
    """The label image of the PNG masks of one image, see `tfwsol.metrics.label_image`.

    Args:
        root: The folder that the names are relative to.
        masks: PNG files, one per instance, bright where the object is.
        ignore: The PNG file of what does not count.

    Raises:
        ValueError: A file is missing or no PNG; the sentence names it.
    """
    union = np.maximum.reduce([nearest(_read(root / name)) for name in masks])
    return label_image(union, nearest(_read(root / ignore)) if ignore else None)


def seen_label_image(mask: tf.Tensor, ignore_mask: tf.Tensor | None = None) -> tf.Tensor:
    """The label image of an example's masks inside a `tf.data` pipeline, uint8 224 × 224."""
    given = [mask] if ignore_mask is None else [mask, ignore_mask]
    return tf.ensure_shape(tf.numpy_function(label_image, given, tf.uint8), (SIDE, SIDE))


def _read(path: pathlib.Path) -> np.ndarray:
    """Where the mask in a file is not black, bool height × width."""
    try:
        return tf.io.decode_png(path.read_bytes(), channels=1)[..., 0].numpy() > 0
    except FileNotFoundError as error:
        raise ValueError(f"There is no mask {path}; check --mask_dir.") from error
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(f"{path} is not a PNG mask that can be read.") from error
