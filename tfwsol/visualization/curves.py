"""Line plots of numbers over thresholds."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_COLOURS = ("#0b6e99", "#d1495b", "#3c8d40", "#8e5ba6", "#c98a00", "#5b6770", "#00a5a5", "#a0522d")
_DASHES = ("-", "--", ":", "-.")
_DOTS_PER_INCH = 160


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of a plot.

    Attributes:
        name: What the legend calls it.
        x: Ascending numbers.
        y: One number each.
        colour: Lines of the same number share a colour.
        dash: Lines of the same number share a dash.
    """

    name: str
    x: np.ndarray
    y: np.ndarray
    colour: int = 0
    dash: int = 0


def line_plot(lines: Sequence[Line], x_label: str, y_label: str) -> np.ndarray:
    """Returns a picture of lines over one axis, with a legend beside it.

    Args:
        lines: In the order of the legend.
        x_label: What runs along.
        y_label: What runs up.

    Returns:
        uint8, height × width × 3, on white.

    Raises:
        ValueError: There is no line, or one has not one y for each x.
    """
    if not lines or any(np.shape(line.x) != np.shape(line.y) for line in lines):
        raise ValueError("Expected at least one line, and one y for each x.")
    figure = Figure(figsize=(7.2, 3.6), dpi=_DOTS_PER_INCH, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for line in lines:
        axes.plot(
            line.x,
            line.y,
            color=_COLOURS[line.colour % len(_COLOURS)],
            linestyle=_DASHES[line.dash % len(_DASHES)],
            marker="o" if len(line.x) < 12 else None,
            markersize=3,
            linewidth=1.4,
            label=line.name,
        )
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
