"""The tfds builder of ImageNet as weakly supervised localization uses it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from tfwsol.data.preparation.record import Index
from tfwsol.data.preparation.record_builder import RecordBuilder
from tfwsol.data.wsol_imagenet.indexing import index_imagenet


class Builder(RecordBuilder):
    """Builder of the data set ``wsol_imagenet``.

    Classes are the ranks of the synsets in sorted order, as in Keras and torchvision. Split test
    is the ILSVRC2012 validation set, split val ImageNetV2. An image_id is the path that
    wsolevaluation gives the picture: ``train/n01440764/n01440764_10026.JPEG``,
    ``val2/0/0.jpeg``, ``val/ILSVRC2012_val_00000001.JPEG``. Boxes are as their files write them.
    A split whose pictures are not in the source is left out.
    """

    SPLITS: ClassVar = ("train", "val", "test")
    DESCRIPTION = """
    ILSVRC2012 (Russakovsky et al. 2015): 1,281,167 training pictures of 1000 classes and the 50,000
    of the validation set with their boxes; for validation the 10,000 pictures of ImageNetV2,
    threshold 0.7 (Recht et al. 2019), with the boxes of Choe et al. 2020.
    """
    WHERE = """
ImageNet needs a folder --source with any of
  ILSVRC2012_img_train.tar          147,897,477,120 bytes, or unpacked: .../n01440764/*.JPEG
  ILSVRC2012_img_val.tar            6,744,924,160 bytes, or unpacked: .../*.JPEG (split test)
                                    https://image-net.org/download-images.php after a log-in
and with the second
  ILSVRC2012_bbox_val_v3.tgz        or unpacked: .../ILSVRC2012_val_*.xml (boxes and classes)
                                    https://image-net.org/data/ILSVRC/2012/ILSVRC2012_bbox_val_v3.tgz
and, if you want them,
  ILSVRC2012_bbox_train_v2.tar.gz   or unpacked: .../n*_*.xml (boxes of some training pictures)
                                    https://image-net.org/data/ILSVRC/2012/ILSVRC2012_bbox_train_v2.tar.gz
  imagenetv2-threshold0.7.tar.gz    about 1.25 GB, or unpacked so or as val2/ (split val)
                                    https://huggingface.co/datasets/vaishaal/ImageNetV2, and
  metadata/ILSVRC/val/              its boxes; from https://github.com/clovaai/wsolevaluation
  metadata/ILSVRC/val/mapping.txt   only if ImageNetV2's files are called by hashes: each line the
                                    number 0/3.jpeg and the file 0/8e13....jpeg; the boxes go by
                                    numbers, see issue 42 of clovaai/wsolevaluation
"""

    def index(self, source: Path, work_dir: Path | None) -> Index:
        return index_imagenet(source, work_dir)
