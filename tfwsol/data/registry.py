"""The data sets by name, prepared on first use and read as example dictionaries."""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import errno
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import tensorflow as tf
import tensorflow_datasets as tfds
from absl import logging

from tfwsol.data.critters import critters_dataset_builder
from tfwsol.data.preparation.decoding import decode_as_pillow
from tfwsol.data.preparation.prepare import prepare_builder
from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.record_builder import RecordBuilder
from tfwsol.data.preparation.summary import PreparationSummary
from tfwsol.data.wsol_cub import wsol_cub_dataset_builder
from tfwsol.data.wsol_folder import wsol_folder_dataset_builder
from tfwsol.data.wsol_imagenet import wsol_imagenet_dataset_builder
from tfwsol.data.wsol_openimages import wsol_openimages_dataset_builder
from tfwsol.data.wsol_voc import wsol_voc_dataset_builder

_MODULES = {
    "critters": critters_dataset_builder,
    "cub": wsol_cub_dataset_builder,
    "folder": wsol_folder_dataset_builder,
    "imagenet": wsol_imagenet_dataset_builder,
    "openimages": wsol_openimages_dataset_builder,
    "voc": wsol_voc_dataset_builder,
}
"""Builder module of each data set. It holds a tfds ``Builder`` whose ``SPLITS`` may be asked for
(none: those that the download has), and a ``Config`` whose own fields are the options of ``load``,
unless there are none."""

_MASK_COUNTS = {"mask": "masks", "ignore_mask": "ignore_masks", "segmentation": "masks"}
"""Which count of a split says how many pictures have such a mask."""


def names() -> list[str]:
    """The names that ``load`` knows, sorted."""
    return sorted(_MODULES)


def load(
    name: str,
    split: str,
    data_dir: str | os.PathLike[str] | None = None,
    source: str | os.PathLike[str] | None = None,
    decode: bool = True,
    **options: Any,
) -> tf.data.Dataset:
    """The examples of one split as dictionaries, in the order of the data set.

    The data set is prepared on first use, from ``source`` unless it makes itself.

    Args:
        name: One of ``names()``.
        split: A split of the data set, or a part of one as tfds writes it: ``"train[:10%]"``.
        data_dir: Where prepared data sets lie; None: ``$TFDS_DATA_DIR``, ~/tensorflow_datasets.
        source: What the user downloaded; once it is prepared, only for the user's own folder.
        decode: False: ``image`` is the bytes of a file, which ``pipeline.batches`` shuffles and
            shards at a fraction of the memory and time, and decodes.
        **options: Options of the data set, ``option_names(name)``.

    Returns:
        Unbatched dictionaries: ``image`` uint8 height × width × 3; ``label`` int64; ``boxes``
        float32 n × 4, corners x0, y0, x1, y1 in pixels of the image; ``image_id`` string; where
        the split has them, ``mask`` and ``ignore_mask`` uint8 height × width of 0 and 1 (255:
        nobody drew one for this picture), ``labels`` int64 and further fields.

    Raises:
        ValueError: If a name is unknown, or the data set is neither prepared nor has a source.
    """
    check_name(name)
    _check_split(f"split of {name}", split, _MODULES[name].Builder.SPLITS)
    with _quiet_tfds():
        builder = _builder(name, data_dir, source, options)
        if not builder.is_prepared():
            _prepare(name, builder, source)
        prepared = f"split of {name} as prepared in {builder.data_dir}"
        _check_split(prepared, split, builder.info.splits)
        return _read(builder, split, decode)


