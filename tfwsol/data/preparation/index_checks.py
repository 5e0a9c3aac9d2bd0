"""What every index has to fulfil before pictures are read."""

from __future__ import annotations

from collections import Counter

from tfwsol.data.preparation.record import Index, SourceError


def check_index(name: str, index: Index, on_wrong_count: str = "refuse") -> list[str]:
    """What is odd but was accepted, one sentence each.

    Args:
        name: The data set, for messages.
        index: What was found.
        on_wrong_count: "refuse" or "accept" more or fewer pictures than published.

    Raises:
        SourceError: If there is no picture, if a picture or a class is listed twice, if a class
            does not exist, or if the counts are wrong and not accepted.
    """
    empty = [split for split, records in index.splits.items() if not records]
    if empty or not index.splits:
        raise SourceError(
            f"{name}: the source holds no picture{' of ' + ', '.join(empty) if empty else ''}; "
            "check that --source names the right folder."
        )
    name_of_class, times = Counter(index.class_names).most_common(1)[0]
    if times > 1:
        raise SourceError(f"{name}: {times} classes are called {name_of_class!r}.")
    for split, records in index.splits.items():
        _check_records(f"{name} {split}", index, records)
    found = {split: len(index.splits.get(split, ())) for split in index.expected}
    wrong = [
        f"{split} has {found[split]} picture{'s' * (found[split] != 1)} instead of {count}"
        for split, count in index.expected.items()
        if found[split] != count
    ]
    if wrong and on_wrong_count == "refuse":
        noticed = f" ({' '.join(index.problems)})" if index.problems else ""
        raise SourceError(
            f"{name}: {', '.join(wrong)} as published{noticed}; complete the download, or take a "
            "part with --on_wrong_count=accept."
        )
    return [f"{words} as published." for words in wrong]


def _check_records(where: str, index: Index, records: object) -> None:
    image_id, times = Counter(record.image_id for record in records).most_common(1)[0]
    if times > 1:
        raise SourceError(f"{where}: {image_id} is listed {times} times.")
    for record in records:
        for label in (record.label, *record.labels):
            if not 0 <= label < len(index.class_names):
                raise SourceError(
                    f"{where}: {record.image_id} is of class {label}, but there are only "
                    f"{len(index.class_names)} classes, from 0."
                )
        for x0, y0, x1, y1 in record.boxes:
            # Written so that NaN is refused, too.
            if not (x0 <= x1 and y0 <= y1):
                raise SourceError(
                    f"{where}: the box ({x0}, {y0}, {x1}, {y1}) of {record.image_id} has no "
                    "extent; expected corners x0, y0, x1, y1 in pixels."
                )
