import keras
import numpy as np
import pytest

from tfwsol import backbones


@pytest.fixture(scope="module")
def model():
    return backbones.critter_net(seed=3)


def test_the_weights_are_those_of_the_specification(model):
    # Kernels, then gamma and beta of four normalisations, then the dense layer.
    kernels = 4 * 4 * 3 * 32 + 9 * (32 * 64 + 64 * 96 + 96 * 128)
    assert model.count_params() == (kernels + 4 * (32 + 64 + 96 + 128) + 129 * 10)


def test_the_last_map_has_stride_eight(model):
    assert model.get_layer("features").output.shape == (None, 12, 12, 128)
    assert model.output_shape == (None, 10)


def test_it_takes_raw_images_of_any_type(model):
    images = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), np.uint8)
    logits = model.predict(images, verbose=0)
    np.testing.assert_allclose(
        logits, model.predict(images.astype(np.float32), verbose=0), atol=1e-5
    )
    assert (logits < 0).any(), "logits, not probabilities"


def test_it_scales_by_itself(model):
    body = keras.Model(model.input, model.get_layer("rescaling").output)
    image = np.full((1, 96, 96, 3), 255.0 * 0.7, np.float32)
    np.testing.assert_allclose(body(image), 1.0, atol=1e-5)


def test_other_classes_and_sizes():
    model = backbones.build("critter_net", num_classes=3, input_shape=(64, 40, 1))
    assert model.get_layer("features").output.shape == (None, 8, 5, 128)
    assert model.output_shape == (None, 3)


def test_a_seed_fixes_the_weights(model):
    same, other = backbones.critter_net(seed=3), backbones.critter_net(seed=4)
    for a, b in zip(model.get_weights(), same.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (other.get_layer("conv4").kernel != model.get_layer("conv4").kernel).numpy().any()
    unseeded = backbones.critter_net().get_layer("conv1").kernel
    assert (unseeded != backbones.critter_net().get_layer("conv1").kernel).numpy().any()


def test_saved_and_loaded_it_is_the_same(model, tmp_path):
    images = np.random.default_rng(0).uniform(0, 255, (2, 96, 96, 3)).astype(np.float32)
    model.save(tmp_path / "net.keras")
    loaded = keras.saving.load_model(tmp_path / "net.keras")
    np.testing.assert_array_equal(loaded(images), model(images))


@pytest.mark.parametrize("options", [{"num_classes": 0}, {"input_shape": (96, 7, 3)}])
def test_impossible_sizes_are_refused(options):
    with pytest.raises(ValueError, match="at least one class and images of at least 8"):
        backbones.critter_net(**options)


def test_names_and_near_misses():
    assert "critter_net" in backbones.names()
    with pytest.raises(ValueError, match="'criter_net'; did you mean critter_net"):
        backbones.build("criter_net")
