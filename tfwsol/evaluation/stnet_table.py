"""STNet's numbers: the published table with what was measured beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfwsol.evaluation.score import intervals
from tfwsol.metrics import LocalizationAccuracy

IOU_LEVELS = (0.25, 0.5, 0.75)
LABEL = "Label top-1"
NAMES = (*(f"IoU {level:g}" for level in IOU_LEVELS), LABEL)
HEADER = ("Network", *(cell for name in NAMES for cell in (name, "measured")))

# README of Biparva and Tsotsos' program: the box of the true class, all 50,000 images of ILSVRC
# val. Its rows of VGG-16 and GoogLeNet are empty.
PUBLISHED: dict[str, tuple[float, ...]] = {
    "AlexNet": (77.50, 55.30, 29.10, 55.64),
    "VGG-16": (),
    "GoogLeNet": (),
}

_ROWS = {
    "alexnet": "AlexNet",
    "vgg16": "VGG-16",
    "googlenet": "GoogLeNet",
    "inception_v1": "GoogLeNet",
}
_REPLICAS = 200


@dataclasses.dataclass(frozen=True)
class STNetNumber:
    """A share of images in percent.

    Attributes:
        name: One of `NAMES`.
        value: In percent.
        interval: Where it lies on 95 % of the replicas of the images, where that is known.
        images: How many were counted.
    """

    name: str
    value: float
    interval: tuple[float, float] | None
    images: int


def stnet_numbers(
    entries: Sequence[Mapping[str, Any]], beside: str | None = None
) -> list[STNetNumber]:
    """The shares of images whose box overlaps a true one, and whose first class is right.

    Images without a true box count for the label alone.

    Args:
        entries: Of the pictures: ``found`` with the ``iou`` of its first class (None: no true
            box), ``label`` and ``predicted``, and ``beside`` with the overlaps of other methods.
        beside: Another method, whose numbers are wanted; None: STNet's.

    Raises:
        ValueError: No image has a true box.
    """
    entries = [entry for entry in entries if "found" in entry]
    known = [entry["found"][0]["iou"] if beside is None else entry["beside"][beside]
             for entry in entries]  # fmt: skip
    known = np.array([overlap for overlap in known if overlap is not None])
    if not len(known):
        raise ValueError(
            f"None of {len(entries)} pictures has a true box; for your own pictures name them by "
            "--boxes, or take --mode=bbox_viz."
        )
    numbers = [_located(name, known, level) for name, level in zip(NAMES, IOU_LEVELS, strict=False)]
    right = np.mean([entry["label"] == entry["predicted"] for entry in entries])
    return [*numbers, STNetNumber(LABEL, 100.0 * float(right), None, len(entries))]


def published_rows(
    network: str,
    numbers: Sequence[STNetNumber],
    beside: Mapping[str, Sequence[STNetNumber]] | None = None,
) -> list[list[str]]:
    """The cells below `HEADER`: the published networks, and the measured one in its row.

    Args:
        network: The model's name.
        numbers: As `stnet_numbers` gives them.
        beside: Those of other methods by their titles, which get a row each.
    """
    name = network.rpartition(":")[2].lower()
    row = next((row for start, row in _ROWS.items() if name.startswith(start)), network)
    measured = [_cell(number) for number in numbers]
    rows = {**PUBLISHED, **({} if row in PUBLISHED else {row: ()})}
    table = []
    for title, values in rows.items():
        published = [f"{value:.2f}" for value in values] or ["-"] * len(NAMES)
        mine = measured if title == row else ["-"] * len(NAMES)
        pairs = zip(published, mine, strict=True)
        table.append([title, *(cell for pair in pairs for cell in pair)])
    for title, others in (beside or {}).items():
        table.append([f"{network}, {title}", *(cell for n in others for cell in ("-", _cell(n)))])
    return table


def table_text(rows: Sequence[Sequence[str]]) -> str:
    """The rows below `HEADER` in columns of equal width."""
    lines = [HEADER, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def _cell(number: STNetNumber) -> str:
    return f"{number.value:.2f}"


def _located(name: str, overlaps: np.ndarray, level: float) -> STNetNumber:
    metric = LocalizationAccuracy("stnet", (), level, bootstrap=_REPLICAS)
    nothing = np.zeros((len(overlaps), 1))
    metric.count(metric.hits_of(overlaps[:, None], nothing[:, 0].astype(int), nothing))
    (value,) = metric.result().values()
    (interval,) = intervals(metric).values()
    return STNetNumber(name, value, interval, len(overlaps))