def prepare(
    name: str,
    source: str | os.PathLike[str] | None,
    data_dir: str | os.PathLike[str] | None = None,
    on_corrupt: str = "refuse",
    on_wrong_count: str = "refuse",
    **options: Any,
) -> PreparationSummary:
    """Writes a data set once, as tfds keeps it, from the files that the user downloaded.

    An interrupted run leaves the folder ``<version>.preparing``; the same call then goes on after
    its last whole file. A data set that is prepared stays as it is.

    Args:
        name: One of ``names()``.
        source: Folder with the downloaded files; ``where(name)`` says which. None for data sets
            that make themselves.
        data_dir: Where prepared data sets lie; None: where tfds keeps them.
        on_corrupt: "refuse" the download if pictures cannot be decoded, or "skip" them.
        on_wrong_count: "refuse" or "accept" more or fewer pictures than published.
        **options: Options of the data set.

    Returns:
        Counts, what was skipped and what is missing.

    Raises:
        ValueError: If the name or an option is unknown, or in one sentence (``SourceError``) what
            is missing, corrupt or wrong in the source.
    """
    check_name(name)
    with _quiet_tfds():
        builder = _builder(name, data_dir, source, options)
        if not builder.is_prepared():
            return _prepare(name, builder, source, on_corrupt, on_wrong_count)
        metadata = builder.info.metadata or {}
        return PreparationSummary.from_metadata(name, Path(builder.data_dir), metadata, new=False)


def where(name: str) -> str:
    """Which files a data set is prepared from, where to get them, how large they are.

    Raises:
        ValueError: If the name is unknown.
    """
    check_name(name)
    return getattr(_MODULES[name].Builder, "WHERE", "").strip()


@dataclasses.dataclass(frozen=True)
class DatasetFacts:
    """What is known of a prepared data set without reading a picture.

    Attributes:
        class_names: Names of the labels, in their order.
        folder: Where it lies; the name of the folder tells versions and options apart.
        skipped: Why a picture was left out when it was prepared, by image_id.
    """

    class_names: list[str]
    folder: str
    skipped: Mapping[str, str]


def facts(
    name: str,
    data_dir: str | os.PathLike[str] | None = None,
    source: str | os.PathLike[str] | None = None,
    on_corrupt: str = "refuse",
    on_wrong_count: str = "refuse",
    **options: Any,
) -> DatasetFacts:
    """The facts of a data set, which is prepared first where it is not.

    Args:
        name: As for ``load``.
        data_dir: As for ``load``.
        source: As for ``load``.
        on_corrupt: As for ``prepare``.
        on_wrong_count: As for ``prepare``.
        **options: Options of the data set.

    Raises:
        ValueError: As for ``load``.
    """
    check_name(name)
    with _quiet_tfds():
        builder = _builder(name, data_dir, source, options)
        if not builder.is_prepared():
            _prepare(name, builder, source, on_corrupt, on_wrong_count)
        return DatasetFacts(
            list(builder.info.features["label"].names),
            str(builder.data_dir),
            (builder.info.metadata or {}).get("skipped", {}),
        )


def check_name(name: str) -> None:
    """Nothing, for a data set that ``load`` knows.

    Raises:
        ValueError: If the name is unknown.
    """
    if name not in _MODULES:
        raise ValueError(_unknown("data set", name, names()))


def _builder(
    name: str,
    data_dir: str | os.PathLike[str] | None,
    source: str | os.PathLike[str] | None,
    options: dict[str, Any],
) -> tfds.core.DatasetBuilder:
    if "source" in option_names(name):
        # What the user's own folder holds is what names the data set.
        options = {**options, "source": source}
    config = _configure(name, _MODULES[name], options)
    folder = None if data_dir is None else os.path.expanduser(data_dir)
    return _MODULES[name].Builder(data_dir=folder, config=config)


def _prepare(
    name: str,
    builder: tfds.core.DatasetBuilder,
    source: str | os.PathLike[str] | None,
    on_corrupt: str = "refuse",
    on_wrong_count: str = "refuse",
) -> PreparationSummary:
    if not isinstance(builder, RecordBuilder):
        _make(name, builder)
        folder, metadata = Path(builder.data_dir), builder.info.metadata or {}
        return PreparationSummary.from_metadata(name, folder, metadata, new=True)
    if source is None:
        raise SourceError(
            f"{name} is not prepared in {builder.data_dir_root}; run python "
            f"scripts/prepare_data.py --dataset={name} --source=FOLDER "
            f"--data_dir={builder.data_dir_root} once."
        )
    return prepare_builder(name, builder, source, on_corrupt, on_wrong_count)


