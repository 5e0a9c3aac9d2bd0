"""Picture files, checked whole and brought into a form that TensorFlow reads as Pillow does."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, UnidentifiedImageError


class PictureError(ValueError):
    """Why the bytes of a picture cannot be used, in a few words."""


def readable_picture(data: bytes) -> tuple[bytes, tuple[int, int]]:
    """The picture in bytes that TensorFlow decodes to the RGB values that Pillow gives.

    Grey and RGB files in JPEG or PNG stay as they are, byte for byte, whatever they are called.
    All others (CMYK, palette, transparent, other formats) become PNG files, which lose nothing.
    Rotation marks are left out of account, as the published
    protocols do; boxes are in pixels of the file.

    Args:
        data: All bytes of a file.

    Returns:
        The bytes to keep, and the height and width in pixels.

    Raises:
        PictureError: If the bytes are no picture, or one that cannot be decoded to its end.
    """
    image = _decoded(data)
    size = (image.height, image.width)
    if _stays(image):
        return data, size
    if image.mode.startswith(("I", "F")):
        raise PictureError("its pixels have more than 8 bits")
    return _png(image.convert("RGB")), size


def readable_mask(files: list[bytes], size: tuple[int, int], scaled: bool = False) -> bytes:
    """The union of some masks as a PNG of 0 and 1.

    Args:
        files: Grey pictures; values of 128 and more are foreground. Several annotators averaged
            into grey levels are so decided by their majority.
        size: Height and width of the picture that the masks belong to.
        scaled: Whether the masks may be drawn on a larger or smaller copy of the picture. The
            result then has the size of the first, to which others are brought by nearest
            neighbour.

    Raises:
        PictureError: If one is unreadable or of another size than the picture, or of other
            proportions where ``scaled``.
    """
    union = None
    for data in files:
        mask = np.asarray(_decoded(data).convert("L"))
        if mask.shape != size and not (scaled and _is_copy(mask.shape, size)):
            raise PictureError(
                f"its mask is {mask.shape[1]} × {mask.shape[0]} pixels, the picture "
                f"{size[1]} × {size[0]}"
            )
        drawn = mask >= 128
        union = drawn if union is None else union | _nearest(drawn, union.shape)
    return _png(Image.fromarray(union.astype(np.uint8)))


def _is_copy(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Whether the sides have one ratio, but for their rounding to whole pixels."""
    return abs(shape[0] * size[1] - shape[1] * size[0]) <= max(*shape, *size)


def _nearest(mask: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    rows, columns = (
        np.arange(wanted) * own // wanted for own, wanted in zip(mask.shape, shape, strict=True)
    )
    return mask[rows[:, None], columns]


def unknown_mask(size: tuple[int, int]) -> bytes:
    """A PNG of 255 everywhere: nobody drew a mask."""
    return _png(Image.new("L", (size[1], size[0]), 255))


def _decoded(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data))
        image.load()
    except UnidentifiedImageError as error:
        raise PictureError("it is no picture" if data else "it is empty") from error
    # Decoders answer broken bytes with every kind of exception (OSError, SyntaxError,
    # struct.error, DecompressionBombError, ...).
    except Exception as error:
        raise PictureError(str(error)) from error
    return image


def _stays(image: Image.Image) -> bool:
    plain = image.mode in ("L", "RGB") and "transparency" not in image.info
    return plain and image.format in ("JPEG", "PNG")


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "png")
    return buffer.getvalue()
