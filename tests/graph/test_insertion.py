"""New layers in trained models: weights kept and shared, the given model untouched."""

import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest
from keras import layers

from tfwsol.graph import insert_after
from tfwsol.layers import AttentionFilter


@keras.saving.register_keras_serializable(package="tfwsol_tests")
class Halve(keras.layers.Layer):
    def call(self, inputs):
        return inputs * 0.5


class Counting:
    """A factory that counts the layers it made."""

    def __init__(self, make=Halve):
        self.make = make
        self.made = []

    def __call__(self):
        self.made.append(self.make())
        return self.made[-1]


def state_of(model, batch):
    flat = model._flatten_layers(include_self=False, recursive=True)
    outputs = [layer.output for layer in flat if layer._inbound_nodes]
    return model.predict(batch, verbose=0), outputs, [layer.name for layer in model.layers]


def assert_unchanged(model, batch, before, path):
    predictions, outputs, names = state_of(model, batch)
    assert np.array_equal(predictions, before[0])
    assert all(a is b for a, b in zip(outputs, before[1], strict=True))
    assert names == before[2]
    model.save(path)
    assert np.array_equal(keras.saving.load_model(path).predict(batch, verbose=0), before[0])


@pytest.fixture
def batch(images):
    return images(4, 16, 16, 3)


def nested_net(lively, batch):
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, padding="same", name="conv")(image)
    backbone = keras.Model(image, layers.ReLU(name="out")(x), name="back.bone_1")
    image = keras.Input((16, 16, 3))
    x = layers.GlobalAveragePooling2D(name="gap")(backbone(image))
    return lively(keras.Model(image, layers.Dense(3, name="fc")(x)), batch)


@pytest.mark.parametrize(
    "factory",
    [layers.Identity, lambda: layers.Activation("linear"), layers.Dropout(0.5, name="new")],
    ids=["class", "callable", "built"],
)
def test_identity_keeps_predictions_and_the_model(
    residual_net, batch, difference, factory, tmp_path
):
    before = state_of(residual_net, batch)
    result = insert_after(residual_net, {"concat": factory})
    assert difference(result(batch), residual_net(batch)) < 1e-6
    assert len(result.layers) == len(residual_net.layers) + 1
    assert result.name == residual_net.name
    assert_unchanged(residual_net, batch, before, tmp_path / "model.keras")


def test_an_attention_filter_changes_predictions_and_shares_weights(
    residual_net, batch, difference
):
    result = insert_after(residual_net, {"concat": AttentionFilter})
    assert difference(result(batch), residual_net(batch)) > 1e-4
    shared = {id(v) for v in residual_net.variables}
    assert shared < {id(v) for v in result.variables}
    (new,) = [v for v in result.trainable_variables if id(v) not in shared]
    assert tuple(new.shape) == (16, 16)


def test_one_training_step_moves_the_original_too(residual_net, batch, difference):
    result = insert_after(residual_net, {"concat": AttentionFilter})
    expected = result(batch), residual_net(batch)
    result.compile("sgd", "sparse_categorical_crossentropy")
    result.fit(batch, np.array([0, 1, 2, 3]), epochs=1, verbose=0)
    assert difference(result(batch), expected[0]) > 1e-5
    assert difference(residual_net(batch), expected[1]) > 1e-5
    kernel = residual_net.get_layer("stem").kernel
    assert result.get_layer("stem").kernel is kernel
    (new,) = [layer for layer in result.layers if isinstance(layer, AttentionFilter)]
    assert difference(new.raw, np.ones((16, 16))) > 0


def test_the_new_layer_stands_before_every_consumer(residual_net, batch, difference):
    """`add` reads the stem directly and through the branch; both see the inserted layer."""
    result = insert_after(residual_net, {"stem": Halve})
    kernel, bias = residual_net.get_layer("stem").get_weights()
    residual_net.get_layer("stem").set_weights([kernel * 0.5, bias * 0.5])
    expected = residual_net(batch)
    residual_net.get_layer("stem").set_weights([kernel, bias])
    assert difference(result(batch), expected) < 1e-6


def test_factories_are_called_once_per_place(residual_net, batch):
    factory = Counting(AttentionFilter)
    result = insert_after(residual_net, {"stem": factory, "add": factory})
    assert len(factory.made) == 2
    assert factory.made[0].raw is not factory.made[1].raw
    result(batch)
    shared = AttentionFilter()
    result = insert_after(residual_net, {"stem": shared, "add": shared})
    assert [layer for layer in result.layers if isinstance(layer, AttentionFilter)] == [shared]
    assert len(shared._inbound_nodes) == 2


