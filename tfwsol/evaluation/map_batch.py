"""Maps of a few images with all that scoring needs to know about these."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np


@dataclasses.dataclass(frozen=True)
class MapBatch:
    """The maps of a batch by method and view, and the truth about its images.

    Attributes:
        image_ids: One name per image.
        places: int, batch: where in the data each image stands.
        labels: int64, batch: the true classes.
        image_sizes: int, batch × 2: height and width of the original images.
        maps: By method, then by view, or by `Protocol.maps` where a view has several: batch ×
            height × width, of any size and range, or score maps 224 × 224 in [0, 1] for the
            methods in `scaled`.
        boxes: Per image n × 4 pixel corners in the original; n may be 0. None: not known.
        masks: uint8, batch × 224 × 224: 1 object, 0 background, 255 ignored. None: not known.
        scores: By view: batch × classes, the classifier's.
        scaled: Methods whose maps are score maps already, which no rule may stretch again.
        class_ids: int, batch: the classes that maps were asked for. None: of no class.
        pictures: By view, 0..255, batch × height × width × 3.
        left_out: Images that could not be scored, and why.
    """

    image_ids: tuple[str, ...]
    places: np.ndarray
    labels: np.ndarray
    image_sizes: np.ndarray
    maps: Mapping[str, Mapping[str, np.ndarray]]
    boxes: tuple[np.ndarray, ...] | None = None
    masks: np.ndarray | None = None
    scores: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    scaled: Collection[str] = ()
    class_ids: np.ndarray | None = None
    pictures: Mapping[str, np.ndarray] = dataclasses.field(default_factory=dict)
    left_out: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.image_ids)

    def only(self, rows: np.ndarray) -> MapBatch:
        """The batch without the images where `rows`, bool, is False."""
        places = np.flatnonzero(rows)

        def cut(value: Any) -> Any:
            if isinstance(value, Mapping):
                return {name: cut(part) for name, part in value.items()}
            if isinstance(value, tuple):
                return tuple(value[place] for place in places)
            return None if value is None else value[places]

        whole = {"scaled": self.scaled, "left_out": self.left_out}
        names = [f.name for f in dataclasses.fields(self) if f.name not in whole]
        return MapBatch(**{name: cut(getattr(self, name)) for name in names}, **whole)


class MapSource(Protocol):
    """Where maps come from: what `evaluate` reads.

    One that can ask a model also has `predict`, from pictures of a view to probabilities.

    Attributes:
        methods: Names of the methods, one map of each for every image.
        views: The views it has maps of.
        truths: "boxes" and "masks", as far as they are known.
        num_images: How many there are.
        num_classes: Labels are below it.
        class_names: Words for labels, or None.
        has_scores: Whether batches bring the classifier's scores.
        explain: Whose maps these are: of the class "label" or "predicted".
    """

    methods: Sequence[str]
    views: Collection[str]
    truths: Collection[str]
    num_images: int
    num_classes: int
    class_names: Sequence[str] | None
    has_scores: bool
    explain: str

    def batches(self, start: int) -> Iterator[tuple[int, MapBatch]]:
        """All batches from the image at `start` on, each with the place behind its last image."""
        ...

    def at(self, places: Collection[int]) -> Iterator[MapBatch]:
        """Single images, with pictures where there are pictures."""
        ...
