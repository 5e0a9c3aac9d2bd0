"""Short lines of text on pictures, set in matplotlib's bundled DejaVu Sans."""

from __future__ import annotations

import functools
from pathlib import Path

import matplotlib
from PIL import ImageDraw, ImageFont


@functools.cache
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Returns the type face at a size in pixels."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name), size)


def fitted(text: str, face: ImageFont.FreeTypeFont, width: float) -> str:
    """Returns the text on one line, its middle replaced by an ellipsis where it is too wide.

    Both ends stay, because labels end with what tells them apart: a number or a score.
    """
    text = " ".join(text.split())
    for kept in range(len(text), -1, -1):
        shown = text if kept == len(text) else _without_middle(text, kept)
        if face.getlength(shown) <= width:
            return shown
    return ""


def write_line(
    draw: ImageDraw.ImageDraw,
    position: tuple[float, float],
    text: str,
    face: ImageFont.FreeTypeFont,
    width: float,
    ink: str = "#1c1c1c",
) -> None:
    """Writes one line that starts at x with its vertical middle at y, cut to the width."""
    draw.text(position, fitted(text, face, width), fill=ink, font=face, anchor="lm")


def _without_middle(text: str, kept: int) -> str:
    tail = kept // 3
    return text[: kept - tail].rstrip() + "…" + text[len(text) - tail :].lstrip()
