"""The film of a filter being found: one frame per checked iteration."""

from __future__ import annotations

import os
from collections.abc import Sequence

import numpy as np
from matplotlib.colors import Colormap
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw

from tfwsol.visualization.atomic_write import replacing
from tfwsol.visualization.colouring import colour_table, require_picture
from tfwsol.visualization.lettering import font, write_line
from tfwsol.visualization.overlays import overlay_map


def convergence_gif(
    path: str | os.PathLike[str],
    image: np.ndarray,
    film: ArrayLike,
    iterations: Sequence[int] | None = None,
    losses: Sequence[float] | None = None,
    colormap: str | Colormap = "bwr",
    alpha: float = 0.7,
    seconds: float = 1.0,
    symmetric: bool = False,
    region: Sequence[float] | None = None,
    largest_side: int = 1024,
) -> int:
    """Writes an endless GIF of the maps over the photograph, atomically, and counts its frames.

    Frames that are wholly NaN (a solver's padding after it stopped) are left out. Every frame
    is stretched to [0, 1] by itself.
    GIF stores equal neighbours once and shows them for their common time.

    Args:
        path: The file to write.
        image: uint8, height × width × 3; the film has this size up to ``largest_side``, plus
            a line of text when iterations or losses are given.
        film: Real numbers, frames × map height × map width.
        iterations: The iteration of each frame.
        losses: The loss of each frame.
        colormap: A matplotlib colormap or its name.
        alpha: The weight of the map's colour (the L2-CAF programs use 0.7 for films).
        seconds: How long one frame is shown.
        symmetric: Stretch signed maps around zero.
        region: x0, y0, x1, y1 of the map in pixels of the image; None: the whole image.
        largest_side: Larger pictures are shrunk to this many pixels; GIF does not compress
            photographs well.

    Returns:
        The number of frames written.

    Raises:
        ValueError: The film has no frame with numbers, or lists and film differ in length.
    """
    film = np.asarray(film).astype(np.float64)
    if film.ndim != 3:
        raise ValueError(f"Expected a film of frames × height × width, got shape {film.shape}.")
    shown = np.flatnonzero(~np.isnan(film).all(axis=(1, 2)))
    if not shown.size:
        raise ValueError("Expected a film with at least one frame of numbers, got none.")
    lines = _lines(len(film), iterations, losses)
    table, image = colour_table(colormap), require_picture(image)
    frames = [
        _frame(overlay_map(image, film[i], table, alpha, symmetric, region), lines[i], largest_side)
        for i in shown
    ]
    milliseconds = round(1000 * seconds)
    with replacing(path) as draft:
        frames[0].save(
            draft,
            format="GIF",
            save_all=True,
            append_images=frames[1:],
            duration=milliseconds,
            loop=0,
        )
    return len(frames)


def _lines(
    count: int, iterations: Sequence[int] | None, losses: Sequence[float] | None
) -> list[str]:
    parts = []
    for name, values, form in (("iteration", iterations, "d"), ("loss", losses, ".4f")):
        if values is None:
            continue
        if len(values) != count:
            raise ValueError(
                f"Expected one {name} per frame, got {len(values)} for {count} frames."
            )
        kind = int if form == "d" else float
        parts.append([f"{name} {kind(value):{form}}".replace("-", "−") for value in values])
    return [", ".join(words) for words in zip(*parts, strict=True)] or [""] * count


def _frame(overlaid: np.ndarray, line: str, largest_side: int) -> Image.Image:
    """Returns the picture with its line of text below, in a palette of its own."""
    picture = Image.fromarray(overlaid)
    picture.thumbnail((largest_side, largest_side), Image.Resampling.LANCZOS)
    width, height = picture.size
    size = min(max(round(0.04 * width), 11), 24)
    band = round(2.1 * size) if line else 0
    frame = Image.new("RGB", (width, height + band), "white")
    frame.paste(picture, (0, 0))
    if line:
        draw = ImageDraw.Draw(frame)
        write_line(draw, (size / 2, height + band / 2), line, font(size), width - size)
    # Pillow dithers only towards a palette it is given.
    return frame.quantize(palette=frame.quantize(256), dither=Image.Dither.FLOYDSTEINBERG)
