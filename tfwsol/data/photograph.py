"""Image files of every common kind, read as plain 8-bit RGB arrays."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

IMAGE_SUFFIXES = frozenset(
    [".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".avif", ".tif", ".tiff", ".ppm", ".pgm"]
)


class PhotographError(ValueError):
    """One sentence about an image file that cannot be found or read."""


def read_image(path: str | os.PathLike[str]) -> np.ndarray:
    """Returns the picture in a file as it is meant to be seen, in 8-bit RGB.

    The EXIF rotation is applied, transparent pixels lie on white, 16-bit values are scaled
    to 8 bits, and of an animation the first frame is taken. Colour profiles are not applied.

    Args:
        path: Any file that Pillow can decode: grey, grey with alpha, RGB, RGBA, palette,
            CMYK, 1-bit or 16-bit.

    Returns:
        uint8, height × width × 3.

    Raises:
        PhotographError: The file is missing, a directory, not a whole readable image, larger
            than Pillow's decompression limit, or of floating-point pixels.
    """
    path = Path(path)
    if not path.exists():
        raise PhotographError(f"{path} does not exist; check the path.")
    if path.is_dir():
        raise PhotographError(f"{path} is a directory; name one image file, or use find_images.")
    try:
        with Image.open(path) as image:
            image.load()
            return np.array(_to_rgb(ImageOps.exif_transpose(image)))
    except UnidentifiedImageError as error:
        raise PhotographError(
            f"{path} is not an image that Pillow knows; convert it to JPEG or PNG."
        ) from error
    except Image.DecompressionBombError as error:
        raise PhotographError(
            f"{path} unpacks to more than {2 * Image.MAX_IMAGE_PIXELS // 10**6} million pixels; "
            "shrink it first."
        ) from error
    # Decoders answer broken bytes with every kind of exception (OSError, SyntaxError,
    # struct.error, EOFError, ...), and none of them names the file.
    except Exception as error:
        raise PhotographError(
            f"{path} cannot be read ({error}); save it anew as an 8-bit JPEG or PNG."
        ) from error


def find_images(pattern: str | os.PathLike[str]) -> list[Path]:
    """Returns the image files that a FILE, a DIR or a GLOB names, sorted by path.

    An existing file is taken whatever it is called, even when its name holds glob characters.
    A directory gives the visible files directly in it that have an image suffix. Everything
    else is a glob, in which ``**`` crosses directories; it gives every file that matches.

    Raises:
        PhotographError: Nothing matches.
    """
    path = Path(pattern).expanduser()
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [entry for entry in path.iterdir() if _is_image_name(entry)]
        if not found:
            raise PhotographError(
                f"{path} holds no image files; expected names that end in "
                f"{', '.join(sorted(IMAGE_SUFFIXES))}."
            )
        return sorted(found)
    if not glob.has_magic(str(path)):
        raise PhotographError(
            f"{path} does not exist; name an image file, a directory or a quoted glob."
        )
    found = [Path(name) for name in glob.glob(str(path), recursive=True)]
    found = [entry for entry in found if entry.is_file()]
    if not found:
        raise PhotographError(f"No file matches {path}; check the pattern.")
    return sorted(found)


def _is_image_name(path: Path) -> bool:
    visible = not path.name.startswith(".")
    return visible and path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):
        return _from_16_bit(image).convert("RGB")
    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers without a known white")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    return image.convert("RGB")


def _from_16_bit(image: Image.Image) -> Image.Image:
    # Pillow's own conversion clips at 255 instead of scaling.
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("its pixels are 32-bit numbers without a known white")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))
