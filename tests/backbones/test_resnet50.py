import keras
import numpy as np
import pytest

from tfwsol import backbones

PLAIN = 23_508_032


@pytest.fixture(scope="module")
def squeezed():
    return backbones.build("resnet50_se", num_classes=5, input_shape=(64, 64, 3))


def trainable(model):
    return sum(int(np.prod(v.shape)) for v in model.trainable_variables)


@pytest.mark.parametrize(("large", "side"), [(False, 14), (True, 28)])
def test_plain(large, side):
    model = backbones.build("resnet50", num_classes=5, large_feature_map=large)
    assert trainable(model) == PLAIN + 2049 * 5
    assert model.get_layer("layer2_3").output.shape == (None, 28, 28, 512)
    assert model.get_layer("layer3_0").output.shape == (None, side, side, 1024)
    assert model.get_layer("layer4_2").output.shape == (None, side, side, 2048)


def test_squeeze_and_excitation_adds_its_weights(squeezed):
    blocks = ((256, 3), (512, 4), (1024, 6), (2048, 3))
    added = sum(n * (2 * c * (c // 16) + c // 16 + c) for c, n in blocks)
    assert trainable(squeezed) == PLAIN + added + 2049 * 5
    assert squeezed.get_layer("layer4_2").output.shape == (None, 4, 4, 2048)


def test_a_fresh_block_lets_everything_through(squeezed):
    # The last normalisation of a block starts with a scale of zero.
    images = np.random.default_rng(0).normal(size=(2, 64, 64, 3)).astype("float32")
    maps = keras.Model(squeezed.input, backbones.endpoints(squeezed))(images)
    first, last = np.asarray(maps["layer4_0"]), np.asarray(maps["layer4_2"])
    assert first.any()
    np.testing.assert_array_equal(last, first)


def test_excitation_comes_before_the_sum(squeezed):
    node = squeezed.get_layer("layer3_2_sum")._inbound_nodes[0]
    sources = [tensor._keras_history.operation.name for tensor in node.input_tensors]
    assert sources == ["layer3_2_se", "layer3_1"]


def test_the_stride_is_on_the_middle_convolution(squeezed):
    strides = [squeezed.get_layer(f"layer2_0_conv{n}").strides for n in (1, 2, 3)]
    assert strides == [(1, 1), (2, 2), (1, 1)]


def test_the_two_paddings_see_other_pixels():
    # The first window of 7 × 7 begins three pixels before the image, or two.
    image = np.ones((1, 32, 32, 3), np.float32)
    sums = {}
    for padding in ("symmetric", "same"):
        model = backbones.resnet50(None, input_shape=(32, 32, 3), padding=padding)
        model.get_layer("conv1").kernel.assign(np.ones((7, 7, 3, 64)))
        stem = keras.Model(model.input, model.get_layer("conv1").output)
        sums[padding] = float(stem(image)[0, 0, 0, 0])
    assert sums == {"symmetric": 3 * 4 * 4, "same": 3 * 5 * 5}
    with pytest.raises(ValueError, match="'symmetric' or 'same', but 'valid' came"):
        backbones.resnet50(padding="valid")


def test_every_layer_has_weights_of_its_own():
    model = backbones.resnet50(None, input_shape=(32, 32, 3))
    kernels = [np.asarray(model.get_layer(f"layer3_{n}_conv2").kernel) for n in (1, 2)]
    assert (kernels[0] != kernels[1]).mean() > 0.99
