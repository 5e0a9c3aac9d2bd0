import dataclasses
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tfwsol.boxes import PRESETS, best_iou, distinct_sweep, from_map, score_maps, sweep

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def small():
    """Maps of the wsoleval goldens: (kind, map, thresholds, single boxes, multi boxes)."""
    with np.load(GOLDEN / "evaluation" / "boxes_small.npz") as golden:
        arrays = dict(golden)
    cases = []
    for number in range(int(arrays["n_maps"])):
        case = {k[5:]: v for k, v in arrays.items() if k.startswith(f"m{number:03d}_")}
        thresholds = case.get("thresholds")
        if thresholds is None:
            thresholds = np.arange(0, 1, float(case["interval"]))
        multi = np.split(case["multi"], np.cumsum(case["multi_count"])[:-1])
        cases.append((str(case["kind"]), case["map"], thresholds, case["single"], multi))
    return cases


def test_wsoleval_single_contour(small):
    assert len(small) == 97
    for kind, score_map, thresholds, expected, _ in small:
        found = from_map(score_map, thresholds, multi_contour=False)
        assert [len(boxes) for boxes in found] == [1] * len(thresholds), kind
        np.testing.assert_array_equal(np.concatenate(found), expected, kind)


def test_wsoleval_multi_contour(small):
    for kind, score_map, thresholds, _, expected in small:
        found = from_map(score_map, thresholds, multi_contour=True)
        assert len(found) == len(thresholds) == len(expected)
        for boxes, wanted in zip(found, expected, strict=True):
            assert sorted(boxes.tolist()) == sorted(wanted.tolist()), kind


def test_by_hand():
    score_map = np.zeros((6, 8))
    score_map[1:4, 1:4] = 1.0  # 3 × 3 with a hole
    score_map[2, 2] = 0.0
    score_map[4:6, 5:8] = 0.5
    (at_zero, at_half) = from_map(score_map, [0.0, 0.5], multi_contour=True)
    assert sorted(at_zero.tolist()) == [[1, 1, 4, 4], [1, 1, 4, 4], [5, 4, 7, 5]]
    # 127 > int(0.5 · 255) is false
    assert at_half.tolist() == [[1, 1, 4, 4], [1, 1, 4, 4]]
    assert from_map(score_map, 0.0, multi_contour=False)[0].tolist() == [[1, 1, 4, 4]]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("wsoleval", [0, 0, 0, 0]),
        ("adl", [0, 0, 1, 1]),
        ("tscam", [0, 0, 1, 1]),
        ("bas", [0, 0, 7, 5]),
        ("stnet", [0, 0, 1, 1]),
    ],
)
def test_nothing_is_foreground(rule, expected):
    assert from_map(np.zeros((5, 7)), [0.2], False, rule)[0].tolist() == [expected]


def classic_cases():
    with np.load(GOLDEN / "evaluation" / "classic.npz") as golden:
        arrays = dict(golden)
    for number in range(int(arrays["n"])):
        case = {k[4:]: v for k, v in arrays.items() if k.startswith(f"k{number:02d}_")}
        class_map = np.einsum("c,chw->hw", case["weights"], case["features"])
        yield case, class_map, (int(case["final_size"]),) * 2


@pytest.mark.parametrize("rule", ["adl", "tscam"])
def test_classic_rules(rule):
    cases = list(classic_cases())
    assert len(cases) == 24
    different = 0
    for case, class_map, size in cases:
        scores = score_maps(class_map, rule, size)
        found = np.concatenate(from_map(scores, case["thresholds"], False, rule))
        expected = case[f"{rule}_boxes"]
        different += (found != expected).any(axis=1).sum()
    # The order of the sum over channels is free, so one box may lie a grey level off.
    assert different <= 1


def test_tscam_on_the_stored_maps_is_exact():
    cases = [case for case, *_ in classic_cases() if "tscam_cam" in case]
    assert len(cases) == 16
    for case in cases:
        found = from_map(case["tscam_cam"], case["thresholds"], False, "tscam")
        np.testing.assert_array_equal(np.concatenate(found), case["tscam_boxes"])


def test_tscam_protocol():
    with np.load(GOLDEN / "scm" / "boxes_tscam_14.npz") as golden:
        maps, labels = golden["in/maps"], golden["in/labels"]
        thresholds, expected = golden["box/thr"].astype(np.float64).round(2), golden["box/gt_class"]
    scores = score_maps(maps[np.arange(len(maps)), labels], "tscam")
    boxes, _ = sweep(scores, thresholds, False, "tscam")
    np.testing.assert_array_equal(boxes.reshape(expected.shape), expected)


