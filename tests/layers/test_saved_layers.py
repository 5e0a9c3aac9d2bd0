"""Every layer in one `.keras` file that loads where only tfwsol is imported."""

import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

from tfwsol import layers as own
from tfwsol.layers import (
    ADL,
    AdversarialErasing,
    AttentionFilter,
    ClassActivationHead,
    CutMix,
    HideAndSeek,
    SqueezeExcite,
)


def all_layers_in_one_model():
    image, label = keras.Input((8, 8, 3)), keras.Input((), dtype="int32")
    hidden = HideAndSeek(2, 0.4, seed=1, name="hide")(image)
    mixed, targets = CutMix(2.0, 0.5, num_classes=4, seed=2, name="mix")(hidden, label)
    x = keras.layers.Conv2D(6, 3, activation="relu")(mixed)
    x = SqueezeExcite(2, seed=3, name="scale")(x)
    x = ADL(0.6, 0.7, seed=4, name="adl")(x)
    x = AttentionFilter("softmax", name="filter")(x)
    head = ClassActivationHead(4, 6, "convolution", 0.1, name="head")
    logits, maps = head(x)
    erased = AdversarialErasing(0.6, name="erase")(x, maps, label)
    second, second_maps = ClassActivationHead(4, 6, name="second")(erased)
    return keras.Model([image, label], [logits, second, second_maps, targets])


def test_all_layers_are_in_it():
    kinds = {type(layer) for layer in all_layers_in_one_model().layers}
    public = [getattr(own, name) for name in own.__all__]
    assert {c for c in public if isinstance(c, type) and issubclass(c, keras.Layer)} <= kinds


@pytest.mark.parametrize("policy", ["float32", "mixed_bfloat16"])
def test_a_file_loads_in_a_process_that_only_imports_tfwsol(policy, tmp_path):
    keras.config.set_dtype_policy(policy)
    try:
        keras.utils.set_random_seed(0)
        model = all_layers_in_one_model()
    finally:
        keras.config.set_dtype_policy("float32")
    rng = np.random.default_rng(0)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(size=variable.shape))
    x, labels = rng.normal(size=(2, 8, 8, 3)).astype("float32"), np.array([1, 3])
    model.save(tmp_path / "model.keras")
    outputs = [np.asarray(y, "float32") for y in model([x, labels])]
    np.savez(tmp_path / "data.npz", x=x, labels=labels, **dict(zip("abcd", outputs, strict=True)))
    code = """
        import sys, numpy as np, keras, tfwsol
        data = np.load(sys.argv[1] + "/data.npz")
        model = keras.saving.load_model(sys.argv[1] + "/model.keras")
        outputs = model([data["x"], data["labels"]])
        for name, output in zip("abcd", outputs):
            print(abs(np.asarray(output, "float32") - data[name]).max())
        adl, mix, hide = (model.get_layer(name) for name in ("adl", "mix", "hide"))
        assert type(adl) is tfwsol.layers.ADL
        assert (adl.drop_rate, adl.drop_threshold, adl.seed) == (0.6, 0.7, 4)
        assert (mix.beta, mix.probability, mix.num_classes, mix.seed) == (2, 0.5, 4, 2)
        assert (hide.grid_size, hide.drop_rate, hide.seed) == (2, 0.4, 1)
        assert model.get_layer("erase").threshold == 0.6
        assert model.get_layer("head").form == "convolution"
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    differences = [float(line) for line in done.stdout.split()]
    assert len(differences) == 4
    assert max(differences) <= (1e-6 if policy == "float32" else 1e-2)


def test_the_state_of_the_draws_is_among_the_variables_of_a_model():
    """Keras keeps it out of the file, as for dropout; whoever resumes a training copies it."""

    def layer_and_model():
        image = keras.Input((2, 2, 1))
        return keras.Model(image, ADL(0.5, seed=1)(image))

    def drops(model, calls):
        return [not np.asarray(model(x, training=True)).any() for _ in range(calls)]

    x = np.ones((1, 2, 2, 1), "float32")
    model, resumed = layer_and_model(), layer_and_model()
    drops(model, 5)
    assert [v.name for v in model.variables] == ["seed_generator_state"]
    resumed.variables[0].assign(model.variables[0])
    following = drops(model, 30)
    assert drops(resumed, 30) == following
    assert drops(layer_and_model(), 30) != following
