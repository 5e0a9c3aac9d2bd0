"""Which place a name, a layer or nothing at all points to, and what is said where none does."""

import keras
import pytest
from keras import layers, ops

from tfwsol.graph import cut_model, split
from tfwsol.graph.lookup import find_slot, is_spatial, last_spatial_slot, unknown_name
from tfwsol.graph.split import graph_of


def last_layer(model):
    flat = graph_of(model)
    slot = last_spatial_slot(flat)
    return next(point for point in flat.points if slot in point.outputs).path


def build(name, size=None, **options):
    if size is not None:
        options["input_shape"] = (size, size, 3)
    return getattr(keras.applications, name)(weights=None, classes=7, **options)


@pytest.mark.parametrize(
    ("name", "options", "layer"),
    [
        ("VGG16", {"size": 64}, "block5_pool"),
        ("MobileNet", {"size": 64, "alpha": 0.25}, "conv_pw_13_relu"),
        ("MobileNetV2", {"size": 64, "alpha": 0.35}, "out_relu"),
        ("MobileNetV3Small", {"size": 64, "alpha": 0.75}, None),
        ("ResNet50", {"size": 64}, "conv5_block3_out"),
        ("DenseNet121", {"size": 64}, "relu"),
    ],
)
def test_last_map_of_the_applications(name, options, layer):
    model = build(name, **options)
    if layer is None:  # the layer is named after the session's counter
        layer = [x for x in model.layers if len(x.output.shape) == 4 and x.output.shape[1] > 1][-1]
        layer = layer.name
    assert last_layer(model) == layer


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "options", "layer"),
    [
        ("EfficientNetB0", {"size": 64}, "top_activation"),
        ("EfficientNetB0", {}, "top_activation"),
        ("InceptionV3", {"size": 160}, "mixed10"),
        ("ResNet50V2", {"size": 64}, "post_relu"),
        ("ResNet50", {"input_shape": (None, None, 3), "include_top": False}, "conv5_block3_out"),
    ],
)
def test_last_map_of_large_applications(name, options, layer):
    assert last_layer(build(name, **options)) == layer


@pytest.mark.slow
def test_last_map_of_a_network_that_ends_in_a_raw_sum():
    model = build("ConvNeXtTiny", size=64)
    pool = model.get_layer("convnext_tiny_head_gap")
    assert last_layer(model) == pool.input._keras_history.operation.name


def test_unknown_image_size(lively, images, difference):
    base = build("MobileNet", alpha=0.25, input_shape=(None, None, 3), include_top=False)
    x = layers.GlobalAveragePooling2D()(base.output)
    model = keras.Model(base.input, layers.Dense(7, activation="softmax")(x))
    batch = images(2, 64, 96, 3)
    lively(model, batch)
    assert last_layer(model) == "conv_pw_13_relu"
    cut = cut_model(model)
    cut_tensor, _, logits = cut.forward(batch)
    assert tuple(cut_tensor.shape) == (2, 2, 3, 256)
    assert difference(ops.softmax(logits), model(batch)) < 1e-5


def test_a_nested_backbone_for_any_size():
    """The outer model knows the size; the backbone's own last map is found inside it."""
    image = keras.Input((None, None, 3))
    x = layers.Conv2D(4, 3, padding="same", name="conv")(image)
    backbone = keras.Model(image, layers.GlobalAveragePooling2D()(x), name="backbone")
    image = keras.Input((16, 16, 3))
    model = keras.Model(image, layers.Dense(3)(backbone(image)))
    assert last_layer(model) == "backbone/conv"


def test_single_cells_are_no_maps():
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, name="map")(image)
    x = layers.GlobalAveragePooling2D(keepdims=True)(x)
    x = layers.Conv2D(4, 1, activation="relu", name="cell")(x)
    model = keras.Model(image, layers.Dense(3)(layers.Flatten()(x)))
    assert last_layer(model) == "map"
    with pytest.raises(ValueError, match=r"'cell' has no spatial extent \(shape \(None, 1, 1, 4\)"):
        cut_model(model, "cell")
    with pytest.raises(ValueError, match=r"'dense.*' has no spatial extent"):
        cut_model(model, model.layers[-1])


