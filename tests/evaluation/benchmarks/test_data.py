import numpy as np
import pytest

from tfwsol.evaluation.benchmarks import SuiteOptions
from tfwsol.evaluation.benchmarks import data as suite
from tfwsol.evaluation.benchmarks.suites import SUITES


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(suite, "NUMBER", 5)


OPTIONS = SuiteOptions(image_size=(28, 28), batch_sizes=(2, 3))


@pytest.mark.usefixtures("few")
def test_every_case_goes_through_all_pictures():
    for group, size in zip(suite.data(OPTIONS), OPTIONS.batch_sizes, strict=True):
        assert group.batch_size == size
        assert group.subject == "5 JPEG files 500×375 to 28×28"
        for case in group.cases:
            assert case.run() == 5
        baselines = {case.name: case.baseline for case in group.cases}
        assert baselines == {
            "Pillow loop, test view": None,
            "JPEG files, test view": "Pillow loop, test view",
            "prepared records, test view": "Pillow loop, test view",
            "Pillow loop, training view": None,
            "JPEG files, training view": "Pillow loop, training view",
            "prepared records, training view": "Pillow loop, training view",
        }


def test_the_median_speed_is_remarked(monkeypatch):
    case = suite._timed("", lambda: iter([np.zeros((2, 1)), np.zeros((3, 1))]))
    times = iter([0.0, 0.05, 1.0, 1.02, 2.0, 2.01])
    monkeypatch.setattr(suite.time, "perf_counter", lambda: next(times))
    assert [case.run() for _ in range(3)] == [5, 5, 5]
    assert case.remark(np.array(5)) == "250 images/s"


@pytest.mark.usefixtures("few")
def test_the_plain_loop_does_the_same_work(tmp_path):
    files = suite.write_pictures(tmp_path, 5)
    one = suite._Suite(files, tmp_path, side=28, batch_size=5, seed=0)
    (plain,) = one._plain(training=False)
    examples = suite.tf.data.Dataset.from_tensor_slices([str(file) for file in files])
    examples = examples.map(lambda name: {"image": suite.tf.io.read_file(name)})
    (batch,) = suite.batches(examples, suite.Resize(28), 5)
    assert plain.dtype == np.float32
    # Pillow rounds; the pixels decoded are the same.
    np.testing.assert_allclose(batch["image"], plain, atol=1.01)
    (plain,) = one._plain(training=True)
    assert plain.shape == (5, 28, 28, 3)


def test_only_square_sizes():
    with pytest.raises(ValueError, match="square image size; got 24×32"):
        next(suite.data(SuiteOptions(image_size=(24, 32))))


def test_the_suite_is_known():
    assert SUITES["data"] is suite.data
