"""Writes a data set once from a download, going on where an earlier run was cut short."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tensorflow_datasets as tfds
from tqdm import tqdm

from tfwsol.data.preparation.index_checks import check_index
from tfwsol.data.preparation.record import Index, SourceError
from tfwsol.data.preparation.record_builder import RecordBuilder
from tfwsol.data.preparation.record_order import written_order
from tfwsol.data.preparation.shards import Journal, Shard, finished, plan_shards, write_shard
from tfwsol.data.preparation.summary import PreparationSummary, SplitSummary

SHARD_BYTES = 128 << 20
"""Bytes per file, roughly; what an interrupted run loses at most."""


def prepare_builder(
    name: str,
    builder: RecordBuilder,
    source: str | os.PathLike[str],
    on_corrupt: str = "refuse",
    on_wrong_count: str = "refuse",
) -> PreparationSummary:
    """Prepares the data set of a builder.

    The work folder ``<version>.preparing`` stays only after an interruption, for the next run.

    Args:
        name: The data set, for messages.
        builder: Of the data set; it must not be prepared.
        source: The folder or archive that the user downloaded.
        on_corrupt: As for ``tfwsol.data.prepare``.
        on_wrong_count: The same.

    Raises:
        SourceError: If something is missing, corrupt or wrong in the source.
    """
    final = Path(builder.data_dir)
    work = final.with_name(final.name + ".preparing")
    if not (source := Path(source).expanduser()).exists():
        raise SourceError(f"The source {source} of {name} does not exist; name a folder.")
    with _work_folder(work, Path(builder.data_dir_root)), warnings.catch_warnings():
        # Pillow warns of odd camera notes in JPEG files, of which nothing is kept.
        warnings.filterwarnings("ignore", module="PIL")
        # Millions of files take minutes; a log file needs no word of it.
        with tqdm(desc=f"{name}: reading lists", bar_format="{desc}", leave=False, disable=None):
            index = builder.index(source, work / "source")
        notes = [*index.problems, *check_index(name, index, on_wrong_count)]
        shards = _write_all(name, builder, index, work)
        summary = _summarize(name, Path(builder.data_dir), shards, notes)
        if summary.skipped and on_corrupt == "refuse":
            shutil.rmtree(work / "journal")
            raise _refusal(summary)
        _finish(builder, shards, summary, work, final)
    return summary


@contextlib.contextmanager
def _work_folder(work: Path, root: Path) -> Iterator[None]:
    """A folder below ``root`` for one process, removed at the end and after a wrong source.

    Interruptions and full disks leave what the next run can use; so does a wrong source, if there
    already is work of an earlier run.
    """
    import fcntl  # not on Windows, where prepared data can be read all the same

    made = [folder for folder in (work, *work.parents) if not folder.exists()]
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise
        raise ValueError(
            f"The folder {root} cannot take the prepared data ({error.strerror}: "
            f"{error.filename}); name another one with --data_dir."
        ) from error
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SourceError(f"Another run is preparing in {work}; wait for its end.") from error
        try:
            yield
        except BaseException as error:
            wrong = isinstance(error, SourceError)
            kept = ("journal",) if wrong else ("journal", "source")
            if not any(file for name in kept for file in (work / name).glob("*")):
                shutil.rmtree(work)
                inside = [folder for folder in work.parents if root in folder.parents]
                _remove_empty([*inside, *made])
            raise
        shutil.rmtree(work)


def _remove_empty(folders: Sequence[Path]) -> None:
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _write_all(
    name: str, builder: RecordBuilder, index: Index, work: Path
) -> list[tuple[Shard, Journal]]:
    """All shards with their journals; those that an earlier run finished are only looked at."""
    data, journals = work / "data", work / "journal"
    data.mkdir(exist_ok=True)
    journals.mkdir(exist_ok=True)
    builder.name_classes(index.class_names)
    shards = plan_shards(builder.name, written_order(index.splits), data, SHARD_BYTES)
    _remove_strangers(data, {shard.path.name for shard in shards})
    done = []
    total = sum(len(records) for records in index.splits.values())
    with (
        _progress(name, total) as bar,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        for shard in shards:
            journal, digest = journals / f"{shard.path.name}.json", shard.digest()
            found = finished(shard, digest, journal)
            if found:
                bar.initial += len(shard.records)
                bar.update(len(shard.records))
            else:
                features = builder.info.features
                found = write_shard(shard, digest, journal, features, pool, bar.update)
            done.append((shard, found))
    return done


def _progress(name: str, total: int) -> tqdm:
    pause = 0.2 if sys.stderr.isatty() else 10.0
    return tqdm(desc=name, total=total, unit=" images", mininterval=pause, smoothing=0.05)


def _remove_strangers(folder: Path, wanted: set[str]) -> None:
    """Removes what a run with another source left."""
    for file in folder.iterdir():
        if file.name not in wanted:
            file.unlink()


def _summarize(
    name: str, folder: Path, shards: Sequence[tuple[Shard, Journal]], notes: Sequence[str]
) -> PreparationSummary:
    counts: dict[str, Counter[str]] = {}
    skipped: dict[str, str] = {}
    resized: list[str] = []
    for shard, journal in shards:
        found = counts.setdefault(shard.split, Counter())
        found["images"] += journal.examples
        for key in ("boxes", "masks", "ignore_masks"):
            found[key] += getattr(journal, key)
        found["skipped"] += len(journal.corrupt)
        skipped |= journal.corrupt
        resized += journal.resized
    if resized:
        number = f"{len(resized)} pictures have" if len(resized) > 1 else "1 picture has"
        words = f"{number} another size than annotated, first {resized[0]}."
        notes = [*notes, words]
    return PreparationSummary(
        name=name,
        folder=folder,
        splits={split: SplitSummary(**found) for split, found in counts.items()},
        skipped=skipped,
        notes=tuple(notes),
        new=True,
    )


def _refusal(summary: PreparationSummary) -> SourceError:
    named = [f"{image_id} ({why})" for image_id, why in list(summary.skipped.items())[:5]]
    more = len(summary.skipped) - len(named)
    number = "1 picture is" if len(summary.skipped) == 1 else f"{len(summary.skipped)} pictures are"
    words = ", ".join(named) + (f" and {more} more" if more else "")
    return SourceError(
        f"{summary.name}: {number} corrupt: {words}; download again, or leave such pictures out "
        "with --on_corrupt=skip."
    )


def _finish(
    builder: RecordBuilder,
    shards: Sequence[tuple[Shard, Journal]],
    summary: PreparationSummary,
    work: Path,
    final: Path,
) -> None:
    """Writes what tfds wants to know of the files and gives them their final place."""
    lengths: dict[str, list[Journal]] = {}
    for shard, journal in shards:
        lengths.setdefault(shard.split, []).append(journal)
    builder.info.set_splits(
        tfds.core.SplitDict(
            [
                tfds.core.SplitInfo(
                    name=split,
                    shard_lengths=[journal.examples for journal in journals],
                    num_bytes=sum(journal.size for journal in journals),
                )
                for split, journals in lengths.items()
            ]
        )
    )
    builder.info.metadata.update(summary.metadata())
    builder.info.write_to_directory(work / "data")
    shutil.rmtree(work / "source", ignore_errors=True)
    os.rename(work / "data", final)
