"""The split ``test``: the 50,000 pictures of the ILSVRC2012 validation set with their boxes."""

from __future__ import annotations

import numpy as np

from tfwsol.data.pascal_xml import PascalAnnotation, read_annotation
from tfwsol.data.preparation.record import Record, SourceError
from tfwsol.data.preparation.source_tree import SourceFile
from tfwsol.data.some_names import some_names
from tfwsol.data.wsol_imagenet.synsets import class_of_synset
from tfwsol.data.wsol_metadata import Metadata


def validation_records(
    pictures: dict[str, SourceFile],
    annotations: dict[str, SourceFile],
    metadata: Metadata | None,
) -> tuple[list[Record], list[str]]:
    """The pictures in the order of their numbers, and what was noticed, one sentence each.

    Three sources may name the class: the synset in the box file, the metadata, and the synset
    folder that many keep the picture in. The first that does, in this order, is believed, and
    differences are told. Boxes are those of the box file as it writes them, else of the metadata.

    Args:
        pictures: By name: ``ILSVRC2012_val_00000001``.
        annotations: Box files by the name of their picture.
        metadata: ``metadata/ILSVRC/test`` of wsolevaluation, if there.

    Raises:
        SourceError: If no source names the class of a picture, or a box file is damaged.
    """
    known = metadata or Metadata((), np.zeros(0, np.int64))
    labels = dict(zip(known.image_ids, known.labels.tolist(), strict=True))
    records, differing, unlabelled, unboxed = [], [], [], []
    for name in sorted(pictures):
        image_id = f"val/{name}.JPEG"
        annotation = _annotation(annotations.get(name))
        given = (_named(annotation), labels.get(image_id), _folder(pictures[name]))
        claims = [label for label in given if label is not None]
        boxes = tuple(found.box for found in annotation.objects) or _boxes(known, image_id)
        size = annotation.size or known.sizes.get(image_id)
        if claims:
            records.append(Record(image_id, claims[0], pictures[name], boxes, size))
        for odd, names in [
            (not claims, unlabelled),
            (len(set(claims)) > 1, differing),
            (not boxes, unboxed),
        ]:
            if odd:
                names.append(name)
    return records, _problems(unlabelled, differing, unboxed)


def _problems(unlabelled: list[str], differing: list[str], unboxed: list[str]) -> list[str]:
    if unlabelled:
        raise SourceError(
            f"test: nothing names the class of {some_names(unlabelled)}; put "
            "ILSVRC2012_bbox_val_v3.tgz beside ILSVRC2012_img_val.tar, whole."
        )
    told = [
        ("the sources name different classes for", differing),
        ("there is no box (no XML file in ILSVRC2012_bbox_val_v3.tgz) for", unboxed),
    ]
    return [f"test: {what} {some_names(names)}." for what, names in told if names]


def _annotation(file: SourceFile | None) -> PascalAnnotation:
    return read_annotation(file.read(), str(file)) if file else PascalAnnotation((), None)


def _named(annotation: PascalAnnotation) -> int | None:
    """The class that all objects share."""
    names = {found.name for found in annotation.objects}
    return class_of_synset().get(names.pop()) if len(names) == 1 else None


def _folder(file: SourceFile) -> int | None:
    return class_of_synset().get(file.name.rpartition("/")[0].rpartition("/")[2])


def _boxes(known: Metadata, image_id: str) -> tuple[tuple[float, float, float, float], ...]:
    return tuple(tuple(map(float, box)) for box in known.boxes.get(image_id, ()))
