"""Every localization number of maps whose objects are known by box, mask and part."""

from __future__ import annotations

import numpy as np

from tfwsol.boxes import best_threshold
from tfwsol.evaluation.map_diagnostics import (
    STEP,
    MaskedExamples,
    diagnose,
    protocol_overlaps,
)
from tfwsol.metrics import MaxBoxAcc

_HIT = 0.5


def largest_box_threshold(maps: np.ndarray, examples: MaskedExamples) -> float:
    """The threshold at which most boxes of largest contours overlap their object by a half.

    Args:
        maps: Images × map height × map width, of any range: of validation images.
        examples: These images.
    """
    metric = _largest_contour()
    return best_threshold(protocol_overlaps(metric, maps, examples), metric.thresholds, _HIT)[0]


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
        All of `diagnose`; ``MaxBoxAcc`` (largest contour, intersection over union of 0.5, the
        threshold that is best on these images; Choe et al., CVPR 2020); ``GT-known``, the same at
        the given threshold; with logits ``Top-1 Cls`` and ``Top-1 Loc``, which is GT-known where
        the class is right as well.
    """
    single = _largest_contour()
    overlaps = protocol_overlaps(single, maps, examples)
    single.count(single.hits_of(overlaps))
    place = int(np.flatnonzero(np.isclose(single.thresholds, threshold))[0])
    hits = overlaps[:, place] >= _HIT
    return {
        **diagnose(maps, examples).numbers,
        "MaxBoxAcc": single.result()["MaxBoxAcc"],
        "GT-known": _percent(hits),
        **_class_scores(hits, examples.labels, logits),
    }


def _largest_contour() -> MaxBoxAcc:
    return MaxBoxAcc((100 * _HIT,), multi_contour=False, step=STEP)


def _class_scores(
    hits: np.ndarray, labels: np.ndarray, logits: np.ndarray | None
) -> dict[str, float]:
    if logits is None:
        return {}
    right = np.asarray(logits).argmax(axis=1) == labels
    return {"Top-1 Cls": _percent(right), "Top-1 Loc": _percent(right & hits)}


def _percent(hits: np.ndarray) -> float:
    return 100.0 * float(hits.mean())
