"""How long the top-down pass of a whole network takes on a device, beside its forward pass.

Activations are random ones after a rectifier. Weights are random and lean to the positive side
just so far that nearly all units are active, as units are that get a gate in a real network.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

if __package__:
    from tfwsol.custom_ops.top_down_gating.device_library import (
        Device,
        DeviceArray,
        PreparedPass,
        Window,
    )
else:
    from device_library import Device, DeviceArray, PreparedPass, Window


Shape = tuple[int, ...]

PLAIN = {"packed": True, "extras": False}


@dataclasses.dataclass(frozen=True)
class Layer:
    """A layer of a chain: conv and pool over windows, dense and bridge over a vector."""

    kind: str
    outputs: int = 0
    size: int = 1
    stride: int = 1
    padding: int = 0
    offset: int = 0
    """Of mode 699, for dense layers and the bridge."""


def _vgg_blocks(*blocks: tuple[int, int]) -> list[Layer]:
    layers = []
    for count, outputs in blocks:
        layers += [Layer("conv", outputs, 3, 1, 1)] * count + [Layer("pool", 0, 2, 2)]
    return layers


ALEXNET = (
    Layer("conv", 64, 11, 4, 2),
    Layer("pool", 0, 3, 2),
    Layer("conv", 192, 5, 1, 2),
    Layer("pool", 0, 3, 2),
    Layer("conv", 384, 3, 1, 1),
    Layer("conv", 256, 3, 1, 1),
    Layer("conv", 256, 3, 1, 1),
    Layer("pool", 0, 3, 2),
    Layer("conv", 4096, 6),
    Layer("bridge", offset=1),
    Layer("dense", 4096, offset=3),
    Layer("dense", 1000, offset=3),
)
VGG16 = (
    *_vgg_blocks((2, 64), (2, 128), (3, 256), (3, 512), (3, 512)),
    Layer("conv", 4096, 7),
    Layer("bridge", offset=0),
    Layer("dense", 4096, offset=2),
    Layer("dense", 1000, offset=2),
)
SMALL = (
    Layer("conv", 8, 3, 2, 1),
    Layer("pool", 0, 2, 2),
    Layer("conv", 12, 4),
    Layer("bridge"),
    Layer("dense", 5),
)


class Chain:
    """The passes of a network from a class down to its image, in memory of their own.

    Args:
        device: Where they run.
        layers: From the image up.
        side: Of the square image of three channels.
        batch: Images; each starts at a class of its own.

    Attributes:
        passes: In the order in which they run.
        bytes: What they have to read and write at least: gates above, inputs, gates below.
    """

    def __init__(self, device: Device, layers: tuple[Layer, ...], side: int, batch: int) -> None:
        self._device, self._random = device, np.random.default_rng(0)
        shapes = layer_shapes(layers, (batch, side, side, 3))
        start = np.zeros(_flat(shapes[-1]), np.float32)
        start[np.arange(batch), np.arange(batch) % start.shape[1]] = 1
        above = device.upload(start)
        self.passes: list[PreparedPass] = []
        self.bytes = 0
        for layer, below, top in reversed(list(zip(layers, shapes[:-1], shapes[1:], strict=True))):
            self.passes.append(self._pass(layer, below, top, above))
            self.bytes += above.bytes + 2 * self.passes[-1].below.bytes
            above = self.passes[-1].below

    def run(self) -> None:
        """Queues all passes."""
        for one in self.passes:
            one.run()

    def _pass(self, layer: Layer, below: Shape, top: Shape, above: DeviceArray) -> PreparedPass:
        prepare = {"conv": self._conv, "pool": self._pool, "dense": self._dense}
        if layer.kind == "bridge":
            classes = self._device.upload(np.ones((below[0], 1), np.float32))
            ones = self._device.upload(np.ones((1, below[-1]), np.float32))
            return self._device.prepare_dense(
                above.reshaped(_flat(below)), ones, classes, offset=layer.offset, **PLAIN
            )
        return prepare[layer.kind](layer, below, above.reshaped(top))

    def _conv(self, layer: Layer, below: Shape, above: DeviceArray) -> PreparedPass:
        kernel = self._weights((layer.outputs, layer.size, layer.size, below[-1]))
        window = Window((layer.stride,) * 2, (layer.padding,) * 2)
        return self._device.prepare_conv(self._input(below), kernel, above, window, **PLAIN)

    def _pool(self, layer: Layer, below: Shape, above: DeviceArray) -> PreparedPass:
        window = Window((layer.stride,) * 2, (layer.padding,) * 2)
        return self._device.prepare_pool(self._input(below), above, (layer.size,) * 2, window)

    def _dense(self, layer: Layer, below: Shape, above: DeviceArray) -> PreparedPass:
        kernel = self._weights((layer.outputs, int(np.prod(below[1:]))))
        x = self._input(_flat(below))
        above = above.reshaped(_flat(above.shape))
        return self._device.prepare_dense(x, kernel, above, offset=layer.offset, **PLAIN)

    def _input(self, shape: Shape) -> DeviceArray:
        noise = self._random.standard_normal(shape, np.float32)
        return self._device.upload(np.maximum(noise, 0, out=noise))

    def _weights(self, shape: Shape) -> DeviceArray:
        products = np.prod(shape[1:])
        weights = self._random.standard_normal(shape, np.float32) + np.float32(3 / products**0.5)
        return self._device.upload(weights * np.float32((2 / products) ** 0.5))


def layer_shapes(layers: tuple[Layer, ...], image: Shape) -> list[Shape]:
    """The shape of the input, then of the output of every layer."""
    shapes = [image]
    for layer in layers:
        batch, *sides, channels = shapes[-1]
        if layer.kind in {"conv", "pool"}:
            sides = [(n + 2 * layer.padding - layer.size) // layer.stride + 1 for n in sides]
            shapes.append((batch, *sides, layer.outputs or channels))
        elif layer.kind == "dense":
            shapes.append((batch, layer.outputs))
        else:
            shapes.append((batch, int(np.prod(shapes[-1][1:]))))
    return shapes


def table(device: Device, small: bool = False, repeats: int = 20) -> list[str]:
    """Lines with the time of whole passes, of a copy within the device and of forward passes.

    Args:
        device: Where they run.
        small: A toy network in place of AlexNet and VGG16.
        repeats: Runs of which the median counts, after two that do not.
    """
    cells = 1 << (16 if small else 28)
    source, target = (device.empty((cells,)) for _ in range(2))
    copying = _median(device, lambda: device.copy(target, source), repeats)
    speed = 2 * source.bytes / copying / 1e6
    lines = [f"A copy within the device reads and writes {speed:.0f} GB/s."]
    networks = {"toy": (SMALL, 16)} if small else {"AlexNet": (ALEXNET, 224), "VGG16": (VGG16, 224)}
    for name, (layers, side) in networks.items():
        for batch in (1, 2) if small else (1, 32):
            chain = Chain(device, layers, side, batch)
            passing = _median(device, chain.run, repeats)
            rate = chain.bytes / passing / 1e6
            line = f"{name}, batch {batch}: top-down pass {passing:.3f} ms ({rate:.0f} GB/s)"
            forward = forward_milliseconds(layers, side, batch, repeats)
            if forward is None:
                lines.append(f"{line}; forward pass not timed (no PyTorch with a GPU).")
            else:
                lines.append(f"{line}, forward pass {forward:.3f} ms: {passing / forward:.1%}.")
    return lines


def forward_milliseconds(
    layers: tuple[Layer, ...], side: int, batch: int, repeats: int = 20
) -> float | None:
    """The median time of PyTorch's float32 forward pass on the GPU; None where there is none."""
    try:
        import torch
    except ImportError:
        return None
    if not torch.cuda.is_available():
        return None
    network = _torch_network(layers, side).eval().cuda().to(memory_format=torch.channels_last)
    image = torch.randn(batch, 3, side, side, device="cuda")
    image = image.to(memory_format=torch.channels_last)
    times = []
    with torch.inference_mode():
        for _ in range(repeats + 2):
            marks = [torch.cuda.Event(enable_timing=True) for _ in range(2)]
            marks[0].record()
            network(image)
            marks[1].record()
            torch.cuda.synchronize()
            times.append(marks[0].elapsed_time(marks[1]))
    return float(np.median(times[2:]))


def _torch_network(layers: tuple[Layer, ...], side: int) -> object:
    from torch import nn

    made, flat = [], False
    for layer, below in zip(layers, layer_shapes(layers, (1, side, side, 3)), strict=False):
        window = {"stride": layer.stride, "padding": layer.padding}
        if layer.kind == "conv":
            made += [nn.Conv2d(below[-1], layer.outputs, layer.size, **window), nn.ReLU()]
        elif layer.kind == "pool":
            made.append(nn.MaxPool2d(layer.size, **window))
        elif layer.kind == "dense":
            made += [] if flat else [nn.Flatten()]
            made += [nn.Linear(int(np.prod(below[1:])), layer.outputs), nn.ReLU()]
            flat = True
    return nn.Sequential(*made)


def _median(device: Device, run: Callable[[], None], repeats: int) -> float:
    return float(np.median([device.milliseconds(run) for _ in range(repeats + 2)][2:]))


def _flat(shape: Shape) -> Shape:
    return (shape[0], int(np.prod(shape[1:])))
