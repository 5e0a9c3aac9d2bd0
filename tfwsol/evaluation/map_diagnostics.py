"""How well maps fit objects and parts that are known by mask: the numbers of the demo."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np

from tfwsol.boxes import iou, largest_contour_box
from tfwsol.metrics import part_focus
from tfwsol.metrics.part_focus import min_max

HALF = 0.5


@dataclasses.dataclass(frozen=True)
class MaskedExamples:
    """Images whose object and part are known to the pixel.

    Attributes:
        images: uint8, batch × height × width × 3.
        labels: int, batch.
        boxes: float32, batch × 4, half-open pixel corners of the object.
        masks: bool, batch × height × width.
        part_boxes: float32, batch × 4.
        part_masks: bool, batch × height × width.
    """

    images: np.ndarray
    labels: np.ndarray
    boxes: np.ndarray
    masks: np.ndarray
    part_boxes: np.ndarray
    part_masks: np.ndarray

    @classmethod
    def of(cls, examples: dict[str, np.ndarray]) -> MaskedExamples:
        """From one batch of example dictionaries with one object and one part each."""
        return cls(
            np.asarray(examples["image"]),
            np.asarray(examples["label"]),
            np.asarray(examples["boxes"])[:, 0],
            np.asarray(examples["mask"]).astype(bool),
            np.asarray(examples["part_boxes"])[:, 0],
            np.asarray(examples["part_mask"]).astype(bool),
        )


def diagnose(maps: np.ndarray, examples: MaskedExamples) -> dict[str, float]:
    """Percentages over the images: `part_focus` and the mean overlap of boxes and objects.

    Args:
        maps: Batch × map height × map width, of any range.
        examples: The images the maps are of.

    Returns:
        What `tfwsol.metrics.part_focus` gives at the threshold 0.5, and ``mean_iou``: the mean
        intersection over union of the object's box with that of the map at half its maximum.
    """
    enlarged = at_image_size(maps, examples.images.shape[1:3])
    found = half_maximum_boxes(enlarged)
    focus = part_focus(
        enlarged,
        examples.masks,
        examples.part_masks,
        examples.boxes,
        examples.part_boxes,
        threshold=HALF,
    )
    return {**focus, "mean_iou": 100.0 * float(iou(found, examples.boxes).mean())}


def at_image_size(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps enlarged by bicubic interpolation, then each brought to [0, 1]."""
    channels_last = np.asarray(maps, np.float32)[..., None]
    enlarged = keras.ops.image.resize(channels_last, size, interpolation="bicubic")
    return min_max(np.asarray(enlarged)[..., 0])


def half_maximum_boxes(maps: np.ndarray) -> np.ndarray:
    """The box of the largest region of each map above half its maximum, float32, batch × 4."""
    return largest_contour_box(maps, HALF)
