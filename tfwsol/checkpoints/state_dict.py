"""Which of the dictionaries in a checkpoint is the state dict, and how its names begin."""

from __future__ import annotations

from typing import Any, NamedTuple

from tfwsol.checkpoints.checkpoint_error import CheckpointError
from tfwsol.checkpoints.tensor_record import TensorRecord

USUAL = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params")
"""Where training programs put the state dict, the first one present wins."""

WRAPPERS = ("module.", "_orig_mod.")
"""What DataParallel and torch.compile put before every name."""

_DEEPEST = 8


class StateDict(NamedTuple):
    """Tensors under their own names.

    Attributes:
        tensors: Name → record.
        container: The keys that led there, joined by "/"; "" where it is the file itself.
        prefix: What stood before every name and was taken off.
        left_out: Names beside the tensors, there and on the way, that are none.
    """

    tensors: dict[str, TensorRecord]
    container: str
    prefix: str
    left_out: tuple[str, ...]


def found_in(tree: Any, entry: str | None = None) -> StateDict:
    """The state dict in what a file holds.

    A dictionary under a usual name is entered first; else a dictionary with tensors of its own
    is the state dict; else the only dictionary in it that has some is entered. A wrapper's
    prefix is taken off where every name has it, as often as every name has it.

    Args:
        tree: Dictionaries with TensorRecords as leaves.
        entry: Keys joined by "/" that lead to the dictionary to look in; None: look everywhere.

    Raises:
        CheckpointError: There is none, there are several and none has a usual name, or the
            entry is not there.
    """
    path, left_out, has_tensors = [], [], {}
    for key in entry.split("/") if entry else ():
        if not isinstance(tree, dict) or not isinstance(tree.get(key), dict):
            raise CheckpointError(f"there is no dictionary {entry!r} in it{_hint(tree)}.")
        tree = tree[key]
        path.append(key)
    while (key := _next(tree, has_tensors)) is not None:
        if len(path) >= _DEEPEST:
            raise CheckpointError(f"its dictionaries are nested deeper than {_DEEPEST} levels.")
        path.append(key)
        left_out += [_text("/".join([*path[:-1], str(name)])) for name in tree if name != key]
        tree = tree[key]
    tensors, others = {}, []
    for name, value in tree.items():
        if isinstance(value, TensorRecord):
            tensors[_text(name)] = value
        else:
            others.append(_text("/".join([*path, str(name)])))
    tensors, prefix = _unwrapped(tensors)
    return StateDict(tensors, "/".join(path), prefix, (*left_out, *others))


def _next(tree: Any, has_tensors: dict[int, bool]) -> str | None:
    """The key to enter, or None where `tree` is the state dict."""
    if not isinstance(tree, dict):
        raise CheckpointError(
            f"it holds {_article(tree)}, but a dictionary of tensors (a state dict) was expected."
        )
    inner = {key: value for key, value in tree.items() if isinstance(value, dict)}
    within = [
        key for key, value in inner.items() if isinstance(key, str) and _has(value, has_tensors)
    ]
    usual = [key for key in USUAL if key in within] or [key for key in USUAL if key in inner]
    if usual:
        return usual[0]
    if _has(tree, has_tensors):
        return None
    if len(within) == 1:
        return within[0]
    if within:
        raise CheckpointError(
            f"it holds several dictionaries of tensors{_hint(tree)}; say which one by entry=."
        )
    raise CheckpointError(f"there are no tensors in it{_hint(tree)}.")


def _has(tree: dict, has_tensors: dict[int, bool]) -> bool:
    # Remembered, since a small file can mention one large dictionary very often.
    if id(tree) not in has_tensors:
        has_tensors[id(tree)] = any(isinstance(value, TensorRecord) for value in tree.values())
    return has_tensors[id(tree)]


def _unwrapped(tensors: dict[str, TensorRecord]) -> tuple[dict[str, TensorRecord], str]:
    taken = ""
    while tensors:
        prefix = next((p for p in WRAPPERS if all(name.startswith(p) for name in tensors)), None)
        if prefix is None:
            break
        tensors = {name.removeprefix(prefix): record for name, record in tensors.items()}
        taken += prefix
    return tensors, taken


def _text(name: Any) -> str:
    if not isinstance(name, str) or not name.isprintable():
        raise CheckpointError(f"the name {str(name)[:40]!r} of a tensor is no printable text.")
    return name


def _hint(tree: Any) -> str:
    if not isinstance(tree, dict):
        return ""
    names = [str(name)[:40] for name in list(tree)[:6]]
    return f" (found {names})" if names else ""


def _article(tree: Any) -> str:
    if isinstance(tree, TensorRecord):
        return "a single tensor"
    return f"a {type(tree).__name__}"
