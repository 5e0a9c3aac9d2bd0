"""What every running score of one method under one protocol can do."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from tfwsol.boxes import scale_truth
from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.protocols import Protocol
from tfwsol.metrics.counting_metric import CountingMetric

Choice = Literal["best on these images", "best on the validation split", "given", ""]


@dataclasses.dataclass(frozen=True)
class ScoreRow:
    """One number and what it rests on; plain data.

    Attributes:
        method: Whose maps.
        protocol: Which of `PROTOCOLS`, or "classification", or "faithfulness".
        words: The protocol in words.
        metric: What the number is called.
        value: The number; percent, but for faithfulness.
        interval: Where it lies on 95 % of the bootstrap replicas; None: not asked.
        thresholds: At which threshold, one for each level that it is a mean of.
        choice: Who chose them.
        images: On how many images.
        main: Whether it is the number to compare methods by.
    """

    method: str
    protocol: str
    words: str
    metric: str
    value: float
    interval: tuple[float, float] | None
    thresholds: tuple[float, ...]
    choice: Choice
    images: int
    main: bool = False


@dataclasses.dataclass(frozen=True)
class ScoreCurve:
    """A number at every threshold; plain data.

    Attributes:
        method: Whose maps.
        protocol: Which of `PROTOCOLS`, or "faithfulness".
        name: What the number is called.
        x: Where it was taken.
        y: The number there.
    """

    method: str
    protocol: str
    name: str
    x: np.ndarray
    y: np.ndarray


@dataclasses.dataclass(frozen=True)
class ScoreOptions:
    """What scores of all kinds are made with; plain data.

    Attributes:
        step: Distance of the thresholds of a sweep.
        bootstrap: Replicas for the intervals; 0: none.
        seed: Of the replicas.
        num_classes: Labels are below it.
        has_scores: Whether the classifier's scores come along, for Top-k.
        explain: Whose map it is: of the class "label" or "predicted".
    """

    step: float = 0.001
    bootstrap: int = 200
    seed: int = 0
    num_classes: int = 1000
    has_scores: bool = True
    explain: str = "label"

    @property
    def replicas(self) -> dict[str, int]:
        """Keyword arguments of a metric."""
        return {"bootstrap": self.bootstrap, "bootstrap_seed": self.seed}


class Score(abc.ABC):
    """Counts batch by batch; its memory does not depend on the number of images.

    Args:
        method: Whose maps are scored.
        protocol: How.
        options: See `ScoreOptions`.
    """

    per_class_name: ClassVar[str] = ""
    """What the number of `per_class` is called; empty: there is none."""

    def __init__(self, method: str, protocol: Protocol, options: ScoreOptions) -> None:
        self.method, self.protocol, self.options = method, protocol, options
        self.metrics: tuple[CountingMetric, ...] = ()
        self.class_images = np.zeros(options.num_classes, np.int64)

    @abc.abstractmethod
    def update(self, batch: MapBatch, maps: np.ndarray) -> np.ndarray:
        """Counts a batch.

        Args:
            batch: Images with the ground truth that the protocol needs.
            maps: Score maps by the protocol's rule, batch × 224 × 224.

        Returns:
            How well each map fits at each of `example_thresholds`, batch × thresholds.
        """

    @abc.abstractmethod
    def rows(self, chosen: Mapping[str, Any] | None = None) -> list[ScoreRow]:
        """The numbers; also at thresholds `chosen` elsewhere, where the protocol has them."""

    @property
    def words(self) -> str:
        """What stands beside each number: the protocol, and the step where it has one."""
        words, top = self.protocol.words, self.protocol.mean_of_top
        words += f", mean of {top} predicted classes' maps" * (top > 1)
        return words + f", step {self.options.step:g}" * (self.protocol.kind in ("sweep", "pixels"))

    def chosen(self) -> dict[str, Any] | None:
        """The thresholds that are best here, for `rows` of another split; JSON."""
        return None

    def curves(self) -> list[ScoreCurve]:
        """The numbers over thresholds."""
        return []

    def per_class(self) -> np.ndarray | None:
        """The number called `per_class_name`, float64, one per class; NaN where there is none."""
        return None

    @property
    def example_thresholds(self) -> np.ndarray:
        """Thresholds at which examples are told apart; empty: never."""
        return np.zeros(0)

    def shown_threshold(self) -> float:
        """The threshold at which examples are shown."""
        return 0.0

    def shown_box(self, batch: MapBatch, maps: np.ndarray) -> tuple[np.ndarray | None, float]:
        """The predicted box of a single image, if any, and its overlap, at `shown_threshold`."""
        raise NotImplementedError(f"{type(self).__name__} has no examples to show.")

    def true_boxes(self, batch: MapBatch) -> np.ndarray:
        """The true boxes of a single image in its view of 224 × 224 pixels, n × 4."""
        return scale_truth(batch.boxes[0], batch.image_sizes[0], self.protocol.rule)

    def arrays(self) -> dict[str, np.ndarray]:
        """Counts beside those of the metrics, to be written in place when a run goes on."""
        return {"class_images": self.class_images}

    def state(self) -> dict[str, np.ndarray]:
        """Everything counted so far, by name."""
        counted = {
            f"{place}.{number}": np.asarray(variable)
            for place, metric in enumerate(self.metrics)
            for number, variable in enumerate(metric.variables)
        }
        return {**counted, **self.arrays()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        """Goes on from a `state`."""
        for place, metric in enumerate(self.metrics):
            for number, variable in enumerate(metric.variables):
                variable.assign(state[f"{place}.{number}"])
        for name, array in self.arrays().items():
            array[...] = state[name]

    def row(
        self,
        metric: CountingMetric,
        name: str,
        value: float,
        interval: tuple[float, float] | None,
        thresholds: tuple[float, ...] = (),
        choice: Choice = "",
        main: bool = False,
    ) -> ScoreRow:
        """A `ScoreRow` of this score."""
        return ScoreRow(
            self.method,
            self.protocol.name,
            self.words,
            name,
            value,
            interval,
            thresholds,
            choice,
            metric.num_images,
            main,
        )


def intervals(
    metric: CountingMetric, of: Callable[[Any], Any] | None = None
) -> dict[str, tuple[float, float] | None]:
    """The 95 % interval of each result of a metric; None each where it keeps no replicas."""
    if metric.bootstrap:
        return metric.interval(of=of)
    results = metric.result() if of is None else of(metric)
    return dict.fromkeys(results) if isinstance(results, dict) else {type(metric).__name__: None}
