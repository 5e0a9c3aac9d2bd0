import keras
import numpy as np
import pytest

from tfwsol.layers import self_produced_guidance_loss
from tfwsol.methods import build

CLASSES = 3


def trunk():
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3), name="image")
    x = keras.layers.Conv2D(4, 3, 2, activation="relu", name="one")(image)
    x = keras.layers.Conv2D(6, 3, activation="relu", name="two")(x)
    return keras.Model(image, keras.layers.Conv2D(8, 3, name="three")(x), name="own")


def test_the_guidance_is_that_of_the_branches():
    model = build("spg", trunk(), CLASSES, guides=("one", "two"), guidance_size=(40, 50))
    images = np.random.default_rng(0).normal(size=(4, 16, 16, 3)).astype("float32")
    labels = np.array([0, 1, 2, 0])
    terms, _ = model.loss_terms(images, labels)
    outputs = model.network(images)
    parts = [outputs[name] for name in ("class_maps", "b1", "b2", "c")]
    wanted = self_produced_guidance_loss(
        parts[0], labels, *parts[1:], model.thresholds, size=(40, 50)
    )
    assert float(terms["guidance"]) == pytest.approx(float(wanted), rel=1e-5)
    assert [part.shape[1] for part in parts] == [3, 7, 5, 3]


def test_the_branches_of_b_share_their_last_layers():
    model = build("spg", trunk(), CLASSES, guides=("one", "two"))
    shared = model.network.get_layer("spg_b_shared")
    assert shared.filters == model.network.get_layer("spg_b1").filters == 6
    assert sum(v.path.startswith("spg_b_shared") for v in model.trainable_variables) == 2


def test_settings_are_kept(tmp_path):
    thresholds = ((0.6, 0.1), (0.5, 0.2), (0.8, 0.3))
    options = {"thresholds": thresholds, "guidance_size": (32, 48), "guides": ("one", "two")}
    build("spg", trunk(), CLASSES, **options).save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (loaded.thresholds, loaded.guidance_size) == (thresholds, (32, 48))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"thresholds": ((0.7, 0.1),)}, "three pairs"),
        ({"thresholds": ((0.7, 0.1), (0.7, 0.1), (1.2, 0.1))}, "between 0 and 1"),
        ({"thresholds": 0.7}, "three pairs"),
        ({"guidance_size": (0, 3)}, "at least 1"),
        ({"guidance_size": 224}, r"\(height, width\), but 224 came"),
        ({"width": 0}, "width to be a whole number of at least 1"),
        ({"guides": None}, r"No SPG guides are published for backbone 'own'; .*\('one', 'two'\)"),
        ({"guides": ("one", "twoo")}, "it has .*'one', 'two'"),
        ({"guides": ("one",)}, "Expected two guides"),
    ],
)
def test_wrong_settings(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        build("spg", trunk(), CLASSES, **{"guides": ("one", "two"), **options})
