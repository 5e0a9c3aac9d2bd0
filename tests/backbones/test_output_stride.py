import keras
import numpy as np
import pytest
from keras import layers

from tfwsol.backbones.output_stride import with_output_stride


def lively(model, seed=0):
    """The model with random weights whose maps differ from cell to cell."""
    draws = np.random.default_rng(seed)
    for weight in model.weights:
        scale = np.sqrt(2 / np.prod(weight.shape[:-1])) if len(weight.shape) > 1 else 0.1
        weight.assign(draws.normal(0.9 if "variance" in weight.name else 0, scale, weight.shape))
    return model


def images(*shape):
    return np.random.default_rng(1).uniform(-1, 1, shape).astype("float32")


def output_of(model, layer, inputs):
    return np.asarray(keras.Model(model.input, model.get_layer(layer).output)(inputs))


def network(*steps):
    model = keras.Sequential([keras.Input((None, None, 2)), *steps])
    return keras.Model(model.inputs[0], model.outputs[0])


def test_a_stride_that_stays_changes_nothing():
    model = lively(network(layers.Conv2D(3, 3, strides=2, padding="same", name="a")))
    same = with_output_stride(model, 2)
    np.testing.assert_array_equal(same(images(1, 8, 8, 2)), model(images(1, 8, 8, 2)))
    assert same is not model


def test_the_old_cells_lie_among_the_new_ones():
    # PyTorch's border is symmetric: old cell i is new cell 2 i. Keras' comes behind: 2 i + 1.
    for border, offset in ((1, 0), (((0, 1), (0, 1)), 1)):
        model = network(
            layers.ZeroPadding2D(border, name="border"),
            layers.DepthwiseConv2D(3, strides=2, name="a"),
        )
        lively(model)
        fine = with_output_stride(model, 1)
        coarse, found = model(images(1, 8, 8, 2)), fine(images(1, 8, 8, 2))
        assert found.shape == (1, 8, 8, 2)
        np.testing.assert_allclose(found[:, offset::2, offset::2], coarse, atol=1e-6)


def test_only_strides_beyond_the_wanted_one_change():
    convolution = {"padding": "same", "strides": 2}
    model = network(*(layers.Conv2D(2, 3, name=n, **convolution) for n in "abc"))
    fine = with_output_stride(model, 4)
    assert [layer.strides[0] for layer in fine.layers[1:]] == [2, 2, 1]
    assert [layer.strides[0] for layer in model.layers[1:]] == [2, 2, 2]


def test_pools():
    model = network(
        layers.MaxPooling2D(2, name="small"), layers.AveragePooling2D(3, 2, name="wide")
    )
    inputs = images(1, 8, 8, 2)
    fine = with_output_stride(model, 1)
    np.testing.assert_array_equal(output_of(fine, "small", inputs), inputs)
    wide = output_of(fine, "wide", inputs)
    assert wide.shape == inputs.shape
    np.testing.assert_allclose(wide[0, 3, 3], inputs[0, 2:5, 2:5].mean((0, 1)), rtol=1e-5)


def test_branches_change_together():
    image = keras.Input((16, 16, 2))
    a = layers.Conv2D(2, 1, strides=2, name="shortcut")(image)
    b = layers.Conv2D(2, 3, strides=2, padding="same", name="way")(image)
    model = keras.Model(image, layers.Add()([a, b]))
    assert with_output_stride(model, 1).output_shape == (None, 16, 16, 2)


def test_impossible_strides_are_refused():
    model = network(layers.Conv2D(2, 3, strides=4, name="a"), layers.MaxPooling2D(2))
    with pytest.raises(ValueError, match="stride of 4 pixels, but not of 5"):
        with_output_stride(model, 5)
    with pytest.raises(ValueError, match="stride of 8 pixels, but not of 16"):
        with_output_stride(model, 16)


def test_layers_that_cannot_change_are_refused():
    nested = keras.Sequential([keras.Input((16, 16, 2)), layers.MaxPooling2D(2)], name="inner")
    with pytest.raises(ValueError, match="nested model 'inner'"):
        with_output_stride(network(nested), 1)
    transposed = network(layers.Conv2DTranspose(2, 3, strides=2, name="up"))
    with pytest.raises(ValueError, match=r"layer 'up' \(Conv2DTranspose\) cannot be changed"):
        with_output_stride(transposed, 1)
