"""Pictures to boxes, batch by batch: what every localizer that fills a `BoxRecord` shares."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import tensorflow as tf
import tqdm

from tfwsol.data.exif_orientation import UPRIGHT, stored_size
from tfwsol.evaluation.box_files import class_label
from tfwsol.evaluation.box_overlay import overlay_name
from tfwsol.evaluation.box_record import OVERLAYS, BoxRecord
from tfwsol.evaluation.localize_settings import PREDICTED, TRUE
from tfwsol.evaluation.picture_source import Picture, PictureSource
from tfwsol.visualization import replacing

Entry = dict[str, Any]


def fill_record(
    record: BoxRecord,
    source: PictureSource,
    total: int,
    batch_size: int,
    find: Callable[[list[Picture], int], Iterable[Any]],
    describe: Callable[[int, Picture, Any], Entry],
) -> None:
    """Works on the pictures that the record does not hold yet, and shows how far it got.

    Args:
        record: Keeps every batch before the next one is read.
        source: The pictures.
        total: So many of the first ones are wanted.
        batch_size: Pictures that are worked on together.
        find: Takes one to so many readable pictures and the number to fill up to, see `filled`;
            gives what was found in each of them.
        describe: Makes an entry of a picture's place, the picture and what was found; draws it.

    Raises:
        ValueError: None of the pictures can be read; nothing of the run is left then.
    """
    start = len(record.images)
    size = min(batch_size, max(total - start, 1))
    pause = 0.2 if sys.stderr.isatty() else 10.0
    shown = {"initial": start, "mininterval": pause, "disable": total == 1}
    pictures = itertools.islice(source.read(start), total - start)
    with tqdm.tqdm(None, "localizing", total, unit=" images", **shown) as bar:
        while batch := list(itertools.islice(pictures, size)):
            readable = [picture for picture in batch if picture.image is not None]
            found = iter(list(find(readable, size)) if readable else [])
            place = len(record.images)
            if place == start:
                # Behind what may refuse the data, but ahead of the first drawing.
                record.begin()
            record.add(
                [
                    _skipped(picture)
                    if picture.image is None
                    else describe(number, picture, next(found))
                    for number, picture in enumerate(batch, place)
                ]
            )
            bar.update(len(batch))
    if not record.found:
        first = next(iter(record.skipped.values()))
        record.forget()
        raise ValueError(f"None of {total} pictures can be read; the first: {first}")


def filled(items: Sequence[Any], size: int) -> np.ndarray:
    """Items of one shape as an array of so many; a shorter last batch would be traced anew."""
    return np.stack([*items, *[items[-1]] * (size - len(items))])


def asked_classes(
    classes: str | tuple[int, ...], batch: Sequence[Picture], size: int
) -> np.ndarray | None:
    """The classes to ask a localizer for in a batch that is filled up to a size.

    Args:
        classes: "predicted", "true" or the ids of classes.
        batch: The pictures.
        size: Of the batch.

    Returns:
        Labels, size; or ids, size × classes; or None: the predicted ones.
    """
    if classes == PREDICTED:
        return None
    if classes == TRUE:
        return filled([picture.label for picture in batch], size)
    return np.tile(classes, (size, 1))


def class_shares(scores: np.ndarray, class_ids: np.ndarray) -> np.ndarray:
    """The softmax of the scores, batch × classes, at ids, batch × k: float64, batch × k."""
    return np.take_along_axis(tf.nn.softmax(np.float64(scores)).numpy(), class_ids, axis=1)


def picture_entry(picture: Picture) -> Entry:
    """What `BoxRecord` keeps of a picture besides its boxes."""
    height, width = stored_size(picture.image.shape[:2], picture.orientation)
    entry: Entry = {"image_id": picture.image_id, "height": height, "width": width}
    if picture.orientation != UPRIGHT:
        entry["orientation"] = picture.orientation
    if picture.label is not None:
        entry["label"] = picture.label
    if picture.state is not None:
        entry["state"] = picture.state
    return entry


def picture_title(picture: Picture, class_names: Sequence[str] | None) -> str:
    """What stands above a drawn picture: its file name and, where it is known, its class."""
    name = PurePosixPath(picture.image_id).name
    if picture.label is None:
        return name
    return f"{name}, truly {class_label(picture.label, class_names)}"


def write_overlay(record: BoxRecord, place: int, image_id: str, drawn: np.ndarray) -> str:
    """Writes a drawing, uint8, height × width × 3; gives its name relative to the folder."""
    name = f"{OVERLAYS}/{overlay_name(place, image_id)}"
    # The usual PNG writer takes 15 times as long to save a tenth of the bytes.
    data = tf.io.encode_png(drawn, compression=1).numpy()
    with replacing(record.folder / name) as draft:
        draft.write_bytes(data)
    return name


def _skipped(picture: Picture) -> Entry:
    return {"image_id": picture.image_id, "state": picture.state, "skipped": picture.why}
