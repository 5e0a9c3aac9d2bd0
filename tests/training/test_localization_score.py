import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol import training
from tfwsol.methods import CAM
from tfwsol.training.localization_score import LocalizationScore, OwnMaps

SIDE = 32


def squares(number=8):
    """A bright square on a dark ground, red for class 1 and green for class 0, and its box."""
    rng = np.random.default_rng(0)
    images = np.zeros((number, SIDE, SIDE, 3), np.uint8)
    boxes = np.zeros((number, 1, 4), np.float32)
    labels = np.arange(number) % 2
    for place, (x, y) in enumerate(rng.integers(2, 14, (number, 2))):
        images[place, y : y + 16, x : x + 16, 1 - labels[place]] = 255
        boxes[place] = x, y, x + 16, y + 16
    names = [f"square {place}" for place in range(number)]
    return tf.data.Dataset.from_tensor_slices(
        {"image": images, "label": labels, "boxes": boxes, "image_id": names}
    )


def classifier():
    """Sees red as class 1 and green as class 0, exactly where they are."""
    image = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(2, 1, use_bias=False, name="colours")(image)
    x = keras.layers.ReLU(name="map")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(image, keras.layers.Dense(2, use_bias=False, name="head")(x))
    model.get_layer("colours").set_weights([np.float32([[[[0, 1], [1, 0], [0, 0]]]]) / 255])
    model.get_layer("head").set_weights([np.eye(2, dtype=np.float32)])
    return model


@pytest.fixture
def score():
    return LocalizationScore(
        squares(), SIDE, batch_size=4, pictures=3, class_names=["green", "red"], step=0.05
    )


def test_a_classifier_that_looks_at_the_squares_gets_all_of_them(score):
    found = score(classifier())
    assert next(iter(found)) == "wsoleval MaxBoxAccV2"
    assert found["wsoleval MaxBoxAccV2"] == 100.0
    assert found["classification Top-1 Cls"] == 100.0
    pictures = found["maps"]
    assert pictures.shape == (3, SIDE, SIDE, 3)
    assert pictures.dtype == np.uint8
    colours = {tuple(pixel) for pixel in pictures.reshape(-1, 3)}
    assert (255, 212, 0) in colours, "the box that was found"


def test_the_true_box_is_drawn_too(score):
    """A classifier that looks everywhere finds another box than the true one."""
    model = classifier()
    model.get_layer("colours").set_weights([np.full((1, 1, 3, 2), 0.0, np.float32)])
    pixels = {tuple(pixel) for pixel in score(model)["maps"].reshape(-1, 3)}
    assert (0, 200, 83) in pixels


def test_it_knows_its_names_and_can_be_quiet(score, capsys):
    model = classifier()
    known = score.names(model)
    assert not capsys.readouterr().err
    assert [*known, "maps"] == list(score(model, quiet=True))
    assert not capsys.readouterr().err
    score(model)
    assert "scoring" in capsys.readouterr().err


def test_names_may_not_be_known_yet():
    """No image of the first batch has a box."""

    def without(place, example):
        return {**example, "boxes": example["boxes"][: 0 if place < 4 else 1]}

    late = squares().enumerate().map(without)
    late = late.apply(tf.data.experimental.assert_cardinality(8))
    found = LocalizationScore(late, SIDE, batch_size=4, pictures=0, step=0.05)
    assert found.names(classifier()) is None
    assert found(classifier())["wsoleval MaxBoxAccV2"] == 100.0


def test_nothing_is_traced_again_for_the_same_model(score):
    model = classifier()
    score(model)
    explained = score._explained(model)
    model.get_layer("head").set_weights([np.float32([[0, 1], [1, 0]])])
    assert score(model)["classification Top-1 Cls"] == 0.0, "it follows the weights"
    assert score._explained(model) is explained
    assert score._explained(classifier()) is not explained


class SelfMade:
    """What a localizer of `tfwsol.methods` offers."""

    def __init__(self, model):
        self._map = keras.Model(model.input, [model.output, model.get_layer("map").output])

    def seen(self, images):
        return self._map(images)

    def maps(self, features, class_ids):
        maps = tf.transpose(features, [0, 3, 1, 2])
        return tf.gather(maps, class_ids, axis=1, batch_dims=1)


def test_a_localizer_shows_its_own_maps():
    model = classifier()
    images = np.stack([e["image"] for e in squares(4).as_numpy_iterator()]).astype(np.float32)
    own = OwnMaps(SelfMade(model))
    seen = own.see(images)
    np.testing.assert_allclose(seen.logits, model(images))
    found = own.explain(seen, np.array([1, 0, 1, 0]))
    expected = CAM(model, "map").localize(images, np.array([1, 0, 1, 0]))
    np.testing.assert_allclose(found.maps, expected.maps, rtol=1e-6)
    assert found.image_size == (SIDE, SIDE)


def test_it_chooses_the_checkpoint_of_a_training(score, tmp_path):
    from tfwsol.data.views import Resize

    data = training.TrainingData.of(squares(), Resize(SIDE), flip=False)
    result = training.fit(
        classifier,
        data,
        run_dir=tmp_path,
        recipe=training.SGDRecipe(epochs=2, batch_size=4, learning_rate=training.CosineDecay(1e-6)),
        scores={"val": score},
        quiet=True,
    )
    assert result.metrics["chosen"] == "highest wsoleval MaxBoxAccV2 on val"
    assert result.metrics["best"]["val"]["wsoleval MaxBoxAccV2"] == 100.0
