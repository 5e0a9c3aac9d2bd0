"""What an indexed download holds: one record per picture, and the lists they stand in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfwsol.data.preparation.source_tree import SourceFile


class SourceError(ValueError):
    """One sentence about a download that is missing, incomplete, unsafe or wrong."""


@dataclass(frozen=True, slots=True)
class Record:
    """One picture and what is known about it; its bytes are read when they are needed.

    Attributes:
        image_id: Name of the picture, unique in its split.
        label: Class, from 0.
        image: Where the picture lies.
        boxes: Corners x0, y0, x1, y1 in pixels of the picture, as the annotation gives them.
        size: Height and width that the annotation claims; None where it says nothing.
        masks: Files whose union is the foreground; their values of 128 and more count.
        ignore_mask: File of the pixels that do not count.
        labels: All classes of a picture with several.
        scaled_masks: Whether the masks may be drawn on a larger or smaller copy of the picture.
    """

    image_id: str
    label: int
    image: SourceFile
    boxes: tuple[tuple[float, float, float, float], ...] = ()
    size: tuple[int, int] | None = None
    masks: tuple[SourceFile, ...] = ()
    ignore_mask: SourceFile | None = None
    labels: tuple[int, ...] = ()
    scaled_masks: bool = False


@dataclass(frozen=True)
class Index:
    """A whole download as lists of records, before any picture was read.

    Attributes:
        splits: The records of each split, in the order in which they are to be read later.
        class_names: Name of each class; its length is the number of classes.
        expected: Published number of pictures per split, where there is one.
        problems: One sentence for each thing that is missing or odd but no error.
    """

    splits: Mapping[str, Sequence[Record]]
    class_names: Sequence[str]
    expected: Mapping[str, int] = field(default_factory=dict)
    problems: Sequence[str] = ()
