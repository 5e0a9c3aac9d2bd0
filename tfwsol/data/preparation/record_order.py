"""The order in which records are written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from tfwsol.data.preparation.record import Record


def written_order(splits: Mapping[str, Sequence[Record]]) -> dict[str, Sequence[Record]]:
    """The splits as they are written: training pictures mixed, all others in their own order.

    Downloads list training pictures class after class, and a shuffle buffer mixes only what lies
    closer together than it is long. The order is that of a hash of ``image_id``, so a picture
    that comes or goes moves no other.

    Args:
        splits: Records by split; those of a split whose name begins with ``train`` are mixed.
    """
    return {
        split: sorted(records, key=_place) if split.startswith("train") else records
        for split, records in splits.items()
    }


def _place(record: Record) -> bytes:
    return hashlib.sha256(record.image_id.encode()).digest()
