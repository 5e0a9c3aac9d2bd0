"""The published program's whole top-down passes, through Keras models with its weights."""

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from tfwsol.boxes import cells_to_image, of
from tfwsol.methods import STNet

GOLDEN = Path(__file__).parents[1] / "golden" / "stnet"
NAMES = ["chain_01_alexlike_default", "chain_02_alexlike_mode1_all"]
FIRST_DENSE = "l08"  # which the program has as a convolution


def hash_uniform(shape, seed):
    """The uniform numbers of the golden's recipe."""
    mask = np.uint64(0xFFFFFFFF)
    start = np.uint64(seed) * np.uint64(0x9E3779B1)
    x = (np.arange(int(np.prod(shape)), dtype=np.uint64) + start) & mask
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1)):
        x ^= x >> np.uint64(shift)
        x = (x * np.uint64(factor)) & mask
    return (x.astype(np.float64) / 2**32).reshape(shape)


def rows(golden):
    """The layers from below, the bridge among them: name and kind."""
    names = sorted({key[:3] for key in golden if key[1:3].isdigit()})
    return [(name, str(golden[f"{name}_kind"])) for name in names]


def kernel_and_bias(golden, name, number):
    cfg, seed = golden[f"{name}_cfg"].tolist(), int(golden["seed"])
    shape = cfg[:4] if len(cfg) == 7 else cfg
    amplitude, shift = (round(float(value), 6) for value in golden[f"{name}_amp_shift"])
    kernel = (hash_uniform(shape, seed * 100 + number) * 2 - 1) * amplitude + shift
    bias = (hash_uniform(shape[:1], seed * 100 + 50 + number) * 2 - 1) * 0.05 + 0.02
    return kernel.astype(np.float32), bias.astype(np.float32)


def convolution(x, golden, name, number, flatten):
    _, _, size, _, stride, padding, _ = golden[f"{name}_cfg"].tolist()
    kernel, bias = kernel_and_bias(golden, name, number)
    kernel = np.transpose(kernel, (2, 3, 1, 0))
    if flatten and name == FIRST_DENSE:
        layer = layers.Dense(len(bias), "relu", name=name)
        x, kernel = layers.Flatten()(x), kernel.reshape(-1, len(bias))
    else:
        x = layers.ZeroPadding2D(padding)(x) if padding else x
        layer = layers.Conv2D(len(bias), size, stride, activation="relu", name=name)
    x = layer(x)
    layer.set_weights([kernel, bias])
    return x


def network(golden, flatten):
    """The chain as a Keras model, its first dense layer as one (flattened) or as a convolution."""
    _, channels, height, width = golden["input_shape"].tolist()
    image = keras.Input((height, width, channels), name="image")
    x = image
    for number, (name, kind) in enumerate(rows(golden)):
        if kind == "conv":
            x = convolution(x, golden, name, number, flatten)
        elif kind == "pool":
            size, stride = golden[f"{name}_cfg"].tolist()
            x = layers.MaxPooling2D(size, stride, name=name)(x)
        elif kind == "linear":
            kernel, bias = kernel_and_bias(golden, name, number)
            x = layers.Flatten()(x) if len(x.shape) > 2 else x
            layer = layers.Dense(len(bias), "relu" if golden[f"{name}_relu"] else None, name=name)
            x = layer(x)
            layer.set_weights([kernel.T, bias])
    return keras.Model(image, x, name="alexnet_chain")


class Chain:
    """One golden with its network and images."""

    def __init__(self, name, flatten):
        with np.load(GOLDEN / f"{name}.npz") as file:
            self.arrays = dict(file)
        golden = self.arrays
        shape, seed = golden["input_shape"].tolist(), int(golden["seed"])
        images = ((hash_uniform(shape, seed * 100 + 99) * 2 - 1) * 1.7).astype(np.float32)
        sums = [images.sum(dtype=np.float64), np.abs(images).sum(dtype=np.float64)]
        np.testing.assert_allclose(sums, golden["input_sum"], rtol=1e-6)
        self.images = np.moveaxis(images, 1, -1)
        self.model = network(golden, flatten)
        self.class_ids = golden["g_top"].argmax(axis=1)

    def method(self, **options):
        """STNet with the modes of the golden."""
        modes = {}
        for name, kind in rows(self.arrays):
            if kind in ("linear", "bridge"):
                mode = str(self.arrays[f"{name}_mode"]), int(self.arrays[f"{name}_offset"])
                modes["bridge" if kind == "bridge" else name] = mode
        return STNet(self.model, "alexnet", modes=modes, keep_gates=True, **options)


@pytest.fixture
def eagerly():
    """Runs without tracing, which takes longer than these small networks."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module", params=[True, False], ids=["dense", "convolution"])
def chain(request, name):
    return Chain(name, flatten=request.param)


def test_scores(chain):
    scores = np.array(chain.method().localize(chain.images, chain.class_ids).scores)
    np.testing.assert_allclose(scores, chain.arrays["scores"], rtol=1e-4, atol=1e-3)


@pytest.mark.usefixtures("eagerly")
def test_gates_below_every_layer_of_a_map(chain):
    below = "image"
    for name, kind in rows(chain.arrays):
        if kind not in ("conv", "pool"):
            break
        method = chain.method(stop_layer=below)
        found = method.localize(chain.images, chain.class_ids)
        wanted = np.moveaxis(chain.arrays[f"{name}_g"], 1, -1)
        np.testing.assert_allclose(found.details["gates"][:, 0], wanted, rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(found.maps[:, 0], wanted.sum(axis=-1), rtol=1e-3, atol=1e-4)
        below = name


@pytest.mark.parametrize(("stop", "row"), [("image", 0), ("l01", 2)])
def test_boxes(chain, stop, row):
    method = chain.method(stop_layer=stop)
    found = method.localize(chain.images, chain.class_ids)
    # Cells are counted, so the view is as large as the map.
    cells = of(found, "stnet", 1.0)[:, 0] * (found.maps.shape[-1] / found.image_size[1])
    raw = np.round(cells - [0, 0, 1, 1]).astype(np.int64)
    np.testing.assert_array_equal(raw, chain.arrays[f"box_raw_bottom{row}"])
    grid, other = method.grids
    assert grid == other
    specs = chain.arrays["net_specs"][row].tolist()
    assert [grid.size, grid.receptive_field, grid.stride, grid.padding, grid.start] == specs
    side = chain.images.shape[1]
    if row:
        raw = cells_to_image(raw, grid.stride, grid.start, grid.receptive_field, side)
    np.testing.assert_array_equal(raw, chain.arrays[f"box_image_bottom{row}"])


def test_the_preset_is_the_published_program(name):
    chain = Chain(name, flatten=True)
    wanted = chain.method().localize(chain.images, chain.class_ids)
    found = STNet(chain.model).localize(chain.images, chain.class_ids)
    is_default = np.allclose(found.maps, wanted.maps, atol=1e-6)
    assert is_default == ("default" in name)
