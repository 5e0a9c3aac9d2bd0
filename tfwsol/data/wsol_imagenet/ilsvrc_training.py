"""The split ``train``: ILSVRC2012's training pictures, a class each, boxes for some."""

from __future__ import annotations

from tfwsol.data.pascal_xml import read_annotation
from tfwsol.data.preparation.record import Record, SourceError
from tfwsol.data.preparation.source_tree import SourceFile
from tfwsol.data.wsol_imagenet.synsets import class_of_synset


def training_records(
    pictures: dict[str, SourceFile], annotations: dict[str, SourceFile]
) -> list[Record]:
    """The training pictures in the order of their names, class after class.

    The class is the synset that a file is named after. Box files are not asked for it: some name
    the class in English. Nor are they asked for sizes: some were drawn at another scale. A few
    boxes start at their end; their corners are put in order.

    Args:
        pictures: By name: ``n01440764_10026``.
        annotations: Box files by the name of their picture, for none, some or all.

    Raises:
        SourceError: If a picture is of none of the 1000 classes, or a box file is damaged.
    """
    classes, records = class_of_synset(), []
    for name in sorted(pictures):
        synset = name.partition("_")[0]
        if synset not in classes:
            raise SourceError(
                f"{pictures[name]} is of synset {synset}, which is not among the 1000 of "
                "ILSVRC2012; take it out of the source."
            )
        boxes = _boxes(annotations[name]) if name in annotations else ()
        image_id = f"train/{synset}/{name}.JPEG"
        records.append(Record(image_id, classes[synset], pictures[name], boxes))
    return records


def _boxes(file: SourceFile) -> tuple[tuple[float, float, float, float], ...]:
    corners = (found.box for found in read_annotation(file.read(), str(file)).objects)
    return tuple((min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)) for x0, y0, x1, y1 in corners)