def test_last_means_nearest_to_the_output():
    """A side branch that was built later, but joins earlier, is not the last map."""
    image = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, padding="same", name="early")(image)
    last = layers.Conv2D(4, 3, padding="same", name="last")(x)
    side = layers.Conv2D(4, 3, padding="same", name="side")(x)
    x = layers.Add()([layers.GlobalAveragePooling2D()(last), layers.Flatten()(side)[:, :4]])
    model = keras.Model(image, layers.Dense(2)(x))
    assert last_layer(model) == "last"


def test_a_model_without_maps():
    vector = keras.Input((8,))
    with pytest.raises(ValueError, match="no tensor with a height and a width of more than one"):
        cut_model(keras.Model(vector, layers.Dense(3)(vector)))


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((None, 7, 7, 512), True),
        ((None, None, None, 8), True),
        ((None, 1, 7, 512), True),
        ((None, 1, 1, 512), False),
        ((None, 3, 7, 7, 512), True),
        ((None, 3, 1, 1, 512), False),
        ((None, 49, 512), False),
        ((None, 512), False),
    ],
)
def test_is_spatial(shape, expected):
    assert is_spatial(shape) is expected


def test_one_name_in_two_nested_models():
    image = keras.Input((8, 8, 3))
    pair = [keras.Sequential([layers.Conv2D(2, 3, name="conv")], name=name) for name in "ab"]
    model = keras.Model(image, layers.Add(name="add")([block(image) for block in pair]))
    flat = graph_of(model)
    with pytest.raises(ValueError, match=r"name one by its path: \['a/conv', 'b/conv'\]"):
        find_slot(flat, "conv")
    assert find_slot(flat, "a/conv") != find_slot(flat, "b/conv")
    assert find_slot(flat, pair[0].layers[0]) == find_slot(flat, "a/conv")
    assert find_slot(flat, "b") == find_slot(flat, "b/conv")


def test_names_paths_and_near_misses(residual_net):
    flat = graph_of(residual_net)
    by_name = find_slot(flat, "branch")
    assert find_slot(flat, residual_net.get_layer("branch")) == by_name
    assert find_slot(flat, ("branch", 0)) == find_slot(flat, ("branch", -1)) == by_name
    with pytest.raises(ValueError, match=r"no layer 'brunch'; did you mean \['branch'"):
        find_slot(flat, "brunch")
    with pytest.raises(ValueError, match=r"no layer 'con'; did you mean \['concat'"):
        find_slot(flat, "con")
    with pytest.raises(ValueError, match=r"no layer 'xyzxyz'; the last ones are \[.*'fc'\]"):
        find_slot(flat, "xyzxyz")
    with pytest.raises(ValueError, match=r"is called 1 time\(s\), but call index 1"):
        find_slot(flat, ("branch", 1))
    with pytest.raises(ValueError, match="'other' is not part of model 'residual_net'"):
        find_slot(flat, layers.ReLU(name="other"))
    with pytest.raises(
        TypeError, match=r"given by name, by path, as a layer or as .* but int came"
    ):
        find_slot(flat, 3)


def test_unknown_name_says_where_it_looked():
    assert unknown_name("CONV", ["a", "conv5", "a"], "Model 'm'") == (
        "Model 'm' has no layer 'CONV'; did you mean ['conv5']?"
    )


def test_layers_with_several_outputs_are_no_cut():
    image = keras.Input((8, 8, 3))
    x = layers.Lambda(lambda t: [t, t * 2.0], name="pair")(image)
    model = keras.Model(image, layers.Add()(x))
    with pytest.raises(ValueError, match="'pair' has 2 outputs, but a cut needs exactly one"):
        split(model, "pair")


@pytest.mark.parametrize("between", [[], [layers.ReLU], [layers.ReLU, layers.Dropout]])
def test_channels_first_is_refused(between):
    image = keras.Input((3, 8, 8))
    x = layers.ZeroPadding2D(data_format="channels_first", name="last")(image)
    for make in between:
        x = make(0.5)(x) if make is layers.Dropout else make()(x)
    x = layers.GlobalAveragePooling2D(data_format="channels_first")(x)
    model = keras.Model(image, layers.Dense(2)(x))
    with pytest.raises(ValueError, match="'last' is channels_first"):
        cut_model(model)


def test_what_is_no_keras_model():
    with pytest.raises(TypeError, match="Expected a Keras 3 model, but Dense came"):
        cut_model(layers.Dense(2))
    with pytest.raises(ValueError, match="was never built; call it once"):
        cut_model(keras.Sequential([layers.Conv2D(2, 3)]))
