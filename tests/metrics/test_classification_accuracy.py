import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol.metrics import ClassificationAccuracy


@pytest.mark.parametrize("name", ["eval_ilsvrc", "eval_cub_multithr", "eval_cub_tencrop"])
def test_bas(golden, name):
    expected = golden(f"bas/{name}")
    metric = ClassificationAccuracy()
    metric.update_state(expected["label"], expected.get("tencrop_logits", expected["logits"]))
    top_1, top_5 = expected["cls_top1"], expected["cls_top5"]
    assert metric.result() == {"Top-1 Cls": top_1, "Top-5 Cls": top_5}


def test_by_hand():
    metric = ClassificationAccuracy((1, 2))
    scores = np.array([[3, 2, 1], [2, 2, 2], [2, 2, 2], [0, 5, 1]], np.float32)
    metric.update_state(np.array([0, 1, 2, 2]), scores)  # ranks 0, 1, 2, 1
    assert metric.result() == {"Top-1 Cls": 25.0, "Top-2 Cls": 75.0}
    assert metric.summary()["images"] == 4
    np.testing.assert_array_equal(metric.hits_of([0, 1], scores[:2]), [[True, True], [False, True]])
    assert metric.num_images == 4


def test_crops_vote_with_their_probabilities():
    # One crop is sure of class 0; two lean towards class 1, whose mean logit is lower.
    logits = np.array([[[9.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]]])
    metric = ClassificationAccuracy((1,))
    metric.update_state([0], logits)
    assert metric.result() == {"Top-1 Cls": 100.0}
    # Of class 0 1 + 0.21 · 2, of class 1 0 + 0.58 · 2; with a third such crop class 1 wins.
    metric.reset_state()
    metric.update_state([1], np.concatenate([logits, logits[:, 1:]], axis=1))
    assert metric.result() == {"Top-1 Cls": 100.0}


def test_tensors_and_saving():
    metric = keras.metrics.deserialize(keras.metrics.serialize(ClassificationAccuracy((3,))))
    metric.update_state(tf.constant([2]), tf.constant([[4.0, 3.0, 2.0, 1.0]]))
    assert metric.result() == {"Top-3 Cls": 100.0}


def test_bad_input_is_refused():
    metric = ClassificationAccuracy()
    with pytest.raises(ValueError, match=r"batch × classes .* got \(2, 3\) and \(1,\)"):
        metric.update_state([0], np.zeros((2, 3)))
    with pytest.raises(ValueError, match="classes from 0 to 2; got -1 to 3"):
        metric.update_state([3, -1], np.zeros((2, 3)))
    with pytest.raises(ValueError, match="Scores hold NaN"):
        metric.update_state([0], [[np.nan, 1.0]])
    with pytest.raises(ValueError, match="Labels are whole numbers"):
        metric.update_state([0.0], [[0.0, 1.0]])
    for wrong in ((), (0,)):
        with pytest.raises(ValueError, match="positive whole numbers"):
            ClassificationAccuracy(wrong)
    with pytest.raises(RuntimeError, match="No image was counted"):
        metric.result()
