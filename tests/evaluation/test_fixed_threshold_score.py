import dataclasses

import numpy as np
import pytest

from tfwsol.evaluation.explainer_maps import TEN_CROP
from tfwsol.evaluation.fixed_threshold_score import FixedThresholdScore
from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.protocols import PROTOCOLS
from tfwsol.evaluation.score import ScoreOptions

SCORES = np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]], np.float32)


@pytest.fixture
def batch():
    """Two images of 256 × 256; their maps are 1 on a square of 100 pixels in the centre's view."""
    maps = np.zeros((2, 224, 224), np.float32)
    maps[:, 24:124, 44:144] = 1.0
    maps[:, 24:124, 44:194][maps[:, 24:124, 44:194] == 0] = 0.2
    return MapBatch(
        ("a", "b"),
        np.arange(2),
        np.array([0, 0]),
        np.full((2, 2), 256),
        {"m": {"centre": maps, "whole": maps}},
        # 16 pixels are cut off on every side.
        boxes=(np.array([[60.0, 40, 160, 140]]),) * 2,
        scores={"centre": SCORES, "whole": SCORES, TEN_CROP: np.stack([SCORES[::-1]] * 10, 1)},
    )


def score_of(name, batch, **options):
    given = ScoreOptions(**{"bootstrap": 0, "num_classes": 3, **options})
    score = FixedThresholdScore("m", PROTOCOLS[name], given)
    score.update(batch, batch.maps["m"]["centre"])
    return score


def values(score, chosen=None):
    return {row.metric: row.value for row in score.rows(chosen)}


def test_adl_by_hand(batch):
    score = score_of("adl", batch)
    # The second image is classified as 2.
    assert values(score) == {"GT-known": 100.0, "Top-1 Loc": 50.0}
    np.testing.assert_array_equal(score.per_class(), [100, np.nan, np.nan])


def test_bas_takes_ten_crops_where_there_are_some(batch):
    with_ten = values(score_of("bas", batch))
    single = dataclasses.replace(batch, scores={"centre": SCORES})
    assert with_ten == {"GT-known": 100.0, "Top-1 Loc": 50.0, "Top-5 Loc": 100.0}
    assert values(score_of("bas", single)) == with_ten
    # The crops swap the images, so the first is wrong now: only there.
    wrong_first = dataclasses.replace(batch, labels=np.array([0, 2]))
    assert values(score_of("bas", wrong_first))["Top-1 Loc"] == 0.0
    assert values(score_of("adl", wrong_first))["Top-1 Loc"] == 100.0


def test_without_scores_there_is_no_top_k(batch):
    bare = dataclasses.replace(batch, scores={})
    assert values(score_of("adl", bare, has_scores=False)) == {"GT-known": 100.0}


def test_the_predicted_class_has_no_top_5(batch):
    found = values(score_of("bas", batch, explain="predicted"))
    assert found == {"Loc of the predicted class": 100.0, "Top-1 Loc": 50.0}


def test_thresholds_of_a_sweep_and_given_ones(batch):
    score = score_of("bas", batch)
    assert score.chosen()["threshold"] in PROTOCOLS["bas"].thresholds
    # At 0.1 the whole wide plateau is foreground: 100 × 100 in 150 × 100 pixels is still 0.67.
    rows = score.rows({"threshold": 0.1})
    honest = [row for row in rows if row.choice == "best on the validation split"]
    assert [row.thresholds for row in honest] == [(0.1,)] * 3
    assert [row.choice for row in score_of("tscam", batch).rows({"threshold": 0.1})] == [
        "given"
    ] * 3
    box, overlap = score.shown_box(
        batch.only(np.array([True, False])), batch.maps["m"]["centre"][:1]
    )
    assert box.shape == (4,)
    assert overlap > 0.6
