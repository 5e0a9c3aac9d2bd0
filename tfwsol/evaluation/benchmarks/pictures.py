"""Pictures to time input pipelines with: seeded, and as large on disk as photographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tensorflow as tf

_QUALITY = 92


def write_pictures(
    folder: Path, number: int, size: tuple[int, int] = (375, 500), seed: int = 0, classes: int = 1
) -> list[Path]:
    """Writes JPEG files of smooth colours with fine grain, about as large as photographs.

    Args:
        folder: Made here; gets one folder of pictures for each class.
        number: Of pictures.
        size: (height, width).
        seed: Of the colours and the grain.
        classes: The pictures belong to them in turn.

    Returns:
        The files, in order.
    """
    random = np.random.default_rng(seed)
    grain = random.normal(0, 6, (*size, 1))
    files = []
    for place in range(number):
        coarse = tf.image.resize(random.uniform(0, 255, (9, 12, 3)), size, "bicubic")
        pixels = np.clip(coarse + np.roll(grain, place, axis=0), 0, 255).astype(np.uint8)
        files.append(folder / f"class_{place % classes}" / f"{place:04d}.jpg")
        files[-1].parent.mkdir(parents=True, exist_ok=True)
        files[-1].write_bytes(tf.io.encode_jpeg(pixels, quality=_QUALITY).numpy())
    return files
