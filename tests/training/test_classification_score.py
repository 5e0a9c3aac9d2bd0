import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol.training.classification_score import ClassificationScore

LOGITS = np.array([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0]], np.float32)
LABELS = np.array([0, 1, 1])


def batches():
    return tf.data.Dataset.from_tensor_slices((LOGITS, LABELS)).batch(2)


def model():
    image = keras.Input((2,))
    same = keras.layers.Dropout(0.5)(keras.layers.Identity()(image))
    return keras.Model(image, [same, same[:, :1]])


def test_accuracy_and_loss_are_means_over_all_images():
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    found = ClassificationScore(batches())(model())
    assert found["accuracy"] == pytest.approx(200 / 3)
    assert list(found) == ClassificationScore(batches()).names(model())
    assert found["loss"] == pytest.approx(-np.log(shares[[0, 1, 2], LABELS]).mean(), rel=1e-6)


def test_another_model_is_another_question():
    score = ClassificationScore(batches())
    first = model()
    assert score(first) == score(first)
    image = keras.Input((2,))
    turned = keras.Model(image, keras.layers.Rescaling(-1.0)(image))
    assert score(turned)["accuracy"] == pytest.approx(100 / 3)


def test_no_images_are_one_sentence():
    with pytest.raises(ValueError, match="no held-out images"):
        ClassificationScore(batches().take(0))(model())
