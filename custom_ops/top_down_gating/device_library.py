"""The gating passes of a device, called without a framework; needs NumPy alone.

The library is one that `build_device_library` of ``custom_ops/build.py`` compiled: for a GPU, or
for the CPU, which then emulates one.
"""

from __future__ import annotations

import ctypes
import dataclasses
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np

MODES = ("1", "ALL", "699")
ORDERS = ("ascending", "descending", "shuffled")
FINDINGS = (
    (1, "x is not finite everywhere"),
    (2, "gates is not finite everywhere"),
    (4, "kernel is not finite where units are gated, or its products with x are not"),
)

Pair = tuple[int, int]


class DeviceError(RuntimeError):
    """The device refused; the message is that of its runtime."""


@dataclasses.dataclass(frozen=True)
class Window:
    """How a convolution or pool lies over its input; height comes first in every pair."""

    strides: Pair = (1, 1)
    padding: Pair = (0, 0)
    """Before the first row and column; that behind the last shows in the size of the gates."""
    dilation: Pair = (1, 1)
    groups: int = 1


@dataclasses.dataclass(frozen=True)
class Step:
    """What a pass hands down: gates like x, theta like its gates, two arrays like its kernel."""

    below: np.ndarray
    theta: np.ndarray | None = None
    kernel_gates: np.ndarray | None = None
    kernel_hits: np.ndarray | None = None


