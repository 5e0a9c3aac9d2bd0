"""The tfds builder of PASCAL VOC 2012."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tfwsol.data.preparation.record import Index
from tfwsol.data.preparation.record_builder import RecordBuilder
from tfwsol.data.wsol_voc.indexing import index_voc


class Builder(RecordBuilder):
    """Builder of the data set ``wsol_voc``.

    ``labels`` are the classes on a picture, sorted, from 0 without the background: those of its
    XML file, else of the list, else of the segmentation; ``label`` is the first of them. Boxes
    are corners that enclose the box's pixels, counted from 0; difficult objects are among them.
    ``segmentation`` holds 0 for background, class + 1 and 255 for pixels that do not count,
    ``mask`` 1 for any class and ``ignore_mask`` 1 for 255; where a picture has no segmentation,
    all three are 255.
    """

    SPLITS: ClassVar = ("train", "val", "train_aug")
    MASKS = True
    IGNORE_MASKS = True
    LABELS = True
    SEGMENTATIONS = True
    DESCRIPTION = """
    PASCAL VOC 2012 (Everingham et al. 2015): 2,913 pictures of 20 classes with segmentations, 1,464
    for training and 1,449 for validation; train_aug are the 10,582 training pictures that also
    have the segmentations of SBD (Hariharan et al. 2011).
    """
    WHERE = """
PASCAL VOC 2012 needs a folder --source with
  VOCtrainval_11-May-2012.tar   1,999,639,040 bytes, or unpacked as VOCdevkit/VOC2012/
                                http://host.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar
and, if you want the split train_aug,
  train_aug.txt                 10,582 lines, anywhere in it: the SBD list that comes with public
                                code for DeepLab or IRN, and with it
  SegmentationClassAug/         or SegmentationClassAug.zip: its segmentations
"""

    def index(self, source: Path, work_dir: Path | None) -> Index:
        return index_voc(source, work_dir)
