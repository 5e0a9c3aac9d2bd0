"""Boxes that were found, as the files that other programs and `tfwsol.data` read."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from tfwsol.visualization import class_name

HEADER = ("image", "x0", "y0", "x1", "y1", "label", "score")


def class_label(class_id: int, class_names: Sequence[str] | None) -> str:
    """The name of a class, never empty."""
    return class_name(class_id, class_names).strip() or class_name(class_id)


def boxes_csv(images: Sequence[Mapping[str, Any]]) -> str:
    """A table of one row per box, which ``--dataset=folder --boxes=`` reads back.

    A picture without any box has one row with empty corners.

    Args:
        images: As `BoxRecord` keeps them.

    Returns:
        Comma-separated values with `HEADER`; corners in pixels of the file.
    """
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(HEADER)
    for entry in images:
        written = [
            (entry["image_id"], *box, found["class_name"], found["score"])
            for found in entry["found"]
            for box in found["boxes"]
        ]
        first = entry["found"][0]
        empty = (entry["image_id"], "", "", "", "", first["class_name"], first["score"])
        rows.writerows(written or [empty])
    return text.getvalue()


def boxes_coco(
    images: Sequence[Mapping[str, Any]], class_names: Sequence[str], description: str
) -> dict[str, Any]:
    """The JSON of COCO's object detection, with a score beside each box.

    Ids count from 1, so category k + 1 is class k. Boxes are x, y, width, height.

    Args:
        images: As `BoxRecord` keeps them.
        class_names: Of all classes of the model.
        description: What the file holds, in words.

    Returns:
        What JSON knows; `tfwsol.data` and pycocotools read it.
    """
    annotations = [
        {
            "image_id": number,
            "category_id": found["class_id"] + 1,
            "bbox": [x0, y0, _side(x0, x1), _side(y0, y1)],
            "area": round(_side(x0, x1) * _side(y0, y1), 2),
            "iscrowd": 0,
            "score": found["score"],
        }
        for number, entry in enumerate(images, 1)
        for found in entry["found"]
        for x0, y0, x1, y1 in found["boxes"]
    ]
    return {
        "info": {"description": description},
        "licenses": [],
        "images": [
            {
                "id": number,
                "file_name": entry["image_id"],
                "width": entry["width"],
                "height": entry["height"],
            }
            for number, entry in enumerate(images, 1)
        ],
        "annotations": [{"id": number, **found} for number, found in enumerate(annotations, 1)],
        "categories": [
            {"id": number, "name": name, "supercategory": "object"}
            for number, name in enumerate(class_names, 1)
        ],
    }


def _side(start: float, end: float) -> float:
    # Corners have two decimals; their difference has more only by rounding.
    return round(end - start, 2)
