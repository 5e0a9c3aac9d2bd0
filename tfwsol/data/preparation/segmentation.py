"""Pictures whose pixels are classes, as PASCAL VOC draws them."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

from tfwsol.data.preparation.picture import PictureError

IGNORED = 255
"""The value of pixels that do not count."""


def read_segmentation(data: bytes) -> np.ndarray:
    """The class of each pixel: 0 background, 1 and up the classes, 255 not to be counted.

    Args:
        data: A PNG with a palette, whose indices are the classes, or a grey one.

    Returns:
        uint8, height × width.

    Raises:
        PictureError: If it cannot be decoded to its end, or holds colours instead of classes.
    """
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    # Decoders answer broken bytes with every kind of exception, and none says what was read.
    except Exception as error:
        raise PictureError(f"its segmentation is damaged ({error})") from error
    if image.mode not in ("P", "L"):
        raise PictureError(f"its segmentation holds colours (mode {image.mode}), not classes")
    return np.array(image, np.uint8)


def classes_in(data: bytes) -> tuple[int, ...]:
    """The classes in a segmentation, from 0 without the background, sorted.

    Raises:
        PictureError: As ``read_segmentation``.
    """
    values = np.unique(read_segmentation(data))
    return tuple(int(value) - 1 for value in values if value not in (0, IGNORED))


def segmentation_masks(files: list[bytes], size: tuple[int, int]) -> dict[str, bytes]:
    """A segmentation with the two masks that follow from it, each as a grey PNG.

    Args:
        files: The segmentation; empty where a picture has none.
        size: Height and width of the picture.

    Returns:
        ``segmentation`` as read; ``mask`` 1 for any class; ``ignore_mask`` 1 where the value is
        255. All three are 255 everywhere, unknown, where there is no segmentation.

    Raises:
        PictureError: If it cannot be read or has another size than the picture.
    """
    if not files:
        unknown = np.full(size, IGNORED, np.uint8)
        return {key: _png(unknown) for key in ("segmentation", "mask", "ignore_mask")}
    values = read_segmentation(files[0])
    if values.shape != size:
        raise PictureError(
            f"its segmentation is {values.shape[1]} × {values.shape[0]} pixels, the picture "
            f"{size[1]} × {size[0]}"
        )
    ignored = values == IGNORED
    return {
        "segmentation": _png(values),
        "mask": _png(((values > 0) & ~ignored).astype(np.uint8)),
        "ignore_mask": _png(ignored.astype(np.uint8)),
    }


def _png(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "png")
    return buffer.getvalue()
