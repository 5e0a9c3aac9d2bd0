"""Boxes in a folder of PASCAL VOC files, one for each picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tfwsol.data.pascal_xml import read_annotation
from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_folder.annotation import Annotation, checked_box


def read_voc(folder: Path) -> Iterator[Annotation]:
    """The annotations of all XML files below a folder, sorted by path.

    A file belongs to the picture of the same path or name: ``cat/1.xml`` to ``cat/1.jpg``.
    Corners are taken as they are written, though VOC's own count from 1.

    Raises:
        SourceError: There is no such file, or one is not whole (see ``read_annotation``).
    """
    paths = sorted(folder.rglob("*.xml"))
    if not paths:
        raise SourceError(
            f"{folder} holds no XML file; expected one for each picture, or the metadata files of "
            "wsolevaluation."
        )
    for path in paths:
        found = read_annotation(path.read_bytes(), str(path))
        picture = path.relative_to(folder).with_suffix("").as_posix()
        for shown in found.objects:
            yield Annotation(picture, checked_box(shown.box, str(path)), shown.name, found.size)
        if not found.objects:
            yield Annotation(picture, size=found.size)
