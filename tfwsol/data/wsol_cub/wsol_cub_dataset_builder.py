"""The tfds builder of CUB-200-2011 as weakly supervised localization uses it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tfwsol.data.preparation.record import Index
from tfwsol.data.preparation.record_builder import RecordBuilder
from tfwsol.data.wsol_cub.indexing import index_cub


class Builder(RecordBuilder):
    """Builder of the data set ``wsol_cub``.

    Boxes are the official ones as corners x, y, x + width, y + height. The official masks are grey
    levels, the drawings of several annotators averaged; 128 and more are foreground here. Split
    val is CUBV2, which has no masks.
    """

    SPLITS: ClassVar = ("train", "val", "test")
    MASKS = True
    DESCRIPTION = """
    CUB-200-2011 (Wah et al. 2011): 11,788 photographs of birds of 200 species with one box and one
    segmentation each; for validation the 1,000 photographs of CUBV2 (Choe et al. 2020).
    """
    WHERE = """
CUB-200-2011 needs a folder --source with
  CUB_200_2011.tgz    1,150,585,339 bytes, or unpacked as CUB_200_2011/
                      https://data.caltech.edu/records/65de6-vp158/files/CUB_200_2011.tgz?download=1
and, if you want them,
  segmentations.tgz   39,272,883 bytes, or unpacked as segmentations/ (masks)
                      https://data.caltech.edu/records/w9d68-gec53/files/segmentations.tgz?download=1
  CUBV2.tar           or unpacked as CUBV2/ (1,000 pictures, the split val), and
  metadata/CUB/val/   its labels and boxes; both from https://github.com/clovaai/wsolevaluation
"""

    def index(self, source: Path, work_dir: Path | None) -> Index:
        return index_cub(source, work_dir)