def _make(name: str, builder: tfds.core.DatasetBuilder) -> None:
    """Lets a data set make itself; what the disk refuses is an OSError.

    tfds wraps TensorFlow's errors of a full disk or a folder it may not write to.
    """
    try:
        builder.download_and_prepare()
    except (RuntimeError, tf.errors.OpError) as error:
        words = " ".join(str(error).split())
        number = errno.ENOSPC if os.strerror(errno.ENOSPC) in words else None
        if number is None and not isinstance(error.__cause__ or error, tf.errors.OpError):
            raise
        said = f"{name} cannot be written to {builder.data_dir_root}: {words[:300]}"
        raise (OSError(said) if number is None else OSError(number, said)) from error


def _check_split(what: str, split: str, known: Iterable[str]) -> None:
    if known and split.partition("[")[0] not in known:
        raise ValueError(_unknown(what, split, known))


def _unknown(what: str, given: str, known: Iterable[str]) -> str:
    """One sentence that names what is known and the nearest misses."""
    known = list(known)
    near = difflib.get_close_matches(str(given), known)
    hint = f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
    return f"There is no {what} called {given!r}; known: {', '.join(known)}.{hint}"


def option_names(name: str) -> list[str]:
    """The options that a data set takes.

    Raises:
        ValueError: If the name is unknown.
    """
    check_name(name)
    config = getattr(_MODULES[name], "Config", None)
    if config is None:
        return []
    inherited = {field.name for field in dataclasses.fields(config.__base__)}
    own = [field.name for field in dataclasses.fields(config)]
    return [option for option in own if option not in inherited]


def _configure(name: str, module: ModuleType, options: dict[str, Any]) -> Any:
    known = option_names(name)
    for option in options:
        if option not in known:
            raise ValueError(_unknown(f"option of {name}", option, known))
    if not hasattr(module, "Config"):
        return None
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


def _read(builder: tfds.core.DatasetBuilder, split: str, decode: bool) -> tf.data.Dataset:
    # One file after the other keeps the order; decoding is parallel all the same. tfds would keep
    # the pixels of small data sets in memory.
    reading = tfds.ReadConfig(interleave_cycle_length=1, add_tfds_id=False, try_autocache=False)
    splits = builder.info.splits
    decoders = {"image": _decode_as_pillow()} if isinstance(builder, RecordBuilder) else None
    if not decode:
        decoders = {"image": tfds.decode.SkipDecoding()}
    try:
        examples = builder.as_dataset(
            split=split, decoders=decoders, shuffle_files=False, read_config=reading
        )
    except ValueError as error:
        counts = ", ".join(f"{name} of {info.num_examples}" for name, info in splits.items())
        raise ValueError(
            f"The split {split!r} of {builder.data_dir} has no pictures, or is written in a way "
            f"that tfds does not know ({str(error).splitlines()[0].rstrip('.!')}); the splits are "
            f"{counts}."
        ) from error
    counts = (builder.info.metadata or {}).get("splits", {}).get(split.partition("[")[0], {})
    absent = {key for key, count in _MASK_COUNTS.items() if counts.get(count) == 0}
    return examples.map(
        lambda example: _flatten_masks(
            {key: value for key, value in example.items() if key not in absent}
        ),
        num_parallel_calls=tf.data.AUTOTUNE,
    )


@tfds.decode.make_decoder()
def _decode_as_pillow(data: tf.Tensor, feature: tfds.features.Image) -> tf.Tensor:
    del feature
    return decode_as_pillow(data)


def _flatten_masks(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """The example with masks of height × width instead of height × width × 1."""
    drawn = ("mask", "segmentation")
    return {
        key: tf.squeeze(value, -1) if key.endswith(drawn) and value.shape.rank == 3 else value
        for key, value in example.items()
    }
