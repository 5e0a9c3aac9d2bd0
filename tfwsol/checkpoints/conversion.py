"""Networks of this package with the weights of PyTorch and tensorpack files."""

from __future__ import annotations

import dataclasses
import os
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
from absl import logging

from tfwsol import backbones
from tfwsol.checkpoints.checkpoint_error import CheckpointError, reported
from tfwsol.checkpoints.reading import read
from tfwsol.checkpoints.room import save_weights

_SUFFIXES = (".keras", ".weights.h5")
_CLASS_AXES = {"fc.weight": 0, "SPG_A4.weight": 0, "linear/W": -1}
"""Head kernels of the published networks, and which axis counts the classes."""

_OWN_HEADS = {"alexnet": "classifier.6.weight", "squeezenet": "classifier.1.weight"}
"""Those whose name is another layer's in other networks; the first axis counts the classes."""

_MISSING = "is missing"
_MOST_NAMED = 6

_COUNTER = "num_batches_tracked"
"""Counts the steps of a PyTorch batch norm; Keras has no such weight, so it is no loss."""


@dataclasses.dataclass(frozen=True)
class Filling:
    """What went where when a network took over a file's tensors.

    Attributes:
        source: Whose names the file has: "torchvision", "wsolevaluation", ….
        filled: Tensors that are now weights of the network.
        initialised: Weights that stay as they were initialised, and why; only of the head.
        unused: Tensors that the network has no place for, step counters aside.
    """

    source: str
    filled: tuple[str, ...]
    initialised: tuple[str, ...]
    unused: tuple[str, ...]

    def __str__(self) -> str:
        said = f"{len(self.filled)} tensors taken over by {self.source} names"
        said += f"; left as initialised: {', '.join(self.initialised)}" if self.initialised else ""
        return said + (f"; unused: {', '.join(self.unused)}" if self.unused else "") + "."


def convert(
    path: str | os.PathLike[str],
    architecture: str,
    output: str | os.PathLike[str] | None = None,
    source: str | None = None,
    entry: str | None = None,
    **options: Any,
) -> keras.Model:
    """The network of that name with the weights of a PyTorch, safetensors or tensorpack file.

    What stays as initialised and what is unused is said in the log.

    Args:
        path: What `read` takes.
        architecture: A name of `backbones.names()` that has `backbones.weight_sources`.
        output: A .keras or .weights.h5 file to be written, too; whole or not at all.
        source: Whose names the file has; None: those that fit most tensors.
        entry: See `read`.
        **options: Of `backbones.build`. Without num_classes the network gets as many classes
            as the file's head has, or its usual number where the file has none. With
            num_classes a head of another size stays as initialised.

    Raises:
        CheckpointError: The file cannot be read, or does not fill the network: the sentence
            names each missing tensor, and each that does not fit with both shapes.
        ValueError: There is no such network.
    """
    model, filling = converted(path, architecture, output, source, entry, **options)
    (logging.warning if filling.initialised or filling.unused else logging.info)("%s", filling)
    return model


def converted(
    path: str | os.PathLike[str],
    architecture: str,
    output: str | os.PathLike[str] | None = None,
    source: str | None = None,
    entry: str | None = None,
    **options: Any,
) -> tuple[keras.Model, Filling]:
    """The network `convert` gives, and what went where."""
    if output is not None and not os.fspath(output).endswith(_SUFFIXES):
        raise CheckpointError(
            f"Expected an output that ends in {' or '.join(_SUFFIXES)}, but "
            f"{os.fspath(output)!r} came."
        )
    if architecture in backbones.names() and not backbones.weight_sources(architecture):
        known = [name for name in backbones.names() if backbones.weight_sources(name)]
        raise CheckpointError(
            f"The weights of {architecture!r} are Keras files, load them with load_weights; "
            f"other programs' files fill {known}."
        )
    tensors = read(path, entry)
    is_asked = options.get("num_classes") is not None
    if "num_classes" not in options:
        options = {**options, **_classes(tensors, architecture)}
    model = backbones.build(architecture, **options)
    with reported(path):
        filling = fill(model, tensors, source, replace_head=is_asked)
    if output is not None:
        _write(model, Path(output))
    return model, filling


def fill(
    model: keras.Model,
    tensors: Mapping[str, np.ndarray],
    source: str | None = None,
    replace_head: bool = False,
) -> Filling:
    """Assigns a file's tensors to the weights of a network, all of them or none.

    Args:
        model: A network of `backbones.build`, also with layers inserted since.
        tensors: What `read` gives.
        source: Whose names they have; None: those that fit most tensors.
        replace_head: Whether a head of another shape stays as initialised, as a missing one does.

    Raises:
        CheckpointError: Some weights have no tensor, or one of another shape; names some of
            them, those of another shape first, with both shapes.
    """
    source = source or _best_source(model, tensors)
    try:
        entries = backbones.file_weights(model, source)
    except ValueError as error:
        raise CheckpointError(str(error)) from error
    return fill_weights(model, entries, tensors, source, replace_head)