def test_a_rule_of_ones_own():
    """SCM's search of the best threshold: TS-CAM's map, wsoleval's clipping."""
    rule = dataclasses.replace(PRESETS["tscam"], name="scm", clip=True, fallback=(0, 0, 0, 0))
    with np.load(GOLDEN / "scm" / "boxes_scm_7.npz") as golden:
        maps, expected = golden["in/maps"][:, 0], golden["box/single"]
    boxes, _ = sweep(score_maps(maps, rule), np.arange(0, 1, 0.01), False, rule)
    np.testing.assert_array_equal(boxes.reshape(expected.shape), expected)


def test_counts_of_scm():
    """Images hit by the maps of the 1 or 5 classes of highest score, and by the right one's."""
    with np.load(GOLDEN / "scm" / "boxes_scm_7.npz") as golden:
        arrays = dict(golden)
    rule = dataclasses.replace(PRESETS["tscam"], name="scm", clip=True, fallback=(0, 0, 0, 0))
    maps, counts = arrays["in/maps"], arrays["in/gt_count"]
    images, classes = maps.shape[:2]
    truths = np.split(arrays["in/gt"], np.cumsum(counts)[:-1])
    scores = score_maps(maps, rule).reshape(-1, 224, 224)
    boxes, splits = sweep(scores, np.arange(0, 1, 0.01), False, rule)
    overlaps = best_iou(boxes, splits, [truth for truth in truths for _ in range(classes)])
    overlaps = overlaps.reshape(images, classes, 100)
    ranked = np.argsort(-arrays["in/scores"], axis=1, kind="stable")
    for level in (30, 50, 70):
        hits = np.take_along_axis(overlaps, ranked[:, :, None], axis=1) >= level / 100
        right = hits & (ranked == arrays["in/labels"][:, None])[:, :, None]
        for found, name in ((hits, "det"), (right, "loc")):
            expected = [found[:, :k].any(axis=1).sum(axis=0) for k in (1, 5)]
            np.testing.assert_array_equal(expected, arrays[f"count/{name}{level}"])
    np.testing.assert_array_equal(overlaps[:, 0].astype(np.float32), arrays["box/best_iou"])


@pytest.mark.parametrize("file", ["eval_ilsvrc", "eval_cub_multithr", "eval_cub_tencrop"])
def test_bas_protocol(file):
    with np.load(GOLDEN / "bas" / f"{file}.npz") as golden:
        scores = score_maps(golden["maps"], "bas")
        boxes, splits = sweep(scores.astype(np.float64), golden["thresholds"], False, "bas")
        expected = golden["pred_boxes"]
    assert (np.diff(splits) == 1).all()
    np.testing.assert_array_equal(boxes.reshape(expected.shape), expected)


STNET_LEVELS = {  # how STNet calls a level, and which of its parameters is the threshold
    "NEW_MEAN": ("of_nonzero_mean", 0),
    "OLD_MEAN": ("of_mean", 0),
    "PERCENTILE": ("of_nonzero_rank", 2),
    "ENERGY": ("of_energy", 3),
}


@pytest.mark.parametrize(("file", "cases"), [("boxes_01_modes", 32), ("boxes_02_nonsquare", 4)])
def test_stnet_proposals(file, cases):
    with np.load(GOLDEN / "stnet" / f"{file}.npz") as golden:
        arrays = dict(golden)
    keys = sorted({name[:4] for name in arrays})
    assert len(keys) == cases
    for key in keys:
        collapse = np.sum if arrays[key + "collapse"] == "SUM" else np.max
        rule, threshold = PRESETS["stnet"], 0.0
        if arrays[key + "prune"]:
            level, place = STNET_LEVELS[str(arrays[key + "lb_mode"])]
            threshold = arrays[key + "params"][place]
            deviations = float(arrays[key + "params"][1])
            rule = dataclasses.replace(rule, level=level, deviations=deviations)
        found = from_map(collapse(arrays[key + "g"], axis=0), threshold, False, rule)
        np.testing.assert_array_equal(found[0][0], arrays[key + "box"], key)


def opencv_boxes(score_map, threshold, multi_contour):
    """The protocol of wsoleval, one threshold at a time."""
    grey = (score_map * 255).astype(np.uint8)
    bright = (grey > int(threshold * grey.max())).astype(np.uint8)
    contours, _ = cv2.findContours(bright, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return [[0, 0, 0, 0]]
    height, width = score_map.shape
    kept = contours if multi_contour else [max(contours, key=cv2.contourArea)]
    rectangles = [cv2.boundingRect(contour) for contour in kept]
    return sorted(
        [x, y, min(x + w, width - 1), min(y + h, height - 1)] for x, y, w, h in rectangles
    )


batches = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 3), st.integers(1, 7), st.integers(1, 7)),
    elements=st.sampled_from([0.0, 0.2, 0.5, 0.501, 0.9, 1.0]),
)
thresholds = st.lists(st.floats(0, 1), min_size=1, max_size=6)


