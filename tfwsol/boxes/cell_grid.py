"""Where a layer's cells lie in the image, and how much of it they see."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class CellGrid:
    """The cells of a layer along one axis of the image; plain data.

    Attributes:
        size: How many cells; None where it is not known.
        receptive_field: Pixels that a cell sees.
        stride: Pixels between two cells.
        padding: Pixels of border before the image that the first cell may see.
        start: Pixel under the centre of the first cell, rounded down.
    """

    size: int | None
    receptive_field: int = 1
    stride: int = 1
    padding: int = 0
    start: int = 0

    @property
    def apart(self) -> CellGrid:
        """The same cells, each taken for as many pixels as they are apart; ours."""
        return dataclasses.replace(self, receptive_field=self.stride)

    def through(
        self, window: int, stride: int = 1, padding: tuple[int, int] = (0, 0), dilation: int = 1
    ) -> CellGrid:
        """The grid behind a window layer (convolution or pool).

        The recursion of Biparva and Tsotsos' program, "STNet", 2017, for any border.

        Args:
            window: Cells that a window covers, along this axis.
            stride: Cells from window to window.
            padding: Cells before and behind.
            dilation: Cells from one cell of the window to the next.
        """
        before, behind = padding
        reach = (window - 1) * dilation
        size = self.size
        if size is not None:
            size = (size - reach - 1 + before + behind) // stride + 1
        return CellGrid(
            size,
            self.receptive_field + reach * self.stride,
            self.stride * stride,
            self.padding + before * self.stride,
            int(self.start + (reach / 2 - before) * self.stride),
        )
