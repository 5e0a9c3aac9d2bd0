import keras
import numpy as np
import pytest

from tfwsol.methods import build

CLASSES = 3


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    image = keras.Input((12, 12, 3))
    trunk = keras.Model(image, keras.layers.Conv2D(4, 3, activation="relu")(image))
    return build("acol", trunk, CLASSES, threshold=0.6)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(2, 12, 12, 3)).astype("float32")


def normalised(maps):
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    return (maps - low) / (high - low)


def test_the_width_is_that_of_the_features(model):
    layers = (model.network.get_layer("acol_a_conv1"), model.second.get_layer("acol_b_conv2"))
    assert [layer.filters for layer in layers] == [4, 4]


def test_each_class_erases_the_features_for_itself(model, images):
    outputs = model.network(images)
    first, features = (np.asarray(outputs[name]) for name in ("class_maps", "features"))
    result = model.localize(images, [[0, 1, 2], [2, 2, 0]])
    maps, ids = np.asarray(result.maps), np.asarray(result.class_ids)
    for n in range(2):
        for place, label in enumerate(ids[n]):
            found = normalised(first[n : n + 1, :, :, label : label + 1])
            left = features[n : n + 1] * (found < 0.6)
            _, second = model.second(left)
            second = normalised(np.asarray(second)[..., label : label + 1])
            wanted = np.maximum(found, second)[0, :, :, 0]
            assert np.allclose(maps[n, place], wanted, atol=1e-5)
    assert np.allclose(maps[1, 0], maps[1, 1])
    assert not np.allclose(maps[0, 0], maps[0, 1])


def test_the_threshold_is_kept(model, images, tmp_path):
    model.save(tmp_path / "model.keras")
    for one in (keras.saving.load_model(tmp_path / "model.keras"), model.inference_model()):
        assert one.threshold == one.erase.threshold == 0.6
        assert np.allclose(one.localize(images, 1).maps, model.localize(images, 1).maps, atol=1e-6)


def test_the_second_branch_reads_no_label_from_soft_ones(model, images):
    hard, _ = model.loss_terms(images, np.array([0, 2]))
    soft, _ = model.loss_terms(images, np.eye(3, dtype="float32")[[0, 2]])
    assert float(hard["classification_b"]) == pytest.approx(float(soft["classification_b"]))


def test_wrong_settings():
    image = keras.Input((4, 4, 3))
    trunk = keras.Model(image, keras.layers.Conv2D(4, 3)(image))
    with pytest.raises(ValueError, match="threshold to be a number between 0 and 1"):
        build("acol", trunk, 3, threshold=1.5)
    with pytest.raises(ValueError, match="width to be a whole number of at least 1"):
        build("acol", trunk, 3, width=0)
