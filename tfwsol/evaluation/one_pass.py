"""Scores maps under the published protocols, all in one pass over the data."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tqdm

from tfwsol.evaluation.classifier_scores import ClassificationScore, FaithfulnessScore
from tfwsol.evaluation.explainer_maps import TEN_CROP
from tfwsol.evaluation.insertion_deletion import InsertionDeletionSettings
from tfwsol.evaluation.map_batch import MapSource
from tfwsol.evaluation.protocols import VIEWS, Protocol, choose_protocols
from tfwsol.evaluation.run_folder import RunFolder
from tfwsol.evaluation.running_scores import RunningScores
from tfwsol.evaluation.score import ScoreCurve, ScoreOptions, ScoreRow


@dataclasses.dataclass(frozen=True)
class EvaluationSettings:
    """How to score, whatever is scored; plain data.

    Attributes:
        step: Distance of the thresholds of sweeps.
        bootstrap: Replicas for the 95 % intervals; 0: none.
        seed: Of the replicas and of the examples drawn by chance.
        examples: Best, worst and random images to remember, of each kind.
        ten_crop: Whether the source brings scores of ten crops.
        faithfulness: How to measure insertion and deletion; None: not at all.
        save_every: Batches between two saved states, if there is a folder.
        only_fitting: Leave out protocols that need another view or ground truth than there is,
            and say so, instead of refusing.
    """

    step: float = 0.001
    bootstrap: int = 200
    seed: int = 0
    examples: int = 6
    ten_crop: bool = False
    faithfulness: InsertionDeletionSettings | None = None
    save_every: int = 50
    only_fitting: bool = False


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """What came out.

    Attributes:
        rows: One number each, methods and protocols in order.
        curves: The numbers over thresholds.
        chosen: By method and protocol: the thresholds that are best on these images, to be
            handed to an evaluation of other images.
        left_out: Why images were left out, by name.
        notes: Plain sentences about what was not scored.
        images: How many images passed.
        running: The scores themselves, for classes and examples.
    """

    rows: list[ScoreRow]
    curves: list[ScoreCurve]
    chosen: dict[str, dict[str, Any]]
    left_out: dict[str, str]
    notes: list[str]
    images: int
    running: RunningScores


def evaluate(
    source: MapSource,
    protocols: Sequence[str | Protocol] = ("wsoleval",),
    settings: EvaluationSettings | None = None,
    chosen: Mapping[str, Mapping[str, Any]] | None = None,
    folder: RunFolder | None = None,
    words: str | None = "scoring",
) -> Evaluation:
    """Scores every map of a source under every protocol in one pass.

    Numbers of different protocols are never mixed: each has its own view, rule, ground-truth
    scaling and thresholds. Images stream by; the memory does not depend on their number.

    Args:
        source: Where maps and truth come from.
        protocols: Names out of `PROTOCOLS`, "all", or records.
        settings: See `EvaluationSettings`.
        chosen: `Evaluation.chosen` of a validation split: numbers at its thresholds are given
            beside those at the best ones.
        folder: Where the state is kept, so that a run that is cut short goes on.
        words: What the progress bar says; None: there is none.

    Raises:
        ValueError: A protocol is unknown or does not fit the source, or no image could be scored.
    """
    settings = settings or EvaluationSettings()
    fitting, notes = _fitting(source, protocols, settings.only_fitting)
    running = _running(source, fitting, settings)
    start = 0
    found = folder.load() if folder else None
    if found:
        start, state = found
        running.restore(state)
    _pass(source, running, settings, folder, start, words)
    if not source.has_scores and any(protocol.kind == "fixed" for protocol in fitting):
        notes.append("No scores of a classifier over these labels, so Top-k is left out.")
    notes += [
        f"{count} of {source.num_images} maps of {name} are constant or not finite; they count as "
        "empty, as the protocols have it."
        for name, count in running.blank.items()
        if count
    ]
    rows, curves = [], []
    for score in running.all():
        mine = (chosen or {}).get(score.method, {}).get(score.protocol.name)
        try:
            rows += score.rows(mine)
            curves += score.curves()
        except RuntimeError as error:
            raise ValueError(f"There is no number for {score.protocol.name}: {error}") from error
    best = {
        name: {s.protocol.name: s.chosen() for s in scores if s.chosen() is not None}
        for name, scores in running.by_method.items()
    }
    return Evaluation(rows, curves, best, running.left_out, notes, source.num_images, running)


def _pass(
    source: MapSource,
    running: RunningScores,
    settings: EvaluationSettings,
    folder: RunFolder | None,
    start: int,
    words: str | None,
) -> None:
    pause = 0.2 if sys.stderr.isatty() else 10.0
    shown = {"initial": start, "mininterval": pause, "disable": words is None}
    with tqdm.tqdm(None, words, source.num_images, unit=" images", **shown) as bar:
        for number, (end, batch) in enumerate(source.batches(start), 1):
            running.update(batch)
            bar.update(end - bar.n)
            if folder and number % settings.save_every == 0:
                folder.save(end, running.state())


def _running(
    source: MapSource, protocols: Sequence[Protocol], settings: EvaluationSettings
) -> RunningScores:
    options = ScoreOptions(
        settings.step,
        settings.bootstrap,
        settings.seed,
        source.num_classes,
        source.has_scores,
        source.explain,
    )
    further: list[ClassificationScore | FaithfulnessScore] = []
    if source.has_scores:
        views = [view for view in VIEWS if view in source.views]
        views += [TEN_CROP] * settings.ten_crop
        further += [ClassificationScore(view, options) for view in views]
    if settings.faithfulness:
        predict = getattr(source, "predict", None)
        if predict is None or "whole" not in source.views:
            raise ValueError(
                "Insertion and deletion ask a model about whole images; name an explainer, a model "
                "and a data set."
            )
        further += [
            FaithfulnessScore(name, options, predict, settings.faithfulness)
            for name in source.methods
        ]
    return RunningScores(
        source.methods, protocols, options, further, settings.examples, source.num_images
    )


def _fitting(
    source: MapSource, asked: Sequence[str | Protocol], only_fitting: bool
) -> tuple[list[Protocol], list[str]]:
    """The protocols that the source can be scored by, and a sentence about each other one."""
    records = [protocol for protocol in asked if isinstance(protocol, Protocol)]
    names = [name for name in asked if isinstance(name, str)]
    protocols = [*records, *(choose_protocols(names) if names or not records else ())]
    fitting, notes = [], []
    for protocol in protocols:
        lack = None
        if protocol.truth not in source.truths:
            lack = f"{protocol.truth} of the objects, which the data does not have"
        elif protocol.view not in source.views:
            lack = f"maps of the view “{VIEWS[protocol.view]}”, which there are not"
        if lack is None:
            fitting.append(protocol)
        elif only_fitting:
            notes.append(f"The protocol {protocol.name} is left out: it needs {lack}.")
        else:
            raise ValueError(f"The protocol {protocol.name} needs {lack}.")
    if not fitting:
        raise ValueError("No protocol fits: the data has neither boxes nor masks.")
    return fitting, notes


def label_counts(evaluation: Evaluation) -> np.ndarray:
    """How many images of each class were scored, int64."""
    return np.maximum.reduce([score.class_images for score in evaluation.running.all()])
