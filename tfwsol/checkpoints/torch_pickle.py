"""What a PyTorch pickle describes, found by reading its opcodes without obeying them.

`pickle.Unpickler` with a strict `find_class` is not enough for files from strangers: nine bytes
make its memo take gigabytes, a deeply nested tuple as a dictionary's key overflows the C stack,
and BUILD sets attributes of whatever it is handed. So the standard library only cuts the stream
into opcodes (`pickletools.genops`), and the three dozen that `torch.save` writes are interpreted
here: they make numbers, text, lists, tuples, dictionaries and records of tensors. Numbers of
NumPy beside the weights become records without a value.
"""

from __future__ import annotations

import io
import pickletools
from typing import Any

from tfwsol.checkpoints.checkpoint_error import CheckpointError
from tfwsol.checkpoints.torch_globals import (
    NumpyValue,
    TorchStorage,
    admitted,
    called,
    checked_key,
    stored,
)

LONGEST_PICKLE = 2**23
"""Bytes; about sixty thousand tensors. Their numbers are stored outside the pickle."""

_LITERALS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"),
    *("BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def interpreted(
    data: bytes, start: int = 0, storages: dict[str, TorchStorage] | None = None
) -> tuple[Any, int]:
    """The object a pickle describes, and where the pickle ends.

    An `OrderedDict` becomes a dict without the attributes it had; a tensor a TensorRecord.

    Args:
        data: Bytes that hold the pickle.
        start: Where in them it begins.
        storages: Receives the storages the pickle mentions, by key.

    Raises:
        CheckpointError: The pickle asks for a name or an opcode that no state dict needs.
        ValueError, IndexError, KeyError: It is malformed.
    """
    stream = io.BytesIO(data)
    stream.seek(start)
    machine = _Machine({} if storages is None else storages)
    for opcode, argument, _ in pickletools.genops(stream):
        machine.step(opcode.name, argument)
    if len(machine.stack) != 1 or machine.below:
        raise CheckpointError("the pickle leaves its stack in disorder.")
    return machine.stack[0], stream.tell()


class _Machine:
    """The stack, the stacks below the marks, and the memo."""

    def __init__(self, storages: dict[str, TorchStorage]) -> None:
        self.storages = storages
        self.stack: list[Any] = []
        self.below: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def step(self, opcode: str, argument: Any) -> None:
        """Does what one opcode says."""
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode])
        elif opcode in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.stack[-1]
        elif opcode == "MEMOIZE":
            self.memo[len(self.memo)] = self.stack[-1]
        elif opcode in ("BINGET", "LONG_BINGET"):
            self.stack.append(self.memo[argument])
        elif opcode == "MARK":
            self.below.append(self.stack)
            self.stack = []
        elif opcode not in ("PROTO", "FRAME", "STOP"):
            self._compose(opcode, argument)

    def _compose(self, opcode: str, argument: Any) -> None:
        pop = self.stack.pop
        if opcode in _TUPLES:
            self.stack.append(tuple(reversed([pop() for _ in range(_TUPLES[opcode])])))
        elif opcode == "TUPLE":
            items = tuple(self._above_mark())
            self.stack.append(items)
        elif opcode in ("EMPTY_DICT", "EMPTY_LIST"):
            self.stack.append({} if opcode == "EMPTY_DICT" else [])
        elif opcode in ("APPEND", "APPENDS"):
            items = [pop()] if opcode == "APPEND" else self._above_mark()
            self._top(list).extend(items)
        elif opcode in ("SETITEM", "SETITEMS"):
            items = [pop(), pop()][::-1] if opcode == "SETITEM" else self._above_mark()
            _set(self._top(dict), items)
        elif opcode == "GLOBAL":
            self.stack.append(admitted(*argument.split(" ", 1)))
        elif opcode == "STACK_GLOBAL":
            name, module = pop(), pop()
            self.stack.append(admitted(*map(_text, (module, name))))
        elif opcode == "BINPERSID":
            self.stack.append(self._known(stored(pop())))
        elif opcode == "REDUCE":
            arguments, function = pop(), pop()
            self.stack.append(called(function, arguments))
        elif opcode == "BUILD":
            # The attributes of a state dict tell versions of modules, not weights; those of a
            # dtype its byte order, and those of an array its numbers.
            pop()
            if not isinstance(self.stack[-1], NumpyValue):
                self._top(dict)
        else:
            raise CheckpointError(
                f"the pickle uses the opcode {opcode}, which no state dict needs; save only the "
                "state dict (tensors under names) and convert that."
            )

    def _known(self, storage: TorchStorage) -> TorchStorage:
        first = self.storages.setdefault(storage.key, storage)
        if (first.dtype, first.size) != (storage.dtype, storage.size):
            raise CheckpointError(f"storage {storage.key[:40]!r} is described in two ways.")
        return storage

    def _above_mark(self) -> list[Any]:
        items, self.stack = self.stack, self.below.pop()
        return items

    def _top(self, kind: type) -> Any:
        if type(self.stack[-1]) is not kind:
            raise CheckpointError(f"the pickle changes something that is no {kind.__name__}.")
        return self.stack[-1]


def _set(target: dict, items: list[Any]) -> None:
    for key, value in zip(items[::2], items[1::2], strict=True):
        target[checked_key(key)] = value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise CheckpointError("the pickle names something by what is no text.")
    return value
