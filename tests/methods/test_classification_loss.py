import keras
import numpy as np
import pytest

from tfwsol.methods.classification_loss import checked_labels, cross_entropy, label_ids, mean_loss

LOGITS = np.log(np.array([[1, 2, 1], [6, 1, 1]], "float32"))


def test_cross_entropy_by_hand():
    assert np.allclose(cross_entropy(np.array([1, 0]), LOGITS), [np.log(2), np.log(8 / 6)])
    soft = np.array([[0, 1, 0], [0.5, 0.5, 0]])
    wanted = [np.log(2), 0.5 * np.log(8 / 6) + 0.5 * np.log(8)]
    assert np.allclose(cross_entropy(soft, LOGITS.astype("float16")), wanted, atol=1e-2)


def test_the_mean_counts_samples_not_weights():
    labels, weights = np.array([1, 0]), np.array([[3.0], [0.0]])
    assert float(mean_loss(None)(labels, LOGITS)) == pytest.approx(
        (np.log(2) + np.log(8 / 6)) / 2, rel=1e-6
    )
    assert float(mean_loss(None, weights)(labels, LOGITS)) == pytest.approx(1.5 * np.log(2))


@pytest.mark.parametrize(
    "loss",
    [
        keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="sum"),
        lambda y, z: keras.losses.sparse_categorical_crossentropy(y, z, from_logits=True),
    ],
)
def test_losses_of_keras(loss):
    labels = np.array([1, 2])
    found = mean_loss(loss, np.array([1, 2]))(labels, LOGITS)
    assert float(found) == pytest.approx((np.log(2) + 2 * np.log(8)) / 2, rel=1e-6)


def test_names_of_keras():
    soft, probabilities = np.eye(3, dtype="float32")[:2], np.full((2, 3), 1 / 3, "float32")
    found = mean_loss("categorical_crossentropy")(soft, probabilities)
    assert float(found) == pytest.approx(np.log(3), rel=1e-5)


def test_labels():
    assert checked_labels([[1], [2]], 3).shape == (2,)
    assert checked_labels(np.ones((2, 1)), 1).shape == (2, 1)
    assert list(np.asarray(label_ids(checked_labels([[0, 0.4, 0.6], [1, 0, 0]], 3)))) == [2, 0]
    for wrong in (np.ones((2, 2)), np.ones((2, 3, 1)), np.float32(1)):
        with pytest.raises(ValueError, match="Expected labels of shape batch, or batch × 3"):
            checked_labels(wrong, 3)
