"""Pictures written into the address that shows them."""

from __future__ import annotations

import base64
import dataclasses
import io

import numpy as np
from PIL import Image, UnidentifiedImageError

from tfwsol.visualization.colouring import require_picture


@dataclasses.dataclass(frozen=True)
class EmbeddedPicture:
    """A picture as a data address.

    Attributes:
        address: ``data:image/...;base64,...``
        width: Pixels across.
        height: Pixels down.
    """

    address: str
    width: int
    height: int


def embed(image: np.ndarray | bytes, largest_width: int) -> EmbeddedPicture:
    """Returns the picture as a data address: bytes as they are, arrays as a small file.

    Arrays are shrunk to the largest width and stored as PNG or as JPEG of quality 90 with full
    colour resolution (coloured maps smear without it), whichever is smaller.

    Args:
        image: uint8, height × width × 3, or the bytes of a PNG, JPEG, GIF or WebP file.
        largest_width: The limit in pixels for arrays.

    Raises:
        ValueError: The array is not uint8 RGB, or the bytes are of another kind.
    """
    if isinstance(image, bytes):
        return _from_file(image)
    picture = Image.fromarray(require_picture(image))
    picture.thumbnail((largest_width, picture.height), Image.Resampling.LANCZOS)
    files = {
        "image/png": _saved(picture, "PNG"),
        "image/jpeg": _saved(picture, "JPEG", quality=90, subsampling=0),
    }
    kind = min(files, key=lambda name: len(files[name]))
    return _embedded(kind, files[kind], picture.size)


def _from_file(data: bytes) -> EmbeddedPicture:
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "GIF", "WEBP")) as picture:
            return _embedded(picture.get_format_mimetype(), data, picture.size)
    except UnidentifiedImageError as error:
        raise ValueError(
            "Expected the bytes of a PNG, JPEG, GIF or WebP file, or a uint8 array."
        ) from error


def _saved(picture: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format=kind, **options)
    return buffer.getvalue()


def _embedded(kind: str, data: bytes, size: tuple[int, int]) -> EmbeddedPicture:
    address = f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return EmbeddedPicture(address, *size)
