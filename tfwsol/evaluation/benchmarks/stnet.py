"""What STNet's top-down pass costs beside the forward pass, its plain twin, and sorting."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Iterator, Sequence

import keras
import numpy as np
import tensorflow as tf

from tfwsol.evaluation.benchmarks.case_group import CaseGroup, SuiteOptions
from tfwsol.evaluation.benchmarks.l2caf import build_model
from tfwsol.evaluation.benchmarks.stnet_layers import GatedLayer, gated_layers
from tfwsol.evaluation.benchmarks.stnet_library import SortingLibrary
from tfwsol.evaluation.benchmarks.stnet_sorting import TOP_DOWN, Stopwatch, sorting_case, stage_one
from tfwsol.evaluation.benchmarks.timing import Case
from tfwsol.localization import Localization
from tfwsol.methods import STNet

FORWARD = "forward pass"
TWIN, COMPILED = "top-down pass, twin", "top-down pass, compiled"
NETWORKS = ("alexnet", "VGG16")
_BATCH_SIZES = (1, 32)
_SMALL, _SMALL_SIZE = "critter_net", (64, 64)


def stnet(options: SuiteOptions) -> Iterator[CaseGroup]:
    """Two groups of cases for each network and batch size, and one for the twin.

    Weights are normal ones (He et al.) without biases, so that no gate is dropped and units are
    gated down to the image; images are noise. The pass starts at the predicted classes and ends
    where the network's preset says.

    Raises:
        BuildError: custom_ops/build.py's; there is no C++ compiler.
        ValueError: There is no such network.
    """
    library = SortingLibrary()
    for name in options.backbones or NETWORKS:
        network = build_model(dataclasses.replace(options, model=name))
        model = he_normal(network, options.seed)
        for size in options.batch_sizes or _BATCH_SIZES:
            yield from _network_groups(name, model, library, size, options.seed)
    small = build_model(dataclasses.replace(options, model=_SMALL, image_size=_SMALL_SIZE))
    yield _twin_group(he_normal(small, options.seed), options.seed)


def he_normal(model: keras.Model, seed: int) -> keras.Model:
    """The model itself, its kernels drawn anew: sqrt(2 / inputs) times normal noise."""
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            shape = layer.kernel.shape
            noise = random.standard_normal(shape, np.float32)
            layer.kernel.assign(noise * np.float32((2 / np.prod(shape[:-1])) ** 0.5))
    return model


def _network_groups(
    name: str, model: keras.Model, library: SortingLibrary, size: int, seed: int
) -> Iterator[CaseGroup]:
    images = _noise(model, size, seed)
    explainer = STNet(model)
    sight = explainer.see(images)
    ids = tf.argmax(sight.logits, axis=1, output_type=tf.int32)
    layers = gated_layers(model, images, ids)
    forward = tf.function(lambda images: model(images, training=False))
    subject = f"{name} {_sides(model)}"
    top_down = Stopwatch(lambda: _maps(explainer.explain(sight, ids)))
    cases = [
        Case(FORWARD, lambda: forward(images)),
        Case("images to maps", lambda: _maps(explainer.localize(images, ids)), FORWARD),
        Case(TOP_DOWN, top_down, FORWARD, lambda result: _kept(result, layers, size)),
        sorting_case(layers, library, top_down, seed),
    ]
    yield CaseGroup(subject, size, tuple(cases))
    yield CaseGroup(f"{subject}, gated units", size, tuple(stage_one(layers, library, seed)))


def _twin_group(model: keras.Model, seed: int) -> CaseGroup:
    images = _noise(model, 1, seed)
    runs = []
    for mode in ("off", "require"):
        explainer = STNet(model)
        sight = explainer.see(images)
        ids = tf.argmax(sight.logits, axis=1, output_type=tf.int32)
        runs.append(lambda explainer=explainer, sight=sight, ids=ids: explainer.explain(sight, ids))
        with _custom_ops(mode):
            runs[-1]()  # which operation it is is settled when it is traced
    twin, compiled = ((lambda run=run: _maps(run())) for run in runs)
    cases = Case(TWIN, twin), Case(COMPILED, compiled, TWIN)
    return CaseGroup(f"{_SMALL} {_sides(model)}", 1, cases)


@contextlib.contextmanager
def _custom_ops(mode: str) -> Iterator[None]:
    before = os.environ.get("TFWSOL_CUSTOM_OPS")
    os.environ["TFWSOL_CUSTOM_OPS"] = mode
    try:
        yield
    finally:
        del os.environ["TFWSOL_CUSTOM_OPS"]
        if before is not None:
            os.environ["TFWSOL_CUSTOM_OPS"] = before


def _maps(found: Localization) -> tuple[tf.Tensor, tf.Tensor]:
    return found.maps, found.details["mass"]


def _kept(result: Sequence[np.ndarray], layers: Sequence[GatedLayer], size: int) -> str:
    gated = sum(len(layer.gated) for layer in layers)
    products = sum(len(layer.gated) * layer.products for layer in layers)
    return (
        f"an image: {gated / size:.0f} units gated, {products / size / 1e6:.1f} M products, "
        f"{result[1][..., -1].mean():.0%} of the gates kept"
    )


def _sides(model: keras.Model) -> str:
    return "×".join(map(str, model.input_shape[1:3]))


def _noise(model: keras.Model, size: int, seed: int) -> tf.Tensor:
    noise = np.random.default_rng(seed).standard_normal((size, *model.input_shape[1:]), np.float32)
    return tf.constant(noise)
