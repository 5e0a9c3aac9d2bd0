import keras
import numpy as np
import pytest

from tfwsol import backbones
from tfwsol.backbones.model_error import ModelError

NARROW = 1 / 32


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return backbones.alexnet(5, width=NARROW)


def test_sizes_of_a_224_pixel_image(model):
    sizes = {name: tuple(t.shape[1:]) for name, t in backbones.endpoints(model).items()}
    assert sizes == {
        "conv1": (55, 55, 2),
        "pool1": (27, 27, 2),
        "conv2": (27, 27, 6),
        "pool2": (13, 13, 6),
        "conv3": (13, 13, 12),
        "conv4": (13, 13, 8),
        "conv5": (13, 13, 8),
        "pool5": (6, 6, 8),
        "fc6": (1, 1, 128),
    }
    assert model.output_shape == (None, 5)


def test_published_widths():
    channels = {"conv1": 64, "conv2": 192, "conv3": 384, "conv4": 256, "conv5": 256}
    trunk = backbones.alexnet(None)
    assert {name: trunk.get_layer(name).filters for name in channels} == channels
    assert trunk.count_params() == 2_469_696


@pytest.mark.parametrize(("sides", "averaged"), [((224, 224), False), ((64, 300), True)])
def test_an_average_only_where_the_map_is_not_six_by_six(sides, averaged):
    model = backbones.alexnet(5, (*sides, 3), width=NARROW)
    assert ("average" in [layer.name for layer in model.layers]) == averaged


@pytest.mark.parametrize("sides", [(64, 64), (64, 100), (100, 330)])
def test_the_average_of_small_and_large_maps_in_compiled_code(sides):
    keras.utils.set_random_seed(0)
    model = backbones.alexnet(5, (*sides, 3), width=NARROW)
    images = np.random.default_rng(0).normal(size=(2, *sides, 3)).astype("float32")
    before = keras.Model(model.input, model.get_layer("pool5").output)(images)
    height, width = before.shape[1:3]
    # Cell i of n has the rows from floor(i n / 6) to ceil((i + 1) n / 6), in PyTorch.
    rows = [slice(i * height // 6, -(-(i + 1) * height // 6)) for i in range(6)]
    columns = [slice(i * width // 6, -(-(i + 1) * width // 6)) for i in range(6)]
    cells = [[np.asarray(before)[:, r, c].mean((1, 2)) for c in columns] for r in rows]
    averaged = keras.Model(model.input, model.get_layer("fc6_dropout").output)
    found = averaged.predict(images, verbose=0)
    np.testing.assert_allclose(found, np.stack([np.stack(r, 1) for r in cells], 1), rtol=1e-5)


def test_dropout_before_each_hidden_dense_layer(model):
    drops = [x for x in model.layers if isinstance(x, keras.layers.Dropout)]
    drops = {layer.name: layer.rate for layer in drops}
    assert drops == {"fc6_dropout": 0.5, "fc7_dropout": 0.5}


def test_what_cannot_be_built():
    with pytest.raises(ValueError, match="known size"):
        backbones.alexnet(5, (None, None, 3), width=NARROW)
    with pytest.raises(ValueError, match="width above 0"):
        backbones.alexnet(5, width=0)
    with pytest.raises(ValueError, match="num_classes"):
        backbones.alexnet(0, width=NARROW)
    with pytest.raises(ValueError, match="dropout_rate"):
        backbones.alexnet(5, width=NARROW, dropout_rate=2)


def test_a_file_of_its_own_weights(model, tmp_path):
    path = tmp_path / "alexnet.weights.h5"
    model.save_weights(path)
    images = np.random.default_rng(0).normal(size=(1, 224, 224, 3)).astype("float32")
    again = backbones.alexnet(5, width=NARROW, weights=path)
    np.testing.assert_array_equal(again(images), model(images))
    other = backbones.alexnet(7, width=NARROW, weights=path)
    fc7 = [keras.Model(m.input, m.get_layer("fc7").output)(images) for m in (model, other)]
    np.testing.assert_array_equal(*fc7)
    trunk = backbones.alexnet(None, (None, None, 3), width=NARROW, weights=path)
    pool5 = keras.Model(model.input, backbones.endpoints(model)["pool5"])
    np.testing.assert_array_equal(trunk(images), pool5(images))
    with pytest.raises(ModelError, match="do not fit alexnet"):
        backbones.alexnet(5, width=2 * NARROW, weights=path)
