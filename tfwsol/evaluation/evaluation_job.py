"""What to evaluate, as plain records, and the sources of maps that they stand for."""

from __future__ import annotations

import dataclasses
import hashlib
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.data import registry
from tfwsol.data.score_map_folder import ScoreMapFolder
from tfwsol.data.wsol_metadata import read_metadata
from tfwsol.evaluation.dataset_source import DatasetSource
from tfwsol.evaluation.explainer_maps import ExplainerMaps
from tfwsol.evaluation.map_batch import MapSource
from tfwsol.evaluation.metadata_source import MetadataSource
from tfwsol.evaluation.one_pass import EvaluationSettings
from tfwsol.evaluation.protocols import Protocol
from tfwsol.evaluation.trivial_maps import TRIVIAL
from tfwsol.methods.explainer_names import EXPLAINERS, build_explainer, check_explainer_names

LoadClassifier = Callable[[], TrainedClassifier]


@dataclasses.dataclass(frozen=True)
class MetadataSplit:
    """A wsolevaluation split and, unless the maps are trivial ones, the folder of its maps.

    Attributes:
        metadata: The metadata folder of the split.
        scoremap_dir: Holds `<image id>.npy`; None: trivial maps.
        mask_dir: Where the masks lie that the metadata names.
        skip_bad: Leave out images whose map cannot be scored.
    """

    metadata: pathlib.Path
    scoremap_dir: pathlib.Path | None = None
    mask_dir: pathlib.Path | None = None
    skip_bad: bool = False

    def identity(self) -> dict[str, Any]:
        """What decides which data this is: contents of the metadata, sizes and times of maps."""
        digest = hashlib.sha256()
        for path in sorted(self.metadata.glob("*.txt")):
            digest.update(path.name.encode() + path.read_bytes())
        if self.scoremap_dir is not None:
            for path in sorted(self.scoremap_dir.rglob("*.npy")):
                state = path.stat()
                name = path.relative_to(self.scoremap_dir)
                digest.update(f"{name} {state.st_size} {state.st_mtime_ns}\n".encode())
        return {"metadata": str(self.metadata.resolve()), "digest": digest.hexdigest()}


@dataclasses.dataclass(frozen=True)
class DatasetSplit:
    """A split of a data set that `tfwsol.data.load` knows.

    Attributes:
        name: Of the data set.
        split: Of it.
        data_dir: Where prepared data sets lie.
        source: The downloaded files of one that is not prepared yet.
        options: Of the data set.
        preparation: `on_corrupt` and `on_wrong_count` of `tfwsol.data.prepare`.
    """

    name: str
    split: str
    data_dir: str | None = None
    source: str | None = None
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    preparation: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def facts(self) -> registry.DatasetFacts:
        """What is known of the data set, which is prepared first where it is not."""
        where = {"data_dir": self.data_dir, "source": self.source}
        return registry.facts(self.name, **where, **self.preparation, **self.options)

    def identity(self) -> dict[str, Any]:
        """What decides which data this is: its prepared folder, named by its contents."""
        return {"name": self.name, "split": self.split, "folder": self.facts().folder}


