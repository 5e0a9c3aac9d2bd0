import keras
import numpy as np
import pytest

from tfwsol.metrics import InsertionDeletion


def test_by_hand():
    metric = InsertionDeletion(points=3)
    metric.update_state([[0.0, 1.0, 1.0]], [[1.0, 0.5, 0.0]])
    # Trapezoids of width 1/2: (0 + 1) / 4 + (1 + 1) / 4.
    assert metric.result() == {"insertion": 0.75, "deletion": 0.5}
    metric.update_state(np.zeros((1, 3), np.float32), np.zeros((1, 3), np.float32))
    assert metric.result() == {"insertion": 0.375, "deletion": 0.25}
    np.testing.assert_array_equal(metric.curves()["insertion"], [0, 0.5, 0.5])
    assert metric.summary()["images"] == 2
    assert metric.summary()["points"] == 3


def test_the_area_is_the_trapezoids():
    curves = np.random.default_rng(0).random((2, 40, 225))
    metric = InsertionDeletion()
    metric.update_state(*curves)
    expected = ((curves[..., 1:] + curves[..., :-1]) / 2 / 224).sum(axis=-1).mean(axis=-1)
    np.testing.assert_allclose(list(metric.result().values()), expected, atol=1e-9)


def test_parts_merge_to_one_pass_exactly():
    curves = np.random.default_rng(0).random((2, 30, 11))
    whole, first, second = (InsertionDeletion(11, name=name) for name in "abc")
    whole.update_state(*curves)
    first.update_state(*curves[:, :13])
    second.update_state(*curves[:, 13:])
    assert first.merge([second]).summary() == whole.summary()


def test_saving():
    assert keras.metrics.deserialize(keras.metrics.serialize(InsertionDeletion(9))).points == 9


def test_bad_input_is_refused():
    metric = InsertionDeletion(3)
    with pytest.raises(ValueError, match=r"batch × 3 probabilities; got the shape \(1, 2\)"):
        metric.update_state([[0.0, 1.0]], [[0.0, 1.0]])
    with pytest.raises(ValueError, match="probabilities in"):
        metric.update_state([[0.0, 1.0, 2.0]], [[0.0, 1.0, 1.0]])
    with pytest.raises(ValueError, match="probabilities in"):
        metric.update_state([[0.0, 1.0, np.nan]], [[0.0, 1.0, 1.0]])
    with pytest.raises(ValueError, match="same images; got 1 and 2"):
        metric.update_state(np.zeros((1, 3)), np.zeros((2, 3)))
    with pytest.raises(ValueError, match="at least two points"):
        InsertionDeletion(1)
    with pytest.raises(RuntimeError, match="No image was counted"):
        metric.result()
