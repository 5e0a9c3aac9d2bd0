"""What a preparation made, for printing and for the prepared folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SplitSummary:
    """Counts of one split.

    Attributes:
        images: Pictures in it.
        boxes: Their boxes.
        masks: Pictures with a mask.
        ignore_masks: Pictures with a mask of pixels that do not count.
        skipped: Pictures left out because they are corrupt.
    """

    images: int
    boxes: int = 0
    masks: int = 0
    ignore_masks: int = 0
    skipped: int = 0


@dataclass(frozen=True)
class PreparationSummary:
    """What stands in a prepared folder.

    Attributes:
        name: The data set.
        folder: Where it lies.
        splits: Counts by split.
        skipped: Why a picture was left out, by image_id.
        notes: One sentence for each thing that is missing or odd.
        new: Whether this run finished it.
    """

    name: str
    folder: Path
    splits: Mapping[str, SplitSummary]
    skipped: Mapping[str, str]
    notes: Sequence[str]
    new: bool

    @classmethod
    def from_metadata(
        cls, name: str, folder: Path, metadata: Mapping[str, Any], new: bool
    ) -> PreparationSummary:
        """Reads what ``metadata`` wrote; a data set without any has only its folder."""
        splits = metadata.get("splits", {})
        return cls(
            name=name,
            folder=folder,
            splits={split: SplitSummary(**counts) for split, counts in splits.items()},
            skipped=metadata.get("skipped", {}),
            notes=tuple(metadata.get("notes", ())),
            new=new,
        )

    def metadata(self) -> dict[str, Any]:
        """The summary as plain values, for the metadata file of tfds."""
        splits = {split: asdict(counts) for split, counts in self.splits.items()}
        return {"splits": splits, "skipped": dict(self.skipped), "notes": list(self.notes)}

    def text(self) -> str:
        """A small table, what was skipped and what is missing, in lines."""
        columns = [
            key
            for key in SplitSummary.__dataclass_fields__
            if key != "ignore_masks" or any(counts.ignore_masks for counts in self.splits.values())
        ]
        rows = [("split", *columns)]
        rows += [
            (split, *(getattr(counts, key) for key in columns))
            for split, counts in self.splits.items()
        ]
        lines = [f"{row[0]:8}" + "".join(f"{cell!s:>14}" for cell in row[1:]) for row in rows]
        lines += [f"Skipped: {image_id}: {why}." for image_id, why in self.skipped.items()]
        state = "is prepared" if self.new else "was prepared before"
        return "\n".join([*lines, *self.notes, f"{self.name} {state} in {self.folder}."])
