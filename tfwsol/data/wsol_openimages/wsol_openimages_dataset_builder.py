"""The tfds builder of OpenImages30k."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tfwsol.data.preparation.record import Index
from tfwsol.data.preparation.record_builder import RecordBuilder
from tfwsol.data.wsol_openimages.indexing import index_openimages


class Builder(RecordBuilder):
    """Builder of the data set ``wsol_openimages``.

    ``mask`` is the union of the picture's instance masks, ``ignore_mask`` the ignore file as it
    is: pixels may be set in both, and whoever scores takes the foreground out of it, as the
    protocol says. Both keep the size in which they were drawn, often another than the picture's,
    in its proportions. There are no boxes, and no masks in split train. Classes are named by
    their folder, the code of OpenImages.
    """

    SPLITS: ClassVar = ("train", "val", "test")
    MASKS = True
    IGNORE_MASKS = True
    DESCRIPTION = """
    OpenImages30k (Choe et al. 2020): 37,319 photographs of 100 classes out of Open Images V5, with
    segmentations of 7,500 of them.
    """
    WHERE = """
OpenImages30k needs a folder --source with
  metadata/OpenImages/{train,val,test}/   the lists of pictures, classes and masks, and
  train/ val/ test/                       or an archive of each (.tar, .tar.gz or .zip): pictures
                                          <split>/<class folder>/<name>.jpg, and in the same or
                                          other folders of these names the masks
                                          <split>/<class folder>/<name>_m<class>_<number>.png and
                                          <split>/<class folder>/<name>_ignore.png;
                                          all as linked from https://github.com/clovaai/wsolevaluation
"""

    def index(self, source: Path, work_dir: Path | None) -> Index:
        return index_openimages(source, work_dir)
