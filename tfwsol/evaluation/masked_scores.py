"""Every localization number of maps whose objects are known by box, mask and part."""

from __future__ import annotations

import numpy as np

from tfwsol.boxes import best_threshold, score_maps
from tfwsol.evaluation.map_diagnostics import MaskedExamples, at_image_size
from tfwsol.metrics import MaxBoxAcc, PxAP
from tfwsol.metrics.part_focus import part_focus

RULE = "wsoleval"
STEP = 0.001
_HIT = 0.5


def largest_box_threshold(maps: np.ndarray, examples: MaskedExamples) -> float:
    """The threshold at which most boxes of largest contours overlap their object by a half.

    Args:
        maps: Images × map height × map width, of any range: of validation images.
        examples: These images.
    """
    metric = MaxBoxAcc((50,), multi_contour=False, step=STEP)
    return best_threshold(_overlaps(metric, maps, examples), metric.thresholds, _HIT)[0]


def masked_scores(
    maps: np.ndarray,
    examples: MaskedExamples,
    threshold: float,
    logits: np.ndarray | None = None,
) -> dict[str, float]:
    """The numbers of a table row in percent, by name.

    Args:
        maps: Images × map height × map width, of any range: of the true classes.
        examples: The images they are of.
        threshold: For GT-known and Top-1 Loc, of `largest_box_threshold` on other images.
        logits: Images × classes; None: of what is no classifier.

    Returns:
        ``MaxBoxAccV2`` and its levels (all contours, every level with the threshold that is best
        on these images) and ``MaxBoxAcc`` (largest contour, likewise), by the protocol of Choe et
        al., CVPR 2020, on maps of 224 × 224; ``GT-known`` (largest contour, intersection over
        union of 0.5, at `threshold`); ``PxAP`` at the size of the images; what `part_focus` gives
        at 0.5; with logits ``Top-1 Cls`` and ``Top-1 Loc``, which is GT-known where the class is
        right as well.
    """
    multi = MaxBoxAcc(step=STEP)
    multi.count(multi.hits_of(_overlaps(multi, maps, examples)))
    levels = multi.result()
    single = MaxBoxAcc((50,), multi_contour=False, step=STEP)
    overlaps = _overlaps(single, maps, examples)
    single.count(single.hits_of(overlaps))
    place = int(np.flatnonzero(np.isclose(single.thresholds, threshold))[0])
    hits = overlaps[:, place] >= _HIT
    pixels = PxAP(step=STEP)
    size = examples.images.shape[1:3]
    pixels.update_state(score_maps(maps, RULE, size).astype(np.float64), examples.masks)
    return {
        "MaxBoxAccV2": levels["MaxBoxAcc"],
        **{f"MaxBoxAccV2@{level}": levels[f"MaxBoxAcc@{level}"] for level in (30, 50, 70)},
        "MaxBoxAcc": single.result()["MaxBoxAcc"],
        "GT-known": _percent(hits),
        "PxAP": pixels.result(),
        **part_focus(
            at_image_size(maps, size),
            examples.masks,
            examples.part_masks,
            examples.boxes,
            examples.part_boxes,
        ),
        **_class_scores(hits, examples.labels, logits),
    }


def _overlaps(metric: MaxBoxAcc, maps: np.ndarray, examples: MaskedExamples) -> np.ndarray:
    sizes = np.tile(examples.images.shape[1:3], (len(maps), 1))
    square = score_maps(maps, RULE).astype(np.float64)
    return metric.overlaps(square, list(examples.boxes[:, None]), sizes)


def _class_scores(
    hits: np.ndarray, labels: np.ndarray, logits: np.ndarray | None
) -> dict[str, float]:
    if logits is None:
        return {}
    right = np.asarray(logits).argmax(axis=1) == labels
    return {"Top-1 Cls": _percent(right), "Top-1 Loc": _percent(right & hits)}


def _percent(hits: np.ndarray) -> float:
    return 100.0 * float(hits.mean())
