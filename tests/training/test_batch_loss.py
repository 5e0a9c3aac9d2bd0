import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol.training.batch_loss import batch_loss, number_of_classes

LOGITS = np.array([[1.0, 2.0, 0.0], [0.5, -1.0, 3.0]], np.float32)
LABELS = tf.constant([1, 0])
ONES = tf.ones(2)


def returning(make):
    image = keras.Input((3,))
    return keras.Model(image, make(keras.layers.Identity(name="same")(image)))


def cross_entropy(targets):
    shares = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    return -(targets * np.log(shares)).sum(axis=1)


@pytest.mark.parametrize(
    "make",
    [lambda x: x, lambda x: [x, 2 * x], lambda x: {"logits": x, "maps": 2 * x}],
    ids=["one", "list", "dict"],
)
def test_the_first_output_goes_into_the_cross_entropy(make):
    total, logits = batch_loss(returning(make), tf.constant(LOGITS), LABELS, ONES)
    np.testing.assert_allclose(total, cross_entropy(np.eye(3)[[1, 0]]).sum(), rtol=1e-6)
    np.testing.assert_array_equal(logits, LOGITS)


def test_smoothed_labels_and_weights():
    model = returning(lambda x: x)
    total, _ = batch_loss(model, tf.constant(LOGITS), LABELS, tf.constant([1.0, 0.0]), 0.3)
    targets = 0.7 * np.eye(3)[[1, 0]] + 0.1
    np.testing.assert_allclose(total, cross_entropy(targets)[0], rtol=1e-6)


def test_penalties_count_for_every_example():
    image = keras.Input((3,))
    x = keras.layers.ActivityRegularization(l2=0.5)(image)
    total, _ = batch_loss(keras.Model(image, x), tf.constant(LOGITS), LABELS, ONES)
    penalty = 0.5 * (LOGITS**2).sum() / 2  # Keras divides by the batch
    expected = cross_entropy(np.eye(3)[[1, 0]]).sum() + 2 * penalty
    np.testing.assert_allclose(total, expected, rtol=1e-6)


class OwnRule(keras.Model):
    """Gives what the test says, and keeps the labels that came."""

    def call(self, images):
        return images

    def __init__(self, loss):
        super().__init__()
        self.answer = lambda: tf.constant(loss)

    def training_loss(self, images, labels):
        self.came = np.array(labels)
        return self.answer(), images


class WeightedRule(OwnRule):
    def training_loss(self, images, labels, sample_weight=None):
        return tf.reduce_mean(self.answer() * sample_weight), images


@pytest.mark.parametrize(("loss", "total"), [([2.0, 3.0], 2.0), (4.0, 4.0)])
def test_a_rule_gives_losses_or_their_mean(loss, total):
    model = OwnRule(loss)
    found, logits = batch_loss(model, tf.constant(LOGITS), LABELS, tf.constant([1.0, 0.0]))
    assert float(found) == total
    np.testing.assert_array_equal(logits, LOGITS)
    np.testing.assert_array_equal(model.came, [1, 0])


@pytest.mark.parametrize(("weights", "total"), [([1.0, 1], 5.0), ([0, 1], 3.0), ([0, 0], 0.0)])
def test_a_rule_may_weigh_the_examples_itself(weights, total):
    weights = tf.constant(weights, tf.float32)
    found, _ = batch_loss(WeightedRule([2.0, 3.0]), tf.constant(LOGITS), LABELS, weights)
    assert float(found) == pytest.approx(total)


def test_a_rule_gets_smoothed_labels():
    model = OwnRule(1.0)
    batch_loss(model, tf.constant(LOGITS), LABELS, ONES, 0.3)
    np.testing.assert_allclose(model.came, [[0.1, 0.8, 0.1], [0.8, 0.1, 0.1]], rtol=1e-6)


def test_the_model_is_called_in_training():
    image = keras.Input((3,))
    model = keras.Model(image, keras.layers.Dropout(0.9, seed=1)(image))
    _, logits = batch_loss(model, tf.ones((2, 3)), LABELS, ONES)
    assert (logits.numpy() == 0).any()


def test_half_precision_is_raised_before_the_loss():
    image = keras.Input((3,))
    model = keras.Model(image, keras.layers.Identity(dtype="float16")(image))
    total, logits = batch_loss(model, tf.constant(LOGITS), LABELS, ONES)
    assert total.dtype == logits.dtype == tf.float32


def test_the_number_of_classes_is_the_width_of_the_first_output():
    for make in (lambda x: x, lambda x: [x, x[:, :2]], lambda x: {"z": x, "a": x[:, :2]}):
        assert number_of_classes(returning(make), tf.constant(LOGITS)) == 3
    assert number_of_classes(OwnRule(1.0), tf.constant(LOGITS)) == 3
