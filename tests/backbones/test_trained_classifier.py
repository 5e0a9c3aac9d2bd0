"""Classifiers by name and by file, and one sentence for everything that can be wrong."""

import keras
import numpy as np
import pytest
from keras import layers

from tfwsol.backbones import weight_download
from tfwsol.backbones.trained_classifier import ModelError, load_classifier

SMALL = {"alpha": 0.35, "input_shape": (32, 32, 3), "classes": 7}


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNetV2(weights=None, **SMALL)
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    model.save_weights(path)
    return model, path


@pytest.fixture
def own_model(tmp_path):
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 20, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(image))
    model = keras.Model(image, layers.Dense(3)(x))
    model.save(tmp_path / "own.keras")
    return tmp_path / "own.keras"


def test_weights_from_a_file(small):
    model, path = small
    found = load_classifier("mobilenet_v2", str(path), options=SMALL)
    images = np.random.default_rng(0).uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    np.testing.assert_allclose(found.model(images), model(images), atol=1e-6)
    assert found.image_size == (32, 32)
    assert found.class_names is None
    np.testing.assert_allclose(found.preprocess(images), images / 127.5 - 1, atol=1e-5)


def test_preprocessing_leaves_the_callers_images_alone(small):
    found = load_classifier("MobileNetV2", str(small[1]), options=SMALL)
    images = np.full((1, 32, 32, 3), 200, np.float32)
    found.preprocess(images)
    assert (images == 200).all()


def test_imagenet_names_for_a_thousand_classes(tmp_path):
    options = {"alpha": 0.35, "input_shape": (32, 32, 3)}
    keras.applications.MobileNetV2(weights=None, **options).save_weights(tmp_path / "a.weights.h5")
    found = load_classifier("MobileNetV2", str(tmp_path / "a.weights.h5"), options=options)
    assert found.class_names[0] == "tench"


def test_keras_file_is_not_scaled(own_model):
    found = load_classifier(str(own_model))
    assert found.preprocess_name == "none"
    assert found.image_size == (16, 20)
    images = np.full((1, 16, 20, 3), 7.0, np.float32)
    np.testing.assert_array_equal(found.preprocess(images), images)


def test_preprocess_by_name(own_model):
    images = np.zeros((1, 2, 2, 3), np.float32)
    scaled = load_classifier(str(own_model), preprocess="caffe").preprocess(images)
    np.testing.assert_allclose(scaled[0, 0, 0], [-103.939, -116.779, -123.68], rtol=1e-6)


def test_class_names_from_a_file(own_model, tmp_path):
    (tmp_path / "names.txt").write_text("ant\nbee\ncrab\n")
    found = load_classifier(str(own_model), class_names=tmp_path / "names.txt")
    assert list(found.class_names) == ["ant", "bee", "crab"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"model": "MobileNetV4"}, "near are"),
        ({"model": "no.keras"}, "no model file"),
        ({"model": "ResNet50", "weights": "no.h5"}, "no weights file"),
        ({"model": "MobileNetV2", "preprocess": "pytorch"}, "one of"),
    ],
)
def test_what_does_not_exist(arguments, words):
    with pytest.raises(ModelError, match=words):
        load_classifier(**arguments)


def test_weights_that_do_not_fit(small):
    with pytest.raises(ModelError, match="do not fit MobileNetV2"):
        load_classifier("MobileNetV2", str(small[1]), options={**SMALL, "classes": 8})
    with pytest.raises(ModelError, match="do not fit MobileNet"):
        load_classifier("MobileNet", str(small[1]), options={"input_shape": (32, 32, 3)})


def test_files_that_hold_something_else(tmp_path, own_model):
    other = tmp_path / "other.keras"
    other.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_classifier(str(other))
    with pytest.raises(ModelError, match="do not fit"):
        load_classifier("MobileNetV2", str(other), options=SMALL)
    with pytest.raises(ModelError, match="cannot be read"):
        load_classifier(str(own_model), class_names=tmp_path / "none.txt")
    (tmp_path / "two.txt").write_text("ant\nbee\n")
    with pytest.raises(ModelError, match="holds 2 lines"):
        load_classifier(str(own_model), class_names=tmp_path / "two.txt")


def test_wrong_image_size(own_model):
    with pytest.raises(ModelError, match="16 × 20"):
        load_classifier(str(own_model), image_size=(32, 32))


def test_a_download_without_network_fails_at_once(monkeypatch, tmp_path):
    monkeypatch.setattr(weight_download, "answers", lambda url: False)

    def build():
        return keras.utils.get_file("w.h5", "https://example.org/w.h5", cache_dir=tmp_path)

    with pytest.raises(weight_download.DownloadError, match="there is no network"):
        weight_download.with_downloads(build)


def test_other_errors_of_building_stay_what_they_are(monkeypatch):
    monkeypatch.setattr(weight_download, "answers", lambda url: False)
    with pytest.raises(ModelError, match="cannot be built"):
        load_classifier("MobileNetV2", options={"input_shape": (8, 8, 3)})


def test_silence_is_no_answer():
    assert not weight_download.answers("http://127.0.0.1:9/", seconds=2)
