"""Where a view lies on its picture, and everything of the picture carried into the view."""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True, eq=False)
class Placement:
    """A picture resized, and the window that is cut out of it.

    Attributes:
        original: int32, height and width of the picture.
        resized: int32, height and width it is resized to.
        offset: int32, how many resized pixels lie above and to the left of the window.
        size: Height and width of the window, the view.
        mirrored: bool; whether the view is turned left to right after that.
    """

    original: tf.Tensor
    resized: tf.Tensor
    offset: tf.Tensor
    size: tuple[int, int]
    mirrored: tf.Tensor

    def image(self, image: tf.Tensor) -> tf.Tensor:
        """The view of the picture: bilinear, smoothed when it shrinks, as Pillow resizes.

        Unlike Pillow's, values are not rounded to whole numbers after each direction; on
        pictures of independent random pixels the two stay within one grey level of each other,
        0.3 on average.

        Args:
            image: Any number type, height × width × channels.

        Returns:
            float32 in the range of the input, view height × view width × channels.
        """
        # Resizing and cutting in one step: pixels outside the window are never computed.
        seen = tf.raw_ops.ScaleAndTranslate(
            images=image[tf.newaxis],
            size=self.size,
            scale=tf.cast(self.resized, tf.float32) / tf.cast(self.original, tf.float32),
            translation=-tf.cast(self.offset, tf.float32),
            kernel_type="triangle",
            antialias=True,
        )[0]
        seen = tf.cond(self.mirrored, lambda: tf.reverse(seen, [1]), lambda: seen)
        return tf.ensure_shape(seen, (*self.size, image.shape[-1]))

    def mask(self, mask: tf.Tensor) -> tf.Tensor:
        """The view of a mask by nearest neighbour, in the very pixels OpenCV would pick.

        Args:
            mask: Any type, height × width of the picture, or of a larger or smaller copy of it
                that the mask was drawn on.

        Returns:
            The same type, view height × view width.
        """
        rows, columns = (self._source(axis, tf.shape(mask)[axis]) for axis in (0, 1))
        columns = tf.cond(self.mirrored, lambda: columns[::-1], lambda: columns)
        seen = tf.gather(tf.gather(mask, rows, axis=0), columns, axis=1)
        return tf.ensure_shape(seen, self.size)

    def boxes(self, boxes: tf.Tensor) -> tf.Tensor:
        """Boxes of the picture in pixels of the view, neither rounded nor clipped.

        Args:
            boxes: n × 4, corners x0, y0, x1, y1 in pixels of the picture.

        Returns:
            float32, n × 4.
        """
        corners = tf.cast(boxes, tf.float64)
        corners = corners * self._corners(self.resized) / self._corners(self.original)
        x0, y0, x1, y1 = tf.unstack(corners - self._corners(self.offset), axis=-1)
        width = tf.cast(self.size[1], tf.float64)
        left, right = self._turned(x0, x1, width - x1, width - x0)
        return tf.cast(tf.stack([left, y0, right, y1], axis=-1), tf.float32)

    def region(self) -> tf.Tensor:
        """The view in pixels of the picture: float32, x0, y0, x1, y1.

        Shares of the view's sides are shares of the region's, so a mirrored view begins at the
        right: its x0 is larger than its x1.
        """
        extent = tf.constant([0, 0, self.size[1], self.size[0]], tf.float64)
        corners = (self._corners(self.offset) + extent) * self._corners(self.original)
        x0, y0, x1, y1 = tf.unstack(corners / self._corners(self.resized))
        left, right = self._turned(x0, x1, x1, x0)
        return tf.cast(tf.stack([left, y0, right, y1]), tf.float32)

    @staticmethod
    def _corners(sides: tf.Tensor) -> tf.Tensor:
        """(y, x) as x, y, x, y in float64."""
        return tf.cast(tf.gather(sides, [1, 0, 1, 0]), tf.float64)

    def _turned(self, *ends: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """The first two of four values, or the last two if the view is mirrored."""
        left, right, turned_left, turned_right = ends
        return (
            tf.where(self.mirrored, turned_left, left),
            tf.where(self.mirrored, turned_right, right),
        )

    def _source(self, axis: int, extent: tf.Tensor) -> tf.Tensor:
        """The row or column, of ``extent`` many, that each one of the view shows."""
        original = tf.cast(extent, tf.float64)
        places = tf.range(self.size[axis]) + self.offset[axis]
        # Exactly these two divisions: another order picks other pixels at common sizes.
        step = 1 / (tf.cast(self.resized[axis], tf.float64) / original)
        nearest = tf.floor(tf.cast(places, tf.float64) * step)
        return tf.cast(tf.minimum(nearest, original - 1), tf.int32)
