"""The refusals of the compiled gating operations, for their twins."""

from __future__ import annotations

from collections.abc import Sequence

MOST = 2**31 - 1
MOST_PLACES = 2**24

Shape = Sequence[int]


def refuse(sentence: str) -> None:
    """Raises the error that the compiled operations raise."""
    import tensorflow as tf

    raise tf.errors.InvalidArgumentError(None, None, sentence)


def check_conv(
    x: Shape, kernel: Shape, gates: Shape, layer: dict[str, Sequence[int] | int], packed: bool
) -> None:
    """Raises where shapes (whose batch may be None) and settings describe no convolution."""
    _check_layer(layer)
    _check_x(x, gates)
    if len(kernel) != 4:
        axes = "height × width × channels per group × output channels"
        if packed:
            axes = "output channels × height × width × channels per group"
        refuse(f"kernel is {axes}; got {_listed(kernel)}")
    height, width, depth, outputs = [*kernel[1:], kernel[0]] if packed else kernel
    if not 1 <= height * width * depth <= MOST:
        refuse(f"kernel has 1 to 2^31 weights per output channel; got {_listed(kernel)}")
    groups = layer["groups"]
    if x[3] % groups or depth != x[3] // groups or outputs % groups:
        refuse(
            f"kernel does not fit {x[3]} channels of x in groups (groups = {groups}); got "
            f"{_listed(kernel)}"
        )
    _check_gates(x, gates, layer, (height, width), outputs)


def check_pool(x: Shape, gates: Shape, layer: dict[str, Sequence[int] | int]) -> None:
    """Raises where shapes (whose batch may be None) and settings describe no pool."""
    _check_layer(layer)
    height, width = layer["pool_size"]
    _check_range("pool_size", [height, width], 2, 1)
    if height * width > MOST_PLACES:
        refuse(f"pool_size has at most 2^24 places; got {_listed([height, width])}")
    _check_x(x, gates)
    _check_gates(x, gates, layer, layer["pool_size"], x[3])


def check_dense(x: Shape, kernel: Shape, gates: Shape, packed: bool) -> None:
    """Raises where shapes (whose batch may be None) describe no dense layer."""
    if len(x) != 2:
        refuse(f"x is batch × inputs; got {_listed(x)}")
    if len(kernel) != 2:
        axes = "outputs × inputs" if packed else "inputs × outputs"
        refuse(f"kernel is {axes}; got {_listed(kernel)}")
    if len(gates) != 2:
        refuse(f"gates is batch × outputs; got {_listed(gates)}")
    inputs, outputs = reversed(kernel) if packed else kernel
    if not 1 <= inputs <= MOST:
        refuse(f"kernel has 1 to 2^31 inputs; got {_listed(kernel)}")
    if inputs != x[1]:
        refuse(
            f"kernel has one weight per input of x, which is {_listed(x)}; got {_listed(kernel)}"
        )
    if gates[0] != x[0] or gates[1] != outputs:
        refuse(f"gates is the layer's output, {_listed([x[0], outputs])}; got {_listed(gates)}")


def _check_layer(layer: dict[str, Sequence[int] | int]) -> None:
    _check_range("strides", layer["strides"], 2, 1)
    _check_range("padding", layer["padding"], 4, 0)
    _check_range("dilation", layer["dilations"], 2, 1)
    _check_range("groups", [layer["groups"]], 1, 1)


def _check_range(name: str, values: Sequence[int], count: int, least: int) -> None:
    if len(values) != count or any(not least <= value <= MOST for value in values):
        refuse(f"{name} is {count} integers from {least} on; got {_listed(values)}")


def _check_x(x: Shape, gates: Shape) -> None:
    for name, shape in (("x", x), ("gates", gates)):
        if len(shape) != 4:
            refuse(f"{name} is batch × height × width × channels; got {_listed(shape)}")


def _check_gates(x: Shape, gates: Shape, layer: dict, kernel: Sequence[int], channels: int) -> None:
    fits = gates[0] == x[0] and gates[3] == channels
    wanted = [x[0]]
    for axis in (0, 1):
        reach = (kernel[axis] - 1) * layer["dilations"][axis] + 1
        room = x[axis + 1] + sum(layer["padding"][2 * axis : 2 * axis + 2]) - reach
        stride = layer["strides"][axis]
        whole, cut = (max(0, (room + more) // stride + 1) for more in (0, stride - 1))
        fits = fits and gates[axis + 1] in (whole, cut)
        wanted.append(whole if whole == cut else f"{whole} or {cut}")
    if not fits:
        wanted = _listed([*wanted, channels])
        refuse(f"gates is the layer's output, {wanted}; got {_listed(gates)}")


def _listed(shape: Sequence[object]) -> str:
    return f"[{','.join(map(str, shape))}]"
