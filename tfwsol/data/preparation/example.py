"""From a record to the fields that are written."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import numpy as np

from tfwsol.data.preparation.picture import (
    PictureError,
    readable_mask,
    readable_picture,
    unknown_mask,
)
from tfwsol.data.preparation.record import Record, SourceError
from tfwsol.data.preparation.segmentation import segmentation_masks


class CorruptPicture(SourceError):
    """One picture of a download that cannot be used; ``why`` says it in a few words."""

    def __init__(self, record: Record, why: object) -> None:
        super().__init__(f"{record.image} is corrupt: {why}.")
        self.image_id = record.image_id
        self.why = str(why)


@dataclass(frozen=True)
class Example:
    """What is written of a record.

    Attributes:
        fields: What the features of the data set encode.
        resized: Whether the picture has another size than its annotation claims.
    """

    fields: dict[str, Any]
    resized: bool


def example_of(record: Record, fields: Container[str]) -> Example:
    """A record with its picture and masks read and checked; fit for several threads.

    Args:
        record: The record.
        fields: What the data set keeps; ``mask``, ``ignore_mask`` and ``labels`` are made only
            if they are in it.

    Raises:
        CorruptPicture: If the picture or a mask cannot be decoded to its end.
        SourceError: If the source no longer holds it.
    """
    try:
        image, size = readable_picture(record.image.read())
        masks = _masks(record, fields, size)
    except PictureError as error:
        raise CorruptPicture(record, error) from error
    example = {
        "image": image,
        "label": record.label,
        "boxes": np.array(record.boxes, np.float32).reshape(-1, 4),
        "image_id": record.image_id,
        **masks,
    }
    if "labels" in fields:
        example["labels"] = list(record.labels)
    return Example(example, record.size not in (None, size))


def _masks(record: Record, fields: Container[str], size: tuple[int, int]) -> dict[str, bytes]:
    if "segmentation" in fields:
        return segmentation_masks([file.read() for file in record.masks], size)
    return {key: _mask(record, key, size) for key in _MASKS if key in fields}


def _mask(record: Record, key: str, size: tuple[int, int]) -> bytes:
    files = _MASKS[key](record)
    if not files:
        return unknown_mask(size)
    return readable_mask([file.read() for file in files], size, record.scaled_masks)


_MASKS = {
    "mask": lambda record: record.masks,
    "ignore_mask": lambda record: (record.ignore_mask,) if record.ignore_mask else (),
}
