"""How well maps fit objects and parts that are known by mask: the numbers of the demo."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np

from tfwsol.boxes import iou, largest_contour_box
from tfwsol.boxes.score_map import score_maps
from tfwsol.metrics import MaxBoxAcc, PxAP, label_image, part_focus
from tfwsol.metrics.part_focus import min_max

HALF = 0.5
STEP = 0.001
"""Distance of the thresholds that box accuracy and PxAP are measured at, the published one."""

_RULE = "wsoleval"
_BATCH = 100


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


@dataclasses.dataclass(frozen=True)
class Diagnosis:
    """What maps are worth.

    Attributes:
        numbers: In percent over the images. ``MaxBoxAccV2@30``, ``@50``, ``@70``, their mean
            ``MaxBoxAccV2``, and ``PxAP``, all as `tfwsol.metrics` has them; what `part_focus` gives
            at the threshold 0.5; and ``mean_iou``, the mean of `overlaps`.
        hits: bool, images × levels of overlap × thresholds: whether the map of an image has a box
            that is right, see `MaxBoxAcc.hits_of`.
        overlaps: float, images: the intersection over union of the object's box with that of the
            map at half its maximum.
    """

    numbers: dict[str, float]
    hits: np.ndarray
    overlaps: np.ndarray


def diagnose(maps: np.ndarray, examples: MaskedExamples) -> Diagnosis:
    """Scores one map of every image.

    Args:
        maps: Batch × map height × map width, of any range.
        examples: The images the maps are of.

    Raises:
        ValueError: Maps and images do not fit each other, or a map is not finite.
    """
    enlarged = at_image_size(maps, examples.images.shape[1:3])
    overlaps = iou(half_maximum_boxes(enlarged), examples.boxes)
    focus = part_focus(
        enlarged,
        examples.masks,
        examples.part_masks,
        examples.boxes,
        examples.part_boxes,
        threshold=HALF,
    )
    box_accuracy, hits, pixel_precision = _under_the_protocol(maps, examples)
    numbers = {
        **{name.replace("Acc", "AccV2"): value for name, value in box_accuracy.items()},
        "PxAP": pixel_precision,
        **focus,
        "mean_iou": 100.0 * float(overlaps.mean()),
    }
    return Diagnosis(numbers, hits, overlaps)


def at_image_size(maps: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Maps enlarged by bicubic interpolation, then each brought to [0, 1]."""
    channels_last = np.asarray(maps, np.float32)[..., None]
    enlarged = keras.ops.image.resize(channels_last, size, interpolation="bicubic")
    return min_max(np.asarray(enlarged)[..., 0])


def half_maximum_boxes(maps: np.ndarray) -> np.ndarray:
    """The box of the largest region of each map above half its maximum, float32, batch × 4."""
    return largest_contour_box(maps, HALF)


def protocol_overlaps(metric: MaxBoxAcc, maps: np.ndarray, examples: MaskedExamples) -> np.ndarray:
    """The best overlap of any box with the object's, as the metric's protocol has it.

    Args:
        metric: Says which contours of a map give boxes, and at which thresholds.
        maps: Images × map height × map width, of any range.
        examples: The images they are of.

    Returns:
        float64, images × thresholds of the metric.
    """
    size = examples.images.shape[1:3]
    return np.concatenate(
        [
            metric.overlaps(
                score_maps(maps[part], _RULE).astype(np.float64),
                list(examples.boxes[part, None].astype(np.float64)),
                np.broadcast_to(size, (len(maps[part]), 2)),
            )
            for part in _parts(len(maps))
        ]
    )


def _under_the_protocol(
    maps: np.ndarray, examples: MaskedExamples
) -> tuple[dict[str, float], np.ndarray, float]:
    """MaxBoxAcc of all levels, its hits and PxAP, as `tfwsol.evaluation.evaluate` gives them."""
    boxes, pixels = MaxBoxAcc(step=STEP), PxAP(step=STEP)
    hits = boxes.hits_of(protocol_overlaps(boxes, maps, examples))
    boxes.count(hits)
    for part in _parts(len(maps)):
        masks = np.stack([label_image(mask) for mask in examples.masks[part]])
        pixels.update_state(score_maps(maps[part], _RULE), masks)
    return boxes.result(), hits, pixels.result()


def _parts(count: int) -> list[slice]:
    """A few images at a time, since the protocol's maps are large."""
    return [slice(start, start + _BATCH) for start in range(0, count, _BATCH)]