class DeviceArray:
    """Numbers in the device's memory: an address, a shape and a type."""

    def __init__(self, address: int, shape: tuple[int, ...], dtype: type, owner: object) -> None:
        self.address = address
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)
        self.owner = owner  # kept alive as long as this is

    @property
    def bytes(self) -> int:
        """The size of its memory."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def reshaped(self, shape: tuple[int, ...]) -> DeviceArray:
        """The same memory in another shape of as many numbers."""
        return DeviceArray(self.address, shape, self.dtype, self)


Array = np.ndarray | DeviceArray


class PreparedPass:
    """A pass with all its memory: run it as often as you like, then take its result.

    Attributes:
        below: The gates that it hands down, on the device.
    """

    def __init__(
        self,
        device: Device,
        queue: Callable[[int, int], int],
        workspace: int,
        outputs: list[DeviceArray | None],
    ) -> None:
        if workspace < 0:
            raise DeviceError("An image of x or gates has 2^31 cells or more.")
        self.below = outputs[0]
        self._device, self._queue, self._outputs = device, queue, outputs
        self._workspace = device.empty((workspace,), np.int8)
        self._findings = device.empty((1,), np.int32)

    def run(self) -> None:
        """Queues the pass, which waits for what was queued before."""
        self._device.check(self._queue(self._findings.address, self._workspace.address))

    def result(self) -> Step:
        """What the last run gave, when it has ended.

        Raises:
            ValueError: A number of an argument is not finite; the message names the argument.
        """
        findings = int(self._device.download(self._findings)[0])
        for bit, sentence in FINDINGS:
            if findings & bit:
                raise ValueError(f"{sentence}.")
        return Step(*(None if one is None else self._device.download(one) for one in self._outputs))


class Device:
    """A device and its passes; arguments and results are those of `tfwsol.ops`, in float32.

    Args:
        library: As `build_device_library` made it.

    Raises:
        OSError: It cannot be loaded.
    """

    def __init__(self, library: Path) -> None:
        self._functions = ctypes.CDLL(str(library))
        self._functions.tfwsol_kernel_workspace.restype = ctypes.c_int64
        self._functions.tfwsol_pool_workspace.restype = ctypes.c_int64
        self._functions.tfwsol_device_error.restype = ctypes.c_char_p

    @property
    def name(self) -> str:
        """What the device calls itself."""
        text = ctypes.create_string_buffer(256)
        self.check(self._functions.tfwsol_device_name(text, len(text)))
        return text.value.decode()

    def check(self, error: int) -> None:
        """Raises a DeviceError for an error of the runtime."""
        if error != 0:
            said = self._functions.tfwsol_device_error(error).decode()
            raise DeviceError(f"The device refused: {said} (CUDA error {error}).")

    def empty(self, shape: tuple[int, ...], dtype: type = np.float32) -> DeviceArray:
        """Memory that may hold anything; freed with the last reference."""
        address = ctypes.c_void_p()
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
        self.check(
            self._functions.tfwsol_device_allocate(ctypes.byref(address), ctypes.c_int64(size))
        )
        array = DeviceArray(address.value, shape, dtype, self)
        weakref.finalize(array, self._functions.tfwsol_device_free, address)
        return array

    def upload(self, array: Array) -> DeviceArray:
        """A copy on the device in float32; what is there already stays as it is."""
        if isinstance(array, DeviceArray):
            return array
        array = np.ascontiguousarray(array, np.float32)
        there = self.empty(array.shape)
        self._copy(there.address, array.ctypes.data, there.bytes)
        self.wait()
        return there

    def download(self, array: DeviceArray) -> np.ndarray:
        """A copy on the host, when all that was queued has ended."""
        here = np.empty(array.shape, array.dtype)
        self._copy(here.ctypes.data, array.address, array.bytes)
        self.wait()
        return here

    def copy(self, to: DeviceArray, source: DeviceArray) -> None:
        """Queues a copy within the device."""
        self._copy(to.address, source.address, source.bytes)

    def wait(self) -> None:
        """Returns when all that was queued has ended."""
        self.check(self._functions.tfwsol_device_wait())

    def milliseconds(self, run: Callable[[], None]) -> float:
        """How long the device takes for what `run` queues."""
        marks = [ctypes.c_void_p(), ctypes.c_void_p()]
        self.check(self._functions.tfwsol_device_mark(ctypes.byref(marks[0]), None))
        run()
        self.check(self._functions.tfwsol_device_mark(ctypes.byref(marks[1]), None))
        found = ctypes.c_float()
        self.check(self._functions.tfwsol_device_between(*marks, ctypes.byref(found)))
        return found.value

    def emulate_in_order(self, order: str) -> None:
        """Sets which thread of a block comes first, one of ORDERS; only where it is emulated."""
        self._functions.tfwsol_emulated_order(ORDERS.index(order))

    def conv(
        self, x: Array, kernel: Array, gates: Array, window: Window = Window(), **options: object
    ) -> Step:
        """A convolution's step; `options` and arguments as for `prepare_conv`."""
        return _now(self.prepare_conv(x, kernel, gates, window, **options))

    def dense(self, x: Array, kernel: Array, gates: Array, **options: object) -> Step:
        """A dense layer's step; `options` and arguments as for `prepare_dense`."""
        return _now(self.prepare_dense(x, kernel, gates, **options))

    def pool(self, x: Array, gates: Array, size: Pair, window: Window, **options: object) -> Step:
        """A pool's step; `options` and arguments as for `prepare_pool`."""
        return _now(self.prepare_pool(x, gates, size, window, **options))

    def prepare_conv(
        self,
        x: Array,
        kernel: Array,
        gates: Array,
        window: Window = Window(),
        *,
        alpha: float = 0.2,
        literal: bool = False,
        packed: bool = False,
        extras: bool = True,
    ) -> PreparedPass:
        """A convolution's pass, see `tfwsol.ops.conv_gating`.

        Args:
            x: batch × height × width × channels.
            kernel: height × width × channels per group × output channels; the last first when
                packed.
            gates: batch × output height × output width × output channels.
            window: Where its windows lie.
            alpha: Weight of energy against area.
            literal: Select zero and negative products as the published code does.
            packed: See `kernel`.
            extras: Also give theta and the gates of the kernel.
        """
        x, kernel, gates = (self.upload(array) for array in (x, kernel, gates))
        side = kernel.shape[1:3] if packed else kernel.shape[:2]
        pairs = (*window.strides, *window.padding, *window.dilation, window.groups)
        geometry = _geometry(*x.shape, *gates.shape[1:], *side, *pairs)
        more = (ctypes.c_int(packed), ctypes.c_float(alpha), ctypes.c_int(literal))
        function = self._functions.tfwsol_conv_pass
        return self._kernel_pass(function, geometry, (x, kernel, gates), more, extras)

    def prepare_dense(
        self,
        x: Array,
        kernel: Array,
        gates: Array,
        *,
        mode: str = "699",
        offset: int = 0,
        literal: bool = False,
        packed: bool = False,
        extras: bool = True,
    ) -> PreparedPass:
        """A dense layer's pass, see `tfwsol.ops.dense_gating`.

        Args:
            x: batch × inputs.
            kernel: inputs × outputs, or outputs × inputs when packed.
            gates: batch × outputs.
            mode: One of MODES.
            offset: Rows of the policy table to go on.
            literal: As for `prepare_conv`.
            packed: See `kernel`.
            extras: As for `prepare_conv`.
        """
        x, kernel, gates = (self.upload(array) for array in (x, kernel, gates))
        batch, inputs = x.shape
        geometry = _geometry(batch, 1, 1, inputs, 1, 1, gates.shape[1], 1, 1, 1, 1, 0, 0, 1, 1, 1)
        number = ctypes.c_int(MODES.index(mode)), ctypes.c_int64(offset)
        more = (ctypes.c_int(packed), *number, ctypes.c_int(literal))
        function = self._functions.tfwsol_dense_pass
        return self._kernel_pass(function, geometry, (x, kernel, gates), more, extras)

    def prepare_pool(
        self,
        x: Array,
        gates: Array,
        size: Pair,
        window: Window,
        *,
        mode: str = "1",
        offset: int = 0,
    ) -> PreparedPass:
        """A pool's pass, see `tfwsol.ops.pool_gating`.

        Args:
            x: batch × height × width × channels.
            gates: batch × output height × output width × channels.
            size: Height and width of its windows.
            window: Where they lie; the pool is not dilated, and groups are left as they are.
            mode: One of MODES.
            offset: Rows of the policy table to go on.
        """
        x, gates = self.upload(x), self.upload(gates)
        channels = x.shape[3]
        lie = (*window.strides, *window.padding, 1, 1, max(1, channels))
        geometry = _geometry(*x.shape, *gates.shape[1:], *size, *lie)
        below = self.empty(x.shape)
        number = ctypes.c_int(MODES.index(mode)), ctypes.c_int64(offset)

        def queue(findings: int, workspace: int) -> int:
            given = [geometry, *_addresses(x, gates), *number, *_addresses(below)]
            return self._functions.tfwsol_pool_pass(
                None, *given, ctypes.c_void_p(findings), ctypes.c_void_p(workspace)
            )

        return PreparedPass(self, queue, self._functions.tfwsol_pool_workspace(geometry), [below])

    def _kernel_pass(
        self,
        function: Callable[..., int],
        geometry: ctypes.Array,
        inputs: tuple[DeviceArray, ...],
        more: tuple[object, ...],
        extras: bool,
    ) -> PreparedPass:
        x, kernel, gates = inputs
        outputs = [self.empty(x.shape)]
        outputs += [self.empty(one.shape) if extras else None for one in (gates, kernel, kernel)]

        def queue(findings: int, workspace: int) -> int:
            given = [geometry, *_addresses(*inputs), *more, *_addresses(*outputs)]
            return function(None, *given, ctypes.c_void_p(findings), ctypes.c_void_p(workspace))

        workspace = self._functions.tfwsol_kernel_workspace(geometry)
        return PreparedPass(self, queue, workspace, outputs)

    def _copy(self, to: int, source: int, size: int) -> None:
        given = ctypes.c_void_p(to), ctypes.c_void_p(source), ctypes.c_int64(size)
        self.check(self._functions.tfwsol_device_copy(*given, None))


def _now(prepared: PreparedPass) -> Step:
    prepared.run()
    return prepared.result()


def _geometry(*values: int) -> ctypes.Array:
    return (ctypes.c_int64 * 16)(*values)


def _addresses(*arrays: DeviceArray | None) -> list[ctypes.c_void_p | None]:
    return [None if array is None else ctypes.c_void_p(array.address) for array in arrays]