def fill_weights(
    model: keras.Model,
    entries: Sequence[backbones.FileWeight],
    tensors: Mapping[str, np.ndarray],
    source: str,
    replace_head: bool = False,
) -> Filling:
    """As `fill`, with the names of the weights given.

    Args:
        model: That has these weights.
        entries: Its weights under the names of the file.
        tensors: See `fill`.
        source: What the names are called.
        replace_head: See `fill`.

    Raises:
        CheckpointError: See `fill`.
    """
    fitting, initialised, wrong = _sorted_out(entries, tensors, replace_head)
    used = {entry.name for entry in entries}
    unused = [name for name in tensors if name not in used and not name.endswith(_COUNTER)]
    if wrong:
        raise CheckpointError(_refusal(model, source, wrong, unused))
    for entry, array in fitting:
        entry.variable.assign(array)
    filled = tuple(entry.name for entry, _ in fitting)
    return Filling(source, filled, (*initialised, *_unnamed(model, entries)), tuple(unused))


def _sorted_out(
    entries: Sequence[backbones.FileWeight], tensors: Mapping[str, np.ndarray], replace_head: bool
) -> tuple[list[tuple[backbones.FileWeight, np.ndarray]], list[str], list[str]]:
    """Weights with their arrays, objections that leave a head as it is, and those that do not."""
    fitting, initialised, wrong = [], [], []
    for entry in entries:
        if entry.name not in tensors:
            (initialised if entry.is_head else wrong).append(
                f"tensor {entry.name!r} for {entry.variable.path!r} of shape "
                f"{tuple(entry.variable.shape)} {_MISSING}"
            )
            continue
        array, objection = _fitted(entry, tensors[entry.name])
        if objection is None:
            fitting.append((entry, array))
        else:
            (initialised if entry.is_head and replace_head else wrong).append(objection)
    return fitting, initialised, wrong


def _fitted(entry: backbones.FileWeight, array: np.ndarray) -> tuple[np.ndarray | None, str | None]:
    """The array in Keras' layout, or why it does not fit."""
    if array.dtype.kind != "f":
        return None, f"tensor {entry.name!r} has dtype {array.dtype}, not a floating one"
    try:
        return entry.to_keras(array), None
    except ValueError:  # whose sentence would not read well in a list
        return None, (
            f"tensor {entry.name!r} of shape {array.shape} does not fit {entry.variable.path!r} of "
            f"shape {tuple(entry.variable.shape)} in Keras' layout"
        )


def _best_source(model: keras.Model, tensors: Mapping[str, np.ndarray]) -> str:
    """The source most of whose names are in the file with a shape that fits."""
    fits = {
        source: sum(
            entry.name in tensors and _fitted(entry, tensors[entry.name])[1] is None
            for entry in backbones.file_weights(model, source)
        )
        for source in backbones.weight_sources(model)
    }
    if not any(fits.values()):
        raise CheckpointError(
            f"none of its {len(tensors)} tensors ({', '.join(list(tensors)[:3])}, …) fits "
            f"{model.name!r} by the names of {list(fits)}; check the architecture."
        )
    return max(fits, key=fits.__getitem__)


def _classes(tensors: Mapping[str, np.ndarray], architecture: str) -> dict[str, int]:
    own = {_OWN_HEADS[architecture]: 0} if architecture in _OWN_HEADS else {}
    for name, axis in {**_CLASS_AXES, **own}.items():
        if name in tensors and tensors[name].ndim:
            return {"num_classes": tensors[name].shape[axis]}
    return {}


def _unnamed(model: keras.Model, entries: Sequence[backbones.FileWeight]) -> list[str]:
    named = {id(entry.variable) for entry in entries}
    return [f"{v.path!r}, which such files lack" for v in model.weights if id(v) not in named]


def _refusal(model: keras.Model, source: str, wrong: list[str], unused: list[str]) -> str:
    """One sentence; the file of another network would fill pages, so some tensors stand for all."""
    telling = sorted(wrong, key=lambda objection: objection.endswith(_MISSING))
    said = f"it does not fill {model.name!r} by {source} names: {_some(telling, '; ')}"
    said += f"; unused: {_some(unused, ', ')}" if unused else ""
    few = len(wrong) <= _MOST_NAMED
    return said + ("." if few else "; is it a file of another architecture?")


def _some(texts: Sequence[str], between: str) -> str:
    shown = between.join(texts[:_MOST_NAMED])
    more = len(texts) - _MOST_NAMED
    return shown if more <= 0 else f"{shown}{between}and {more} more"


def _write(model: keras.Model, output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    suffix = next(suffix for suffix in _SUFFIXES if output.name.endswith(suffix))
    draft = output.with_name(f".{uuid.uuid4().hex}{suffix}")
    try:
        if suffix == ".keras":
            model.save(draft)
        else:
            save_weights(model, draft)
        os.replace(draft, output)
    finally:
        draft.unlink(missing_ok=True)
