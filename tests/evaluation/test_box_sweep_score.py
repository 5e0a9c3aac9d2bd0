import numpy as np
import pytest

from tfwsol.evaluation.box_sweep_score import BoxSweepScore
from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.protocols import PROTOCOLS
from tfwsol.evaluation.score import ScoreOptions


def batch_of(maps, boxes, labels):
    return MapBatch(
        tuple(map(str, range(len(maps)))),
        np.arange(len(maps)),
        np.array(labels),
        np.full((len(maps), 2), 448),
        {"m": {"whole": maps}},
        boxes=tuple(np.array(b, float) for b in boxes),
    )


@pytest.fixture
def nested():
    """A plateau of one half on 100 × 100 pixels and, in its corner, of one on 50 × 50."""
    maps = np.zeros((1, 224, 224))
    maps[0, 20:120, 40:140] = 0.5
    maps[0, 20:70, 40:90] = 1.0
    return maps


@pytest.fixture
def score(nested):
    options = ScoreOptions(step=0.1, bootstrap=0, num_classes=4)
    score = BoxSweepScore("m", PROTOCOLS["wsoleval"], options)
    # Images of twice the size: the small plateau, the large one, and a corner that nothing meets.
    boxes = [[[80, 40, 180, 140]], [[80, 40, 280, 240]], [[440, 440, 447, 447]]]
    score.update(batch_of(nested.repeat(3, axis=0), boxes, [2, 2, 0]), nested.repeat(3, axis=0))
    return score


def test_by_hand(score):
    rows = {row.metric: row for row in score.rows()}
    # The large plateau is met below 0.5, the small one from there on: never both by 70 %.
    assert rows["MaxBoxAccV2@70"].value == pytest.approx(100 / 3)
    assert rows["MaxBoxAccV2@70"].thresholds == (0.0,)
    assert rows["MaxBoxAccV2"].main
    assert [row.main for row in score.rows()] == [False, False, False, True]
    # At the best threshold of 50 %: one image of class 2 is right, the other not.
    np.testing.assert_array_equal(score.per_class(), [0, np.nan, 50, np.nan])
    assert score.class_images.tolist() == [1, 0, 2, 0]


def test_numbers_at_thresholds_from_elsewhere(score):
    rows = score.rows({"30": 0.5, "50": 0.9, "70": 0.0})
    honest = {row.metric: row for row in rows if row.choice == "best on the validation split"}
    assert honest["MaxBoxAccV2@50"].thresholds == (0.9,)
    assert honest["MaxBoxAccV2@50"].value == pytest.approx(100 / 3)
    assert not any(row.main for row in honest.values())


def test_the_box_shown_is_the_one_that_counts(score, nested):
    box, overlap = score.shown_box(batch_of(nested, [[[80, 40, 280, 240]]], [2]), nested)
    np.testing.assert_array_equal(box, [40, 20, 140, 120])
    assert overlap == 1.0


def test_curves_are_one_per_level(score):
    curves = score.curves()
    assert [curve.name for curve in curves] == ["IoU 30 %", "IoU 50 %", "IoU 70 %"]
    np.testing.assert_allclose(curves[2].y, [100 / 3] * 10)