@dataclasses.dataclass(frozen=True)
class EvaluationJob:
    """Everything that decides what comes out, but the model; plain data.

    Attributes:
        data: The images.
        methods: Explainers and trivial maps by name; empty for a folder of score maps.
        protocols: In the order of the table.
        settings: How to score.
        validation: Other images, on which thresholds are chosen as well.
        explain: "label" or "predicted".
        among: Classes that count as predictions; empty: all.
        explainer_options: As `build_explainer` takes them.
        limit: Take the first so many images; 0: all.
        batch_size: Images that go through the model together.
    """

    data: MetadataSplit | DatasetSplit
    methods: tuple[str, ...]
    protocols: tuple[Protocol, ...]
    settings: EvaluationSettings = dataclasses.field(default_factory=EvaluationSettings)
    validation: MetadataSplit | DatasetSplit | None = None
    explain: str = "label"
    among: tuple[int, ...] = ()
    explainer_options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    limit: int = 0
    batch_size: int = 32

    def __post_init__(self) -> None:
        check_explainer_names(self.methods, TRIVIAL)
        from_folder = isinstance(self.data, MetadataSplit) and self.data.scoremap_dir is not None
        if from_folder == bool(self.methods):
            raise ValueError(
                "Expected either a folder of score maps (--scoremap_dir) or methods (--method), "
                f"but {'both' if self.methods else 'neither'} came."
            )
        if isinstance(self.data, MetadataSplit) and self.explainers:
            raise ValueError(
                f"The methods {', '.join(self.explainers)} need images, and a metadata folder "
                "holds none; name a data set, for your own pictures --dataset=folder with --source "
                "and --boxes."
            )

    @property
    def explainers(self) -> tuple[str, ...]:
        """The methods that need a model."""
        return tuple(name for name in self.methods if name in EXPLAINERS)

    @property
    def views(self) -> tuple[str, ...]:
        """The views that the protocols show."""
        wanted = {protocol.view for protocol in self.protocols}
        return tuple(view for view in ("whole", "centre") if view in wanted) or ("whole",)

    def identity(self) -> dict[str, Any]:
        """What decides the outcome, in forms that JSON knows."""
        plain = dataclasses.asdict(self)
        for name in ("data", "validation"):
            data = getattr(self, name)
            plain[name] = None if data is None else {**plain[name], **data.identity()}
            # What is prepared stays as it is.
            (plain[name] or {}).pop("preparation", None)
        # Neither changes a number.
        del plain["settings"]["save_every"], plain["batch_size"]
        return plain

    def source(
        self, data: MetadataSplit | DatasetSplit, classifier: TrainedClassifier | None
    ) -> MapSource:
        """The maps of a split.

        Raises:
            ValueError: If the settings do not fit the data or the model.
        """
        trivial = [name for name in self.methods if name in TRIVIAL]
        shared = {"limit": self.limit, "batch_size": self.batch_size, "seed": self.settings.seed}
        if isinstance(data, MetadataSplit):
            maps = None if data.scoremap_dir is None else ScoreMapFolder(data.scoremap_dir)
            return MetadataSource(
                read_metadata(data.metadata),
                maps,
                trivial,
                data.mask_dir,
                skip_bad=data.skip_bad,
                **shared,
            )
        facts = data.facts()
        examples = registry.load(
            data.name, data.split, data.data_dir, source=data.source, **data.options
        )
        explained = None if classifier is None else self._explained(classifier)
        if explained is not None and explained.has_scores:
            _check_same_classes(facts.class_names, explained)
        return DatasetSource(
            examples,
            explained,
            trivial,
            self.views,
            _words(facts.class_names, explained),
            num_classes=self._number_of_classes(facts.class_names, explained),
            **shared,
        )

    def _explained(self, classifier: TrainedClassifier) -> ExplainerMaps:
        explainers = {
            name: build_explainer(name, classifier.model, **self.explainer_options)
            for name in self.explainers
        }
        among = list(self.among) or None
        return ExplainerMaps(
            classifier,
            explainers,
            self.explain,
            among,
            self.settings.ten_crop,
            self.protocols,
        )

    def _number_of_classes(self, names: list[str], explained: ExplainerMaps | None) -> int:
        scored = explained.num_classes if explained and explained.has_scores else 0
        return max(len(names), scored)


def _check_same_classes(names: list[str], explained: ExplainerMaps) -> None:
    """Refuses labels that cannot be the model's classes; mere numbers may leave the last out."""
    only_numbers = all(name.isdecimal() for name in names)
    if len(names) == explained.num_classes or (only_numbers and len(names) < explained.num_classes):
        return
    raise ValueError(
        f"The data has {len(names)} classes ({', '.join(names[:2])}, ...), but the model has "
        f"{explained.num_classes}; use a model of these classes, or --explain=predicted with "
        f"--among=0-{explained.num_classes - 1} or fewer."
    )


def _words(names: list[str], explained: ExplainerMaps | None) -> list[str]:
    """The data's names of its classes; the model's where the data has only numbers."""
    known = explained.classifier.class_names if explained and explained.has_scores else None
    return list(known) if known and all(name.isdecimal() for name in names) else names
