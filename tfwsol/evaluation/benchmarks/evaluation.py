"""What it costs to find the boxes of score maps at every threshold, and to score them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from tfwsol.boxes import score_maps
from tfwsol.boxes.grey import quantised
from tfwsol.evaluation.benchmarks.case_group import CaseGroup, SuiteOptions
from tfwsol.evaluation.benchmarks.timing import Case
from tfwsol.metrics import MaxBoxAcc, PxAP
from tfwsol.metrics.score_maps import threshold_grid
from tfwsol.ops import box_sweep, box_sweep_twin
from tfwsol.ops.contour_loop import contour_loop

LOOP = "plain OpenCV loop"
NUMPY = "numpy.histogram per map"
KINDS = {"smooth 7": 7, "smooth 14": 14, "smooth 28": 28, "noise": 224}
"""Random cells to a side, resized bicubically to 224; as many as pixels are noise."""

STEPS = (0.001, 0.01)
SIDE = 224
_BATCH_SIZES = {"noise": (1,)}  # where the loop takes seconds per map
_REPLICAS = 1000


def evaluation(options: SuiteOptions) -> Iterator[CaseGroup]:
    """A group of cases for each kind of map, step of the thresholds, contour mode and batch size.

    The plain loop makes one contour search per map and threshold. The operation and its twin
    give the same boxes from the same grey maps; the metric begins with score maps in [0, 1] and
    ends with counts. Without batch sizes in the options these are 32, and 1 for noise.
    """
    for kind, step, multi_contour in itertools.product(KINDS, STEPS, (True, False)):
        contours = "all contours" if multi_contour else "largest contour"
        subject = f"{kind}, {SIDE}×{SIDE}, step {step:g}, {contours}"
        for size in options.batch_sizes or _BATCH_SIZES.get(kind, (32,)):
            maps = random_maps(KINDS[kind], size, options.seed)
            yield CaseGroup(subject, size, tuple(_box_cases(maps, step, multi_contour)))
    for size in options.batch_sizes or (32,):
        maps = random_maps(KINDS["smooth 14"], size, options.seed)
        subject = f"smooth 14, {SIDE}×{SIDE}, step {STEPS[0]:g}, pixels"
        yield CaseGroup(subject, size, tuple(_pixel_cases(maps, STEPS[0])))


def random_maps(cells: int, count: int, seed: int) -> np.ndarray:
    """Score maps of random cells, float64, count × 224 × 224, in [0, 1].

    Args:
        cells: To a side.
        count: Of maps.
        seed: Of the cells.
    """
    drawn = np.random.default_rng([seed, cells]).random((count, cells, cells))
    return score_maps(drawn, "wsoleval", (SIDE, SIDE))


def _box_cases(maps: np.ndarray, step: float, multi_contour: bool) -> Iterator[Case]:
    grey = quantised(maps, "truncate")
    levels = (threshold_grid(step) * grey.max(axis=(1, 2))[:, None]).astype(np.int32)
    truth = [[[30, 40, 150, 170]]] * len(maps), np.full((len(maps), 2), SIDE)
    task = grey, levels, multi_contour
    settings = {"multi_contour": multi_contour, "step": step}
    metric = MaxBoxAcc(**settings)
    with_intervals = MaxBoxAcc(**settings, bootstrap=_REPLICAS)
    yield Case(LOOP, lambda: np.concatenate(contour_loop(*task)))
    yield Case("box_sweep", lambda: box_sweep(*task)[0], LOOP)
    yield Case("box_sweep_twin", lambda: box_sweep_twin(*task)[0], LOOP)
    yield Case("MaxBoxAcc.update_state", lambda: metric.update_state(maps, *truth), LOOP)
    yield Case(
        f"MaxBoxAcc.update_state, {_REPLICAS} replicas",
        lambda: with_intervals.update_state(maps, *truth),
        LOOP,
    )


def _pixel_cases(maps: np.ndarray, step: float) -> Iterator[Case]:
    masks = (maps > 0.6).astype(np.uint8)
    edges = np.concatenate([threshold_grid(step), [1.0, 2.0, 3.0]])
    metric = PxAP(step)
    with_intervals = PxAP(step, bootstrap=_REPLICAS)

    def histograms() -> np.ndarray:
        pairs = zip(maps, masks, strict=True)
        return sum(
            np.stack([np.histogram(one[mask == label], edges)[0] for label in (0, 1)])
            for one, mask in pairs
        )

    yield Case(NUMPY, histograms)
    yield Case("PxAP.update_state", lambda: metric.update_state(maps, masks), NUMPY)
    yield Case(
        f"PxAP.update_state, {_REPLICAS} replicas",
        lambda: with_intervals.update_state(maps, masks),
        NUMPY,
    )
