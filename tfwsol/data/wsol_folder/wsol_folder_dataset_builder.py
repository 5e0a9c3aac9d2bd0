"""The tfds builder of a folder of the user's own pictures."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
from pathlib import Path
from typing import ClassVar

import tensorflow_datasets as tfds

from tfwsol.data.preparation.record import Index, SourceError
from tfwsol.data.preparation.record_builder import RecordBuilder
from tfwsol.data.preparation.source_tree import open_source
from tfwsol.data.wsol_folder.fingerprint import fingerprint
from tfwsol.data.wsol_folder.folder_index import index_folder
from tfwsol.data.wsol_folder.layout import SPLITS, is_picture

_LABELS = ("auto", "folders", "boxes")


def _holds_boxes(name: str) -> bool:
    """Whether a file in a folder of boxes is read; pictures may lie beside them."""
    return name.endswith((".txt", ".xml"))


@dataclasses.dataclass(eq=False, kw_only=True)
class Config(tfds.core.BuilderConfig):
    """One folder in one state: its name changes when a picture or the file of boxes does.

    Attributes:
        source: The folder (or archive) with the pictures: ``<class>/*.jpg``, whose one split is
            called test; ``<split>/<class>/*.jpg`` with splits train, val and test; or pictures
            anywhere, with boxes that name their classes.
        boxes: A CSV file (header ``image,x0,y0,x1,y1`` or besides ``label``), a COCO JSON file, a
            folder of VOC XML files, or a wsolevaluation metadata folder; None: no boxes.
        labels: Where classes come from: "folders", "boxes", or "auto" (see ``index_folder``).
    """

    name: str = dataclasses.field(default="", init=False)
    source: str | os.PathLike[str] | None = None
    boxes: str | os.PathLike[str] | None = None
    labels: str = "auto"

    def __post_init__(self) -> None:
        if self.source is None:
            raise SourceError("The data set folder needs a source, the folder of the pictures.")
        if self.labels not in _LABELS:
            raise ValueError(f"labels is one of {', '.join(_LABELS)}; got {self.labels!r}.")
        source = Path(self.source).expanduser()
        state = [fingerprint(source, is_picture), self.labels]
        if self.boxes is not None:
            state.append(fingerprint(Path(self.boxes).expanduser(), _holds_boxes))
        digest = hashlib.sha256(" ".join(state).encode()).hexdigest()[:16]
        readable = re.sub(r"[^A-Za-z0-9_-]+", "_", source.resolve().name)[:40]
        self.name = f"{readable}_{digest}"


class Builder(RecordBuilder):
    """Builder of the data set ``folder``; each configuration is one folder in one state."""

    SPLITS: ClassVar = SPLITS
    DESCRIPTION: ClassVar = "A folder of pictures in classes, with or without boxes."
    WHERE: ClassVar = (
        "A folder of your own: <class>/*.jpg, <split>/<class>/*.jpg with splits train, val and "
        "test, or pictures anywhere with boxes that name their classes. Any picture that Pillow "
        "reads will do."
    )

    def index(self, source: Path, work_dir: Path | None) -> Index:
        """The records of the folder."""
        config = self.builder_config
        boxes = None if config.boxes is None else Path(config.boxes).expanduser()
        return index_folder(open_source(source, work_dir), boxes, config.labels)
