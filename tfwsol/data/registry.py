"""The data sets by name, prepared on first use and read as example dictionaries."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import io
import os
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any

import tensorflow as tf
import tensorflow_datasets as tfds
from absl import logging

from tfwsol.data.critters import critters_dataset_builder

_MODULES = {"critters": critters_dataset_builder}
"""Builder module of each data set. It holds a tfds ``Builder`` that names its ``SPLITS``, and a
``Config`` whose own fields are the options of ``load``."""


def names() -> list[str]:
    """The names that ``load`` knows, sorted."""
    return sorted(_MODULES)


def load(
    name: str, split: str, data_dir: str | os.PathLike[str] | None = None, **options: Any
) -> tf.data.Dataset:
    """The examples of one split as dictionaries, in the order of the data set.

    The data set is prepared on first use; a run that is cut short leaves nothing that a later one
    would take for complete.

    Args:
        name: One of ``names()``.
        split: A split of the data set, or a part of one as tfds writes it: ``"train[:10%]"``.
        data_dir: Where prepared data sets lie; None: where tfds keeps them
            (``$TFDS_DATA_DIR`` or ``~/tensorflow_datasets``).
        **options: Options of the data set, for critters ``image_size``, ``body``, ``seed``,
            ``train_size``, ``val_size`` and ``test_size``.

    Returns:
        Unbatched dictionaries: ``image`` uint8 height × width × 3; ``label`` int64; ``boxes``
        float32 n × 4, corners x0, y0, x1, y1 in pixels of the image; ``image_id`` string; where
        the data set has them, ``mask`` uint8 height × width of 0 and 1 and further fields.

    Raises:
        ValueError: If the name, the split or an option is unknown.
    """
    if name not in _MODULES:
        raise ValueError(_unknown("data set", name, names()))
    module = _MODULES[name]
    if split.partition("[")[0] not in module.Builder.SPLITS:
        raise ValueError(_unknown(f"split of {name}", split, module.Builder.SPLITS))
    config = _configure(name, module, options)
    with _quiet_tfds():
        builder = module.Builder(data_dir=data_dir, config=config)
        if not builder.is_prepared():
            builder.download_and_prepare()
        return _read(builder, split)


def _unknown(what: str, given: str, known: Iterable[str]) -> str:
    """One sentence that names what is known and the nearest misses."""
    known = list(known)
    near = difflib.get_close_matches(str(given), known)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"There is no {what} called {given!r}; known: {', '.join(known)}.{hint}"


def _configure(name: str, module: ModuleType, options: dict[str, Any]) -> Any:
    inherited = {field.name for field in dataclasses.fields(module.Config.__base__)}
    known = [field.name for field in dataclasses.fields(module.Config)]
    known = [option for option in known if option not in inherited]
    for option in options:
        if option not in known:
            raise ValueError(_unknown(f"option of {name}", option, known))
    config = module.Config(**options)
    # tfds refuses a configuration that only equals one of the builder's own.
    return module.Builder.builder_configs.get(config.name, config)


@contextlib.contextmanager
def _quiet_tfds() -> Iterator[None]:
    """Keeps tfds from printing, warning, drawing bars of its own and asking the network."""
    # TensorFlow's cloud file system asks the network whether this is a cloud machine.
    os.environ.setdefault("NO_GCE_CHECK", "true")
    tfds.disable_progress_bar()
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.set_verbosity(verbosity)


def _read(builder: Any, split: str) -> tf.data.Dataset:
    # One file after the other keeps the order; decoding is parallel all the same.
    reading = tfds.ReadConfig(interleave_cycle_length=1, add_tfds_id=False)
    examples = builder.as_dataset(split=split, shuffle_files=False, read_config=reading)
    return examples.map(_flatten_masks, num_parallel_calls=tf.data.AUTOTUNE)


def _flatten_masks(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """The example with masks of height × width instead of height × width × 1."""
    return {
        key: tf.squeeze(value, -1) if key.endswith("mask") and value.shape.rank == 3 else value
        for key, value in example.items()
    }