def test_a_layer_called_twice_is_two_places(lively, batch, difference):
    conv = layers.Conv2D(3, 3, padding="same", name="conv")
    image = keras.Input((16, 16, 3))
    model = lively(keras.Model(image, layers.Flatten()(conv(conv(image)))), batch)
    factory = Counting()
    result = insert_after(model, {"conv": factory})
    assert len(factory.made) == 2
    assert difference(result(batch), layers.Flatten()(conv(conv(batch) * 0.5) * 0.5)) < 1e-6


@pytest.mark.parametrize("name", ["conv", "back.bone_1/conv"])
def test_nested_by_name_and_by_path(lively, batch, difference, name, tmp_path):
    model = nested_net(lively, batch)
    before = state_of(model, batch)
    factory = Counting()
    result = insert_after(model, {name: factory})
    assert len(factory.made) == 1
    body = keras.Model(
        model.get_layer("back.bone_1").inputs, model.get_layer("back.bone_1").outputs
    )
    conv = body.get_layer("conv")
    halved = keras.ops.mean(keras.ops.relu(conv(batch) * 0.5), axis=(1, 2))
    assert difference(result(batch), model.get_layer("fc")(halved)) < 1e-6
    assert [layer.name for layer in result.layers][1] == "back.bone_1"
    assert_unchanged(model, batch, before, tmp_path / "model.keras")
    result.save(tmp_path / "result.keras")
    loaded = keras.saving.load_model(tmp_path / "result.keras")
    assert difference(loaded(batch), result(batch)) < 1e-6


def test_behind_a_nested_model_and_inside_it_at_once(lively, batch, difference):
    model = nested_net(lively, batch)
    result = insert_after(model, {"back.bone_1": Halve, "back.bone_1/out": Halve})
    quarter = keras.ops.mean(model.get_layer("back.bone_1")(batch) * 0.25, axis=(1, 2))
    assert difference(result(batch), model.get_layer("fc")(quarter)) < 1e-6


def test_siamese_backbone_stays_one_model(lively, images, difference):
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, name="conv")(image)
    shared = keras.Model(image, layers.GlobalAveragePooling2D()(x), name="shared")
    pair = [keras.Input((16, 16, 3), name=name) for name in ("left", "right")]
    out = layers.Dense(2, name="fc")(layers.Concatenate()([shared(pair[0]), shared(pair[1])]))
    batches = [images(4, 16, 16, 3, seed=seed) for seed in (1, 2)]
    model = lively(keras.Model(pair, out), batches)
    factory = Counting()
    result = insert_after(model, {"conv": factory})
    assert len(factory.made) == 1
    features = keras.ops.concatenate([shared(b) * 0.5 for b in batches], axis=-1)
    assert difference(result(batches), model.get_layer("fc")(features)) < 1e-6
    assert len(result.layers) == len(model.layers)


@pytest.mark.parametrize("built_by_call", [False, True])
def test_sequential(lively, batch, difference, built_by_call, tmp_path):
    first = [] if built_by_call else [keras.Input((16, 16, 3))]
    stack = [layers.Conv2D(4, 3, name="conv"), layers.GlobalAveragePooling2D(), layers.Dense(3)]
    model = keras.Sequential([*first, *stack])
    model(batch)
    before = state_of(lively(model, batch), batch)
    result = insert_after(model, {"conv": Halve})
    assert isinstance(result, keras.Sequential)
    assert [type(layer) for layer in result.layers][:2] == [layers.Conv2D, Halve]
    expected = stack[2](stack[1](stack[0](batch) * 0.5))
    assert difference(result(batch), expected) < 1e-6
    assert difference(result(batch[:3]), expected[:3]) < 1e-6
    assert_unchanged(model, batch, before, tmp_path / "model.keras")


def test_sequential_in_a_functional_model(lively, batch, difference):
    block = keras.Sequential([layers.Conv2D(4, 3, name="conv"), layers.ReLU()], name="block")
    image = keras.Input((16, 16, 3))
    model = keras.Model(image, layers.GlobalAveragePooling2D()(block(image)))
    result = insert_after(lively(model, batch), {"conv": Halve})
    assert difference(result(batch), model(batch) * 0.5) < 1e-6


def test_behind_an_input_layer(residual_net, batch, difference):
    result = insert_after(residual_net, {"image": Halve})
    assert difference(result(batch), residual_net(batch * 0.5)) < 1e-6


def test_inputs_and_outputs_keep_their_structure(lively, batch, difference):
    image, age = keras.Input((16, 16, 3), name="image"), keras.Input((1,), name="age")
    x = layers.Conv2D(4, 3, name="conv")(image)
    outputs = {"maps": x, "age": layers.Dense(2)(age)}
    model = keras.Model({"image": image, "age": age}, outputs)
    data = {"image": batch, "age": np.ones((4, 1), "float32")}
    result = insert_after(lively(model, data), {"conv": Halve})
    assert difference(result(data)["maps"], model(data)["maps"] * 0.5) < 1e-6
    assert difference(result(data)["age"], model(data)["age"]) < 1e-6


