import numpy as np
import pytest

from tfwsol.evaluation.demo_report_comparison import difference, verdict
from tfwsol.evaluation.demo_report_result import DemoResult
from tfwsol.evaluation.map_diagnostics import Diagnosis
from tfwsol.metrics import MaxBoxAcc


def right_in(images, total=400):
    """Hits at two levels and three thresholds: the first `images` at the middle threshold."""
    hits = np.zeros((total, 2, 3), bool)
    hits[:images, :, 1] = True
    return hits


def result_of(**images):
    scores = {}
    for name, count in images.items():
        name = {"gaussian": "centred Gaussian"}.get(name, name)
        numbers = {"MaxBoxAccV2": 100 * count / 400}
        scores[name] = Diagnosis(numbers, right_in(count), np.zeros(400))
    return DemoResult({}, scores, {}, None, (), 1, "none")


def test_difference_of_the_metric_itself():
    rng = np.random.default_rng(0)
    first, second = rng.random((50, 3, 7)) < 0.4, rng.random((50, 3, 7)) < 0.3
    values = []
    for hits in (first, second):
        metric = MaxBoxAcc(step=1 / 7)
        metric.count(hits)
        values.append(metric.result()["MaxBoxAcc"])
    found = difference(first, second)
    assert found.points == pytest.approx(values[0] - values[1], abs=1e-4)
    assert found.low < found.points < found.high


def test_width_is_that_of_paired_shares():
    # 40 of 400 images differ: the standard error is √0.1 · √0.9 / √400 = 1.5 points.
    found = difference(right_in(200), right_in(160))
    assert found.points == pytest.approx(10.0, abs=1e-4)
    assert found.high - found.low == pytest.approx(2 * 1.96 * 1.5, rel=0.15)
    assert found.sign == 1
    assert difference(right_in(160), right_in(200)).sign == -1
    assert difference(right_in(160), right_in(162)).sign == 0


def test_equal_methods_do_not_differ():
    found = difference(right_in(100), right_in(100))
    assert (found.points, found.low, found.high, found.sign) == (0.0, 0.0, 0.0, 0)


@pytest.mark.parametrize(
    ("adl", "cam", "gaussian", "words"),
    [
        (200, 160, 300, ["ADL beat CAM, 50.0 against 40.0 %", "neither beat", "gets 75.0 %"]),
        (160, 200, 100, ["ADL did not beat CAM but fell behind it, 40.0", "both beat"]),
        (201, 200, 150, ["ADL and CAM cannot be told apart", "both beat"]),
        (300, 100, 200, ["ADL beat CAM", "only ADL beat"]),
        (100, 300, 200, ["did not beat", "only CAM beat"]),
        (200, 201, 202, ["cannot be told apart", "neither beat"]),
    ],
)
def test_the_verdict_follows_the_numbers(adl, cam, gaussian, words):
    sentence = verdict(result_of(ADL=adl, CAM=cam, gaussian=gaussian))
    for part in words:
        assert part in sentence
    assert sentence.count(". ") == 0
