"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import io
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfwsol.visualization.colouring import require_picture


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a path to write to, which takes the place of the named one when all went well.

    Missing directories are made. After an exception the old file, if any, is as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield draft
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def write_png(path: str | os.PathLike[str], image: np.ndarray) -> None:
    """Writes a uint8 RGB picture, height × width × 3, as a PNG file, atomically.

    Raises:
        ValueError: The array is not such a picture.
    """
    data = png_bytes(image)
    with replacing(path) as draft:
        draft.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Writes UTF-8 text atomically."""
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Writes indented JSON atomically; arrays and tensors become lists.

    Raises:
        TypeError: Something in the content has no JSON form.
        ValueError: A number is not finite, which JSON cannot say.
    """
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False, default=_plain)
    write_text(path, text + "\n")


def png_bytes(image: np.ndarray) -> bytes:
    """Returns the PNG file of a uint8 RGB picture."""
    buffer = io.BytesIO()
    Image.fromarray(require_picture(image)).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if hasattr(value, "__array__"):
        return np.asarray(value).tolist()
    raise TypeError(f"{type(value).__name__} has no JSON form; expected numbers, text or arrays.")
