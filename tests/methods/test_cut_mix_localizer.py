import keras
import numpy as np
import pytest

from tfwsol.layers import CutMix
from tfwsol.methods import CutMixLocalizer, build

CLASSES = 3


class NotedCutMix(CutMix):
    """Keeps what it gave."""

    given = None

    def call(self, images, labels, training=None):
        self.given = super().call(images, labels, training=training)
        return self.given


def network():
    image = keras.Input((8, 8, 3))
    maps = keras.layers.Conv2D(4, 3, activation="relu")(image)
    return build("cam", keras.Model(image, maps), CLASSES).network


def test_the_loss_is_that_of_mixed_images_and_mixed_labels():
    rng = np.random.default_rng(0)
    images = rng.normal(size=(6, 8, 8, 3)).astype("float32")
    labels = np.arange(6) % CLASSES
    model = CutMixLocalizer(network(), NotedCutMix(num_classes=CLASSES, seed=3))
    for _ in range(5):
        terms, logits = model.loss_terms(images, labels)
        mixed, targets = (np.asarray(array) for array in model.mix.given)
        assert np.allclose(logits, model(mixed), atol=1e-5)
        wanted = -(targets * np.asarray(keras.ops.log_softmax(logits))).sum(-1).mean()
        assert float(terms["classification"]) == pytest.approx(wanted, rel=1e-4)
    assert not np.array_equal(mixed, images)


def test_nothing_is_mixed_where_nothing_is_trained():
    model = CutMixLocalizer(network(), NotedCutMix(num_classes=CLASSES))
    images = np.ones((2, 8, 8, 3), "float32")
    model.training_loss(images, np.array([0, 1]), training=False)
    model.localize(images)
    assert model.mix.given is None


def test_options_reach_the_layer():
    image = keras.Input((8, 8, 3))
    trunk = keras.Model(image, keras.layers.Conv2D(4, 3)(image))
    model = build("cutmix", trunk, CLASSES, beta=2.0, probability=0.25, seed=7)
    assert (model.mix.beta, model.mix.probability, model.mix.seed) == (2.0, 0.25, 7)
    with pytest.raises(ValueError, match="positive finite beta"):
        build("cutmix", trunk, CLASSES, beta=0)


def test_a_loss_that_cannot_take_mixed_labels():
    model = CutMixLocalizer(network(), CutMix(num_classes=CLASSES))
    model.compile("sgd", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    with pytest.raises(ValueError, match="SparseCategoricalCrossentropy cannot take"):
        model.training_loss(np.ones((2, 8, 8, 3), "float32"), np.array([0, 1]))
