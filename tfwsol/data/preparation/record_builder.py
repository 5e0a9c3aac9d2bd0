"""The base of all builders that read what a user downloaded."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import tensorflow_datasets as tfds

from tfwsol.data.preparation.example import example_of
from tfwsol.data.preparation.index_checks import check_index
from tfwsol.data.preparation.record import Index, Record
from tfwsol.data.preparation.record_order import written_order
from tfwsol.data.preparation.summary import PreparationSummary, SplitSummary


class RecordBuilder(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    """Base of the builders: a subclass says what a download looks like, the rest is here.

    ``tfwsol.data.prepare`` writes the records of any of them and can go on after an interruption;
    plain ``download_and_prepare`` with ``manual_dir`` gives the same examples. Examples hold
    image, label, boxes and image_id, and what the switches below add. Where a picture has no mask
    though others have, its mask is 255 everywhere: unknown.

    Attributes:
        SPLITS: The splits that the data set can have.
        DESCRIPTION: What the data set is, for tfds.
        WHERE: Which files are needed, where to get them and how large they are; printed when
            they are missing.
        MASKS: Whether examples hold ``mask``.
        IGNORE_MASKS: Whether examples hold ``ignore_mask``.
        LABELS: Whether examples hold ``labels``.
        SEGMENTATIONS: Whether examples hold ``segmentation``, and its masks besides. ``masks`` and
            ``ignore_mask`` of a record are then one file: the class of each pixel.
        on_wrong_count: What ``download_and_prepare`` does with more or fewer pictures than
            published: "refuse" or "accept".
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES: ClassVar = {"1.0.0": "First release."}
    SPLITS: ClassVar[tuple[str, ...]] = ("train", "val", "test")
    DESCRIPTION: ClassVar[str] = ""
    WHERE: ClassVar[str] = ""
    MASKS: ClassVar[bool] = False
    IGNORE_MASKS: ClassVar[bool] = False
    LABELS: ClassVar[bool] = False
    SEGMENTATIONS: ClassVar[bool] = False
    on_wrong_count: str = "refuse"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.MANUAL_DOWNLOAD_INSTRUCTIONS = cls.WHERE

    @abstractmethod
    def index(self, source: Path, work_dir: Path | None) -> Index:
        """The records of the download, in their final order, and what was noticed.

        Args:
            source: The folder or archive that the user named; open parts of it with
                ``open_source`` or ``find_source``.
            work_dir: Where ``open_source`` may keep decompressed archives.

        Raises:
            SourceError: If files are missing or wrong.
        """

    def _info(self) -> tfds.core.DatasetInfo:
        return tfds.core.DatasetInfo(
            builder=self,
            description=self.DESCRIPTION,
            features=self._features(),
            supervised_keys=("image", "label"),
            disable_shuffling=True,
            metadata=tfds.core.MetadataDict(),
        )

    def _features(self) -> tfds.features.FeaturesDict:
        # The names of the classes come from the download.
        features = {
            "image": tfds.features.Image(shape=(None, None, 3)),
            "label": tfds.features.ClassLabel(),
            "boxes": tfds.features.Tensor(shape=(None, 4), dtype=np.float32),
            "image_id": tfds.features.Text(),
        }
        if self.MASKS:
            features["mask"] = tfds.features.Image(shape=(None, None, 1))
        if self.IGNORE_MASKS:
            features["ignore_mask"] = tfds.features.Image(shape=(None, None, 1))
        if self.SEGMENTATIONS:
            features["segmentation"] = tfds.features.Image(shape=(None, None, 1))
        if self.LABELS:
            features["labels"] = tfds.features.Sequence(tfds.features.ClassLabel())
        return tfds.features.FeaturesDict(features)

    def name_classes(self, names: Sequence[str]) -> None:
        """Puts the names of the classes, which only the download tells, into ``info``."""
        features = self.info.features
        features["label"].names = list(names)
        if self.LABELS:
            features["labels"].feature.names = list(names)

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        index = self.index(Path(dl_manager.manual_dir), None)
        notes = [*index.problems, *check_index(self.name, index, self.on_wrong_count)]
        self.name_classes(index.class_names)
        splits = {split: _count(records) for split, records in index.splits.items()}
        summary = PreparationSummary(self.name, Path(self.data_dir), splits, {}, notes, True)
        self.info.metadata.update(summary.metadata())
        written = written_order(index.splits)
        return {split: self._generate_examples(records) for split, records in written.items()}

    def _generate_examples(self, records: Sequence[Record]) -> Iterator[tuple[int, dict[str, Any]]]:
        for number, record in enumerate(records):
            yield number, example_of(record, self.info.features).fields


def _count(records: Sequence[Record]) -> SplitSummary:
    return SplitSummary(
        images=len(records),
        boxes=sum(len(record.boxes) for record in records),
        masks=sum(bool(record.masks) for record in records),
        ignore_masks=sum(record.ignore_mask is not None for record in records),
    )
