"""The tiny random networks of the L2-CAF goldens, rebuilt in Keras from their weights."""

import dataclasses
import json
import pathlib

import keras
import numpy as np
import pytest
from keras import layers

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "l2caf"


@dataclasses.dataclass(frozen=True)
class Golden:
    """One recorded run of a published program, with its network."""

    name: str
    meta: dict
    arrays: dict
    model: keras.Model
    cut: str
    images: np.ndarray

    @property
    def objective(self):
        loss = self.meta.get("loss", self.meta.get("variant", ""))
        return "class_oblivious" if "oblivious" in loss else "class_specific"

    @property
    def class_ids(self):
        if self.objective == "class_oblivious":
            return None
        return self.arrays.get("classes", np.reshape(self.arrays.get("target", 0), (1,)))[None]


def _convolution(weights, name, stride=1, activation=None):
    kernel = np.transpose(weights[f"w.{name}.weight"], (2, 3, 1, 0))
    layer = layers.Conv2D(
        kernel.shape[-1], 3, stride, "valid", activation=activation, name=name.replace(".", "_")
    )

    def call(x):
        y = layer(layers.ZeroPadding2D(1)(x))
        layer.set_weights([kernel, weights[f"w.{name}.bias"]])
        return y

    return call


def _normalisation(weights, name, layer_name):
    layer = layers.BatchNormalization(epsilon=1e-5, name=layer_name)

    def call(x):
        y = layer(x)
        names = ("weight", "bias", "running_mean", "running_var")
        layer.set_weights([weights[f"w.{name}.{n}"] for n in names])
        return y

    return call


def _classifier(weights, x, kernel, bias):
    dense = layers.Dense(bias.shape[0], name="fc")
    y = dense(layers.GlobalAveragePooling2D()(x))
    dense.set_weights([kernel, bias])
    return y


def _pytorch_network(w, net, size):
    image = keras.Input((size, size, 3))
    prefix = "body" if "w.body.0.weight" in w else "stem"
    x = _convolution(w, f"{prefix}.0", 2, "relu")(image)
    x = _convolution(w, f"{prefix}.2", 2, "relu")(x)

    def fc(h):
        return _classifier(w, h, w["w.fc.weight"].T, w["w.fc.bias"])

    if net in ("gaplin", "embed"):
        cut = _convolution(w, f"{prefix}.4", activation="relu")(x)
        out = fc(cut)
        if net == "embed":
            out = layers.UnitNormalization(axis=-1)(out)
        return keras.Model(image, out), "body_4"
    if net == "densetail":
        for name in ("d1", "d2"):
            x = layers.Concatenate()([x, _convolution(w, name)(layers.ReLU()(x))])
        cut = _normalisation(w, "cut", "cut")(x)
        return keras.Model(image, fc(layers.ReLU()(cut))), "cut"
    if net == "densemid":
        grown = _convolution(w, "d1")(layers.ReLU()(x))
        cut = layers.Concatenate(name="cut")([x, grown])
        x = layers.Concatenate()([cut, _convolution(w, "d2")(layers.ReLU()(cut))])
        x = layers.ReLU()(_normalisation(w, "bn", "bn")(x))
        return keras.Model(image, fc(x)), "cut"
    cut = layers.ReLU(name="cut")(_convolution(w, "c1")(x))
    y = _normalisation(w, "bn", "bn")(_convolution(w, "c2")(cut))
    y = layers.ReLU()(layers.Add()([x, y]))
    return keras.Model(image, fc(_convolution(w, "c3", 2, "relu")(y))), "cut"


def _tf1_convolution(kernel, bias, stride=1, activation=None, name=None):
    layer = layers.Conv2D(len(bias), 3, stride, "same", activation=activation, name=name)

    def call(x):
        y = layer(x)
        layer.set_weights([kernel, bias])
        return y

    return call


def _tf1_network(w, tail, size):
    image = keras.Input((224, 224, 3))
    x = layers.AveragePooling2D(224 // size)(layers.Rescaling(1 / 127.5, -1.0)(image))
    x = _tf1_convolution(w["w.c1"], w["w.b1"], activation="relu")(x)
    activation = None if tail == "bnrelu" else "relu"
    cut = _tf1_convolution(w["w.c2"], w["w.b2"], activation=activation, name="cut")(x)
    x = cut
    if tail == "bnrelu":
        norm = layers.BatchNormalization(epsilon=0.0)
        x = layers.ReLU()(norm(x))
        zero, one = np.zeros_like(w["w.bn_shift"]), np.ones_like(w["w.bn_shift"])
        norm.set_weights([w["w.bn_scale"], w["w.bn_shift"], zero, one])
    if tail == "convrelu":
        x = _tf1_convolution(w["w.c3"], w["w.b3"], 2, "relu")(x)
    return keras.Model(image, _classifier(w, x, w["w.fc_w"], w["w.fc_b"])), "cut"


def load_golden(name):
    with np.load(GOLDEN / f"{name}.npz") as file:
        arrays = dict(file)
    meta = json.loads(str(arrays["meta"]))
    if name.startswith("pt_"):
        model, cut = _pytorch_network(arrays, meta["net"], meta["size"])
        images = np.transpose(arrays["x"], (0, 2, 3, 1))
    else:
        model, cut = _tf1_network(arrays, meta["tail"], meta["S"])
        images = np.repeat(np.repeat(arrays["image28"], 8, 0), 8, 1)[None].astype("float32")
    return Golden(name, meta, arrays, model, cut, images)


@pytest.fixture(scope="session")
def golden():
    """Loads a golden run by name, once per session."""
    known = {}

    def load(name):
        if name not in known:
            known[name] = load_golden(name)
        return known[name]

    return load


def pytest_generate_tests(metafunc):
    """`golden_name` runs over all recorded runs, `pt_name` and `tf1_name` over each program's."""
    for argument, pattern in (("pt_name", "pt_*.npz"), ("tf1_name", "tf1_*.npz")):
        if argument in metafunc.fixturenames:
            names = sorted(path.stem for path in GOLDEN.glob(pattern))
            metafunc.parametrize(argument, names)
