"""Boxes in the JSON of COCO."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_folder.annotation import Annotation, checked_box


def read_coco(path: Path) -> Iterator[Annotation]:
    """The annotations of a COCO file for object detection, image by image.

    Its boxes are x, y, width, height; the corners given here are x, y, x + width, y + height.
    Crowds have no box of one object and are passed over.

    Raises:
        SourceError: The file is no such JSON; the sentence names the entry.
    """
    try:
        content = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON ({error}).") from error
    if not isinstance(content, dict):
        raise SourceError(f"{path} is no COCO file; expected an object with images.")
    images = _by_id(path, content, "images")
    categories = _by_id(path, content, "categories")
    labels = {
        key: str(_get(path, "categories", entry, "name")) for key, entry in categories.items()
    }
    found: dict[Any, list[Annotation]] = {key: [] for key in images}
    for entry in _entries(path, content, "annotations"):
        where = f"{path}, annotation {entry.get('id')}"
        image = _get(path, "annotations", entry, "image_id")
        category = _get(path, "annotations", entry, "category_id")
        if image not in images or category not in labels:
            raise SourceError(
                f"{where} belongs to image {image} and category {category}, which are not both in "
                "the file."
            )
        if not entry.get("iscrowd"):
            found[image].append(_annotation(path, images[image], entry, labels[category], where))
    for key, entry in images.items():
        yield from found[key] or [_without_box(path, entry)]


def _annotation(
    path: Path, image: Mapping[str, Any], entry: Mapping[str, Any], label: str, where: str
) -> Annotation:
    box = entry.get("bbox")
    numbers = isinstance(box, list) and all(type(side) in (int, float) for side in box)
    if not numbers or len(box) != 4:
        raise SourceError(f"{where}: expected a bbox of x, y, width and height; got {box!r}.")
    x, y, width, height = map(float, box)
    corners = checked_box((x, y, x + width, y + height), where)
    bare = _without_box(path, image)
    return Annotation(bare.picture, corners, label, bare.size)


def _without_box(path: Path, image: Mapping[str, Any]) -> Annotation:
    sides = image.get("height"), image.get("width")
    known = all(type(side) is int and side > 0 for side in sides)
    return Annotation(str(_get(path, "images", image, "file_name")), size=sides if known else None)


def _by_id(path: Path, content: Mapping[str, Any], kind: str) -> dict[Any, Mapping[str, Any]]:
    entries = {}
    for entry in _entries(path, content, kind):
        key = _get(path, kind, entry, "id")
        if key in entries:
            raise SourceError(f"{path}: the id {key} is used twice in {kind!r}.")
        entries[key] = entry
    return entries


def _entries(path: Path, content: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    entries = content.get(kind)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SourceError(f"{path} is no COCO file; expected a list of objects called {kind!r}.")
    return entries


def _get(path: Path, kind: str, entry: Mapping[str, Any], key: str) -> Any:
    if not isinstance(entry.get(key), str | int):
        raise SourceError(f"{path}: an entry of {kind} has no {key!r}: {dict(entry)}.")
    return entry[key]
