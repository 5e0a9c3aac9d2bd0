import keras
import pytest
from keras import layers

from tfwsol.methods import STNet
from tfwsol.methods.top_down.settings import Preset


def strided(size=(32, 48, 3), preprocessing=()):
    image = keras.Input(size, name="image")
    x = image
    for layer in preprocessing:
        x = layer(x)
    x = layers.Conv2D(4, 3, 2, "same", activation="relu", name="two")(x)
    y = layers.MaxPooling2D(name="four")(x)
    y = layers.Conv2D(4, 3, 2, activation="relu", name="branch")(layers.ZeroPadding2D()(y))
    z = layers.Conv2D(4, 1, 4, name="short")(x)
    x = layers.ReLU(name="eight")(layers.Add(name="sum")([y, z]))
    return keras.Model(image, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize(("stride", "size"), [(1, (32, 48)), (2, (16, 24)), (8, (4, 6))])
def test_the_lowest_tensor_of_a_stride_that_all_passes_through(stride, size):
    rows, columns = STNet(strided(), Preset(stop_stride=stride)).grids
    assert (rows.size, columns.size) == size
    assert rows.stride == columns.stride == stride


def test_no_tensor_of_that_stride():
    # The maximum pool is passed by the short cut.
    with pytest.raises(ValueError, match="no tensor with cells 4 pixels apart"):
        STNet(strided(), Preset(stop_stride=4))


def test_grids_by_hand():
    grid, _ = STNet(strided(), stop_layer="branch").grids
    # 3 wide; pooling adds 1 · 2, the branch 2 · 4; "same" pads one pixel behind only.
    assert (grid.receptive_field, grid.stride, grid.size) == (3 + 2 + 8, 8, 4)
    assert (grid.padding, grid.start) == (4, 2)


def test_the_widest_view_counts():
    grid, _ = STNet(strided(), stop_layer="eight").grids
    assert grid.receptive_field == 13


def test_preprocessing_is_not_passed(images):
    preprocessing = [
        layers.Resizing(24, 20, name="resizing"),
        layers.Rescaling(1 / 255),
        layers.Lambda(lambda x: x[..., ::-1], output_shape=lambda shape: shape),
    ]
    method = STNet(strided((12, 10, 3), preprocessing), "general")
    assert method.localize(images).maps.shape == (3, 1, 24, 20)


def test_what_is_no_map():
    model = strided()
    with pytest.raises(ValueError, match="no spatial extent"):
        STNet(model, stop_layer="dense" if "dense" in model.output_names else model.layers[-1])
    with pytest.raises(ValueError, match=r"no layer 'eigth'; did you mean \['eight'"):
        STNet(model, stop_layer="eigth")


def test_several_images():
    one, other = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu", name="conv")(layers.Concatenate()([one, other]))
    model = keras.Model([one, other], layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    with pytest.raises(ValueError, match="Expected one input"):
        STNet(model)
    assert STNet(model, stop_layer="conv").grids is None
