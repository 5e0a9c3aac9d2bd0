"""Records in files of bounded size, each written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeVar

import tensorflow as tf
import tensorflow_datasets as tfds

from tfwsol.data.preparation.example import CorruptPicture, Example, example_of
from tfwsol.data.preparation.record import Record

_FORMAT = 1
"""Part of every digest: to be raised when the same record is to be written differently."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Shard:
    """One file to be.

    Attributes:
        split: The split it belongs to.
        path: Where it goes.
        records: What it holds, in order.
    """

    split: str
    path: Path
    records: Sequence[Record]

    def digest(self) -> str:
        """Words that change when a record or one of its files does; nothing is read for them."""
        found = hashlib.sha256(f"{_FORMAT}\n{self.path.name}\n".encode())
        for record in self.records:
            files = [record.image, *record.masks, record.ignore_mask]
            known = [(file.name, file.fingerprint()) for file in files if file]
            told = (record.image_id, record.label, record.boxes, record.size, record.labels)
            found.update(f"{told} {record.scaled_masks} {known}\n".encode())
        return found.hexdigest()


@dataclass
class Journal:
    """What a finished shard holds.

    Attributes:
        digest: Of the records it was made from.
        examples: How many of them it holds.
        size: Bytes of the examples.
        boxes: Boxes of all its pictures.
        masks: Pictures with a mask.
        ignore_masks: Pictures with a mask of pixels that do not count.
        corrupt: Why a picture was left out, by image_id.
        resized: Pictures of another size than annotated, by image_id.
    """

    digest: str
    examples: int = 0
    size: int = 0
    boxes: int = 0
    masks: int = 0
    ignore_masks: int = 0
    corrupt: dict[str, str] = field(default_factory=dict)
    resized: list[str] = field(default_factory=list)


def plan_shards(
    name: str, splits: Mapping[str, Sequence[Record]], folder: Path, shard_bytes: int
) -> list[Shard]:
    """The files that hold all splits, in order, of about as many bytes each.

    Args:
        name: The data set as tfds calls it.
        splits: Records by split, at least one in each.
        folder: Where the files go.
        shard_bytes: Bytes of pictures and masks per file, roughly.
    """
    shards = []
    for split, records in splits.items():
        sizes = (file.size() for record in records for file in (record.image, *record.masks))
        count = min(len(records), -(-sum(sizes) // shard_bytes) or 1)
        template = tfds.core.ShardedFileTemplate(
            data_dir=folder, dataset_name=name, split=split, filetype_suffix="tfrecord"
        )
        for number in range(count):
            part = slice(number * len(records) // count, (number + 1) * len(records) // count)
            path = template.sharded_filepath(shard_index=number, num_shards=count)
            shards.append(Shard(split, Path(path), records[part]))
    return shards


def finished(shard: Shard, digest: str, journal: Path) -> Journal | None:
    """What a shard holds if an earlier run finished it from the same records, else None."""
    if not (shard.path.is_file() and journal.is_file()):
        return None
    found = Journal(**json.loads(journal.read_text()))
    return found if found.digest == digest else None


def write_shard(
    shard: Shard,
    digest: str,
    journal: Path,
    features: tfds.features.FeaturesDict,
    pool: Executor,
    progress: Callable[[], object],
) -> Journal:
    """Writes one file and then its journal; a file without one does not count.

    Args:
        shard: What to write.
        digest: Of its records.
        journal: Where its journal goes.
        features: How examples are encoded.
        pool: Reads and checks pictures.
        progress: Called after each picture.

    Returns:
        The journal; corrupt pictures stand in it instead. A full disk is an OSError.
    """
    found = Journal(digest)
    partial = shard.path.with_name(shard.path.name + ".partial")
    fields = frozenset(features)
    encode = _encoder(features)
    with _writer(partial) as writer:
        examples = _in_order(pool, lambda record: _try(record, fields), shard.records)
        for record, example in zip(shard.records, examples, strict=True):
            if isinstance(example, CorruptPicture):
                found.corrupt[record.image_id] = example.why
            else:
                data = encode(example)
                writer.write(data)
                _count(found, record, example, len(data))
            progress()
    os.replace(partial, shard.path)
    _write_text(journal, json.dumps(asdict(found)))
    return found


def _encoder(features: tfds.features.FeaturesDict) -> Callable[[Example], bytes]:
    serializer = tfds.core.ExampleSerializer(features.get_serialized_info())

    def encode(example: Example) -> bytes:
        proto = serializer.get_tf_example(features.encode_example(example.fields))
        # Protocol buffers otherwise order the fields as they like.
        return proto.SerializeToString(deterministic=True)

    return encode


@contextlib.contextmanager
def _writer(path: Path) -> Iterator[tf.io.TFRecordWriter]:
    try:
        with tf.io.TFRecordWriter(os.fspath(path)) as writer:
            yield writer
        # Else a power cut could leave a journal without its file.
        with path.open("rb") as file:
            os.fsync(file.fileno())
    except tf.errors.ResourceExhaustedError as error:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(path)) from error


def _write_text(path: Path, text: str) -> None:
    """Writes a small file whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    os.replace(partial, path)


def _try(record: Record, fields: frozenset[str]) -> Example | CorruptPicture:
    try:
        return example_of(record, fields)
    except CorruptPicture as error:
        return error


def _count(journal: Journal, record: Record, example: Example, size: int) -> None:
    journal.examples += 1
    journal.size += size
    journal.boxes += len(record.boxes)
    journal.masks += bool(record.masks)
    journal.ignore_masks += record.ignore_mask is not None
    if example.resized:
        journal.resized.append(record.image_id)


def _in_order(
    pool: Executor, function: Callable[[_Item], _Result], items: Iterable[_Item]
) -> Iterator[_Result]:
    """The results in the order of the items, of which only a few are under way at a time."""
    waiting = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= 4 * (os.cpu_count() or 1):
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