@settings(deadline=None)
@given(batches, thresholds, st.booleans())
def test_a_sweep_is_one_search_per_threshold(maps, thresholds, multi_contour):
    boxes, splits = sweep(maps, thresholds, multi_contour)
    assert boxes.dtype == np.int32
    assert splits.dtype == np.int64
    assert len(splits) == len(maps) * len(thresholds) + 1
    parts = iter(np.split(boxes, splits[1:-1]))
    for score_map in maps:
        for threshold in thresholds:
            expected = opencv_boxes(score_map, threshold, multi_contour)
            assert sorted(next(parts).tolist()) == expected


@settings(deadline=None)
@given(batches, thresholds, st.sampled_from(sorted(PRESETS)))
def test_every_map_may_have_thresholds_of_its_own(maps, thresholds, rule):
    own = np.array(thresholds) * np.linspace(1, 0.5, len(maps))[:, None]
    boxes, splits = sweep(maps, own, False, rule)
    alone = [np.concatenate(from_map(*pair, False, rule)) for pair in zip(maps, own, strict=True)]
    np.testing.assert_array_equal(boxes, np.concatenate(alone))
    np.testing.assert_array_equal(splits, np.arange(len(boxes) + 1))


def test_equal_levels_are_searched_once(monkeypatch):
    asked = []

    def sweep_once(grey, levels, multi_contour):
        asked.append(levels.copy())
        return np.zeros((0, 4), np.int32), np.zeros(levels.size + 1, np.int64)

    module = sys.modules[sweep.__module__]  # the function hides its module's name
    monkeypatch.setattr(module, "box_sweep", sweep_once)
    maps = np.stack([np.full((2, 2), 2 / 255), np.full((2, 2), 4 / 255)])
    _, splits, segments = distinct_sweep(maps, np.arange(0, 1, 0.001), True)
    assert asked[0].tolist() == [[0, 1, 255, 255], [0, 1, 2, 3]]
    assert len(splits) == 9
    assert segments.shape == (2, 1000)
    np.testing.assert_array_equal(np.bincount(segments[0]), [500, 500])
    np.testing.assert_array_equal(np.bincount(segments[1]), [0, 0, 0, 0, 250, 250, 250, 250])


@pytest.mark.parametrize("rule", sorted(PRESETS))
def test_no_maps(rule):
    boxes, splits = sweep(np.zeros((0, 4, 4)), [0.1, 0.2], False, rule)
    assert boxes.shape == (0, 4)
    assert splits.tolist() == [0]


@pytest.mark.parametrize("rule", ["bas", "stnet"])
def test_rules_of_one_box_know_no_contours(rule):
    with pytest.raises(ValueError, match=f"{rule}.*one box per map"):
        sweep(np.zeros((1, 2, 2)), [0.1], True, rule)


@pytest.mark.parametrize(
    ("maps", "thresholds", "message"),
    [
        (np.zeros((2, 2)), [0.1], r"batch × height × width; got the shape \(2, 2\)"),
        (np.zeros((1, 0, 2)), [0.1], "batch × height × width"),
        (np.full((1, 2, 2), 1.01), [0.1], r"finite and in \[0, 1\]"),
        (np.full((1, 2, 2), np.nan), [0.1], r"finite and in \[0, 1\]"),
        (np.zeros((1, 2, 2)), [], "T >= 1"),
        (np.zeros((1, 2, 2)), 0.1, "T >= 1"),
        (np.zeros((1, 2, 2)), [[0.1], [0.2]], "1 maps × T"),
        (np.zeros((1, 2, 2)), [0.1, 1.5], "got 0.1 to 1.5"),
        (np.zeros((1, 2, 2)), [np.nan], "from 0 to 1.0"),
    ],
)
def test_wrong_arguments(maps, thresholds, message):
    with pytest.raises(ValueError, match=message):
        sweep(maps, thresholds, False)


def test_wrong_types_and_names():
    with pytest.raises(TypeError, match="floating point; got uint8"):
        sweep(np.zeros((1, 2, 2), np.uint8), [0.1], False)
    with pytest.raises(ValueError, match="height × width; got the shape"):
        from_map(np.zeros((1, 2, 2)), [0.1], False)
    with pytest.raises(ValueError, match="no box rule 'wsol'; expected one of wsoleval, adl"):
        from_map(np.zeros((2, 2)), [0.1], False, "wsol")
    with pytest.raises(ValueError, match="not negative"):
        from_map(np.full((2, 2), -1.0), [1.0], False, "stnet")