@pytest.mark.parametrize("loss", ["mse", lambda y, p: keras.ops.mean((y - p) ** 2)])
def test_compiled_models(lively, batch, difference, loss):
    model = nested_net(lively, batch)
    model.compile("adam", loss)
    model.fit(batch, np.zeros((4, 3)), verbose=0)
    result = insert_after(model, {"conv": layers.Identity})
    assert difference(result(batch), model(batch)) < 1e-6
    assert not result.compiled
    assert model.compiled
    model.fit(batch, np.zeros((4, 3)), verbose=0)
    result.compile("adam", loss)
    result.fit(batch, np.zeros((4, 3)), verbose=0)


def test_a_model_with_its_own_training_step_keeps_it(residual_net, batch):
    class Trains(keras.Model):
        def train_step(self, data):
            return {"own": 1.0}

    model = Trains(residual_net.input, residual_net.output)
    assert type(insert_after(model, {"stem": Halve})) is Trains

    class Named(keras.Model):
        def __init__(self, width):
            image = keras.Input((16, 16, width))
            super().__init__(image, layers.Conv2D(2, 3, name="conv")(image))

    result = insert_after(Named(3), {"conv": Halve})
    assert type(result) is type(residual_net)


def test_twice_in_a_row_and_in_one_model(residual_net, batch, difference):
    once = insert_after(residual_net, {"stem": Halve})
    twice = insert_after(once, {"stem": Halve, "concat": layers.Identity})
    kernel, bias = residual_net.get_layer("stem").get_weights()
    expected = twice(batch)
    residual_net.get_layer("stem").set_weights([kernel * 0.25, bias * 0.25])
    assert difference(residual_net(batch), expected) < 1e-6


def test_the_applications(application, difference):
    model, batch = application("ResNet50")
    names = {"conv2_block2_2_relu": layers.Identity, "conv4_block3_out": layers.Identity}
    assert difference(insert_after(model, names)(batch), model(batch)) < 1e-4
    result = insert_after(model, dict.fromkeys(names, AttentionFilter))
    assert difference(result(batch), model(batch)) > 1e-3
    assert len(result.weights) == len(model.weights) + 2


def test_a_second_process_loads_the_result(residual_net, batch, tmp_path):
    """There the automatic names start anew, and still nothing clashes."""
    result = insert_after(residual_net, {"concat": AttentionFilter(name="attention_filter")})
    result.save(tmp_path / "result.keras")
    np.savez(tmp_path / "data.npz", x=batch, y=result.predict(batch, verbose=0))
    code = """
        import sys, numpy as np, keras, tfwsol
        model = keras.saving.load_model(sys.argv[1] + "/result.keras")
        data = np.load(sys.argv[1] + "/data.npz")
        assert np.allclose(model.predict(data["x"], verbose=0), data["y"], atol=1e-6)
        more = tfwsol.graph.insert_after(model, {"stem": tfwsol.layers.AttentionFilter})
        names = [l.name for l in more.layers if isinstance(l, tfwsol.layers.AttentionFilter)]
        assert names == ["attention_filter_1", "attention_filter"], names
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_wrong_names_and_factories(residual_net, lively, batch):
    with pytest.raises(ValueError, match=r"no layer 'concatt'; did you mean \['concat'"):
        insert_after(residual_net, {"concatt": Halve})
    with pytest.raises(
        TypeError, match="factory for 'stem' should give a Keras layer, but gave int"
    ):
        insert_after(residual_net, {"stem": lambda: 3})
    model = nested_net(lively, batch)
    with pytest.raises(ValueError, match=r"mean the same layer 'back\.bone_1/conv'"):
        insert_after(model, {"conv": Halve, "back.bone_1/conv": Halve})
    image = keras.Input((16, 16, 3))
    pair = [keras.Sequential([layers.Conv2D(2, 3, name="conv")], name=name) for name in "ab"]
    outer = keras.Model(image, layers.Add()([block(image) for block in pair]))
    with pytest.raises(ValueError, match=r"2 layers of model .* are called 'conv'.*'a/conv'"):
        insert_after(outer, {"conv": Halve})

    with pytest.raises(ValueError, match="was never built; call it once"):
        insert_after(keras.Sequential([layers.Dense(1, name="stem")]), {"stem": Halve})
    with pytest.raises(TypeError, match="Expected a Keras model, but Dense came"):
        insert_after(layers.Dense(1), {"stem": Halve})


def test_one_name_for_two_new_layers_is_refused(residual_net):
    with pytest.raises(ValueError, match='"half" is used 2 times'):
        insert_after(residual_net, dict.fromkeys(["stem", "add"], lambda: Halve(name="half")))
