import keras
import numpy as np
import pytest

from tfwsol import backbones
from tfwsol.checkpoints import CheckpointError
from tfwsol.methods import build

SHAPE = (32, 32, 3)


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).uniform(0, 255, (2, *SHAPE)).astype("float32")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A CAM whose weights are all its own, and its file."""
    path = tmp_path_factory.mktemp("weights") / "cam.keras"
    keras.utils.set_random_seed(3)
    model = build("cam", "critter_net", 4, input_shape=SHAPE)
    rng = np.random.default_rng(0)
    for variable in model.variables:
        variable.assign(variable + 0.1 * rng.uniform(size=variable.shape))
    model.save(path)
    return model, path


def test_another_method_goes_on_from_a_file(trained, images):
    model, path = trained
    adl = build("adl", "critter_net", 4, input_shape=SHAPE, weights=path)
    assert np.allclose(adl(images), model(images), atol=1e-5)
    for method in ("acol", "spg"):
        other = build(method, "critter_net", 4, input_shape=SHAPE, weights=str(path))
        found = other.network.get_layer("features").output
        wanted = model.network.get_layer("features").output
        found = keras.Model(other.network.inputs[0], found)(images)
        wanted = keras.Model(model.network.inputs[0], wanted)(images)
        assert np.allclose(found, wanted, atol=1e-5)


def test_a_head_for_other_classes_stays_new(trained):
    model, path = trained
    other = build("cam", "critter_net", 5, input_shape=SHAPE, weights=path)
    assert other.output_shape == (None, 5)
    kernels = [m.network.get_layer("conv2").kernel for m in (model, other)]
    assert np.array_equal(*kernels)


def test_the_heads_of_acol_are_not_those_of_others(tmp_path):
    image = keras.Input((8, 8, 3))
    trunk = keras.Model(image, keras.layers.Conv2D(4, 3, name="conv")(image))
    build("acol", trunk, 3).save(tmp_path / "acol.keras")
    fresh = build("spg", trunk, 3, guides=("conv", "conv"), weights=tmp_path / "acol.keras")
    spread = float(np.std(fresh.network.get_layer("head").classifier.kernel))
    assert spread > 0
    source = keras.saving.load_model(tmp_path / "acol.keras")
    kernel = source.network.get_layer("acol_a_head").classifier.kernel
    assert not np.array_equal(kernel, fresh.network.get_layer("head").classifier.kernel)


def test_a_file_of_another_backbone(trained):
    _, path = trained
    image = keras.Input((8, 8, 3))
    other = keras.Model(image, keras.layers.Conv2D(4, 3, name="conv_1")(image), name="own")
    sentence = r"cam\.keras' has no fitting weights for 2 variables .* 'own', 'conv_1/kernel' first"
    with pytest.raises(ValueError, match=sentence):
        build("cam", other, 4, weights=path)


def test_a_tensorpack_file(tmp_path):
    rng, shape = np.random.default_rng(0), (32, 32, 3)
    trunk = backbones.vgg16(None, input_shape=shape)
    arrays = {}
    for weight in backbones.file_weights(trunk, "tensorpack"):
        arrays[weight.name] = 0.05 * rng.normal(size=weight.variable.shape).astype("float32")
        weight.variable.assign(arrays[weight.name])
    np.savez(tmp_path / "vgg16.npz", **arrays)
    images = rng.normal(size=(2, *shape)).astype("float32")
    model = build("adl", "vgg16", 3, input_shape=shape, weights=tmp_path / "vgg16.npz")
    last = backbones.endpoints(model.network)["conv5_3"]
    found = keras.Model(model.network.inputs[0], last)
    assert np.allclose(found(images), trunk(images), rtol=1e-4, atol=1e-4)


def test_files_that_are_none(tmp_path):
    with pytest.raises(CheckpointError, match=r"nothing\.pth"):
        build("cam", "vgg16", 3, input_shape=SHAPE, weights=tmp_path / "nothing.pth")
    with pytest.raises(ValueError, match=r"nothing\.keras"):
        build("cam", "critter_net", 3, weights=tmp_path / "nothing.keras")
    (tmp_path / "text.keras").write_text("no archive")
    with pytest.raises(ValueError, match=r"text\.keras is no Keras model that can be loaded \("):
        build("cam", "critter_net", 3, weights=tmp_path / "text.keras")
