import keras
import numpy as np
import pytest

from tfwsol import backbones, methods
from tfwsol.backbones.model_error import ModelError


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return backbones.squeezenet(4, input_shape=(None, None, 3))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(2, 64, 71, 3)).astype("float32")


@pytest.mark.parametrize(("version", "count"), [("1.0", 1_248_424), (1.1, 1_235_496)])
def test_the_published_number_of_weights(version, count):
    assert backbones.squeezenet(version=version).count_params() == count


@pytest.mark.parametrize(
    ("version", "side", "sizes"),
    [
        ("1.0", 227, (111, 55, 27, 13)),
        ("1.0", 224, (109, 54, 27, 13)),
        ("1.1", 224, (111, 55, 27, 13)),
    ],
)
def test_sizes(version, side, sizes):
    ends = backbones.endpoints(backbones.squeezenet(4, version, (side, side, 3)))
    pools = [tensor.shape[1] for name, tensor in ends.items() if name.startswith("pool")]
    assert (ends["conv1"].shape[1], *pools) == sizes
    assert ends["conv10"].shape == (None, 13, 13, 4)


def test_convolutions_stand_in_the_order_in_which_keras_files_count_them(model):
    fires = [
        f"fire{place}_{part}"
        for place in range(2, 10)
        for part in ("squeeze1x1", "expand1x1", "expand3x3")
    ]
    found = [layer.name for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert found == ["conv1", *fires, "conv10"]


def test_the_logits_are_the_means_of_maps_that_are_nowhere_negative(model, images):
    outputs = [backbones.endpoints(model)["conv10"], model.output]
    maps, logits = (np.asarray(y) for y in keras.Model(model.input, outputs)(images))
    assert maps.min() == 0
    np.testing.assert_allclose(logits, maps.mean((1, 2)), rtol=1e-5)


def test_a_class_activation_map_is_what_the_last_convolution_gives(model, images):
    maps = np.asarray(keras.Model(model.input, model.get_layer("conv10").output)(images))
    label = int(np.asarray(model(images))[0].argmax())
    found = np.asarray(methods.CAM(model).localize(images[:1], [label]).maps)
    np.testing.assert_allclose(found.squeeze(), maps[0, ..., label], rtol=1e-5)


def test_a_file_with_and_without_its_class_layer(model, images, tmp_path):
    path = tmp_path / "four.weights.h5"
    model.save_weights(path)
    again = backbones.squeezenet(4, input_shape=(64, 71, 3), weights=path)
    np.testing.assert_allclose(again(images), model(images), rtol=1e-5)
    fire9 = keras.Model(model.input, backbones.endpoints(model)["fire9"])(images)
    for classes in (None, 9):
        other = backbones.squeezenet(classes, input_shape=(64, 71, 3), weights=path)
        end = keras.Model(other.input, backbones.endpoints(other)["fire9"])
        np.testing.assert_allclose(end(images), fire9, rtol=1e-5)
    with pytest.raises(ModelError, match="do not fit squeezenet"):
        backbones.squeezenet(4, "1.1", weights=path)
    with pytest.raises(ModelError, match="no weights file"):
        backbones.squeezenet(4, weights=tmp_path / "none.weights.h5")


def test_what_cannot_be_built():
    with pytest.raises(ValueError, match="version to be one of"):
        backbones.squeezenet(version="2.0")
    with pytest.raises(ValueError, match="num_classes"):
        backbones.squeezenet(0)
