"""An evaluation from its description to the finished folder."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.data.some_names import some_names
from tfwsol.evaluation.classifier_scores import CLASSIFIER
from tfwsol.evaluation.evaluation_examples import example_tables
from tfwsol.evaluation.evaluation_job import DatasetSplit, EvaluationJob, LoadClassifier
from tfwsol.evaluation.evaluation_report import main_columns, write_evaluation_report
from tfwsol.evaluation.evaluation_table import classes_csv, curves_csv
from tfwsol.evaluation.map_batch import MapSource
from tfwsol.evaluation.metadata_source import SCORE_MAPS
from tfwsol.evaluation.one_pass import Evaluation, evaluate, label_counts
from tfwsol.evaluation.provenance import versions
from tfwsol.evaluation.run_folder import RunFolder
from tfwsol.evaluation.score import ScoreRow
from tfwsol.methods.explainer_names import TITLES
from tfwsol.visualization import write_text

ALL_TITLES = {
    **TITLES,
    "centred_gaussian": "centred Gaussian",
    "full_image": "full image",
    "random": "random noise",
    SCORE_MAPS: SCORE_MAPS,
    CLASSIFIER: CLASSIFIER,
}
"""What methods are called in tables."""


@dataclasses.dataclass(frozen=True)
class EvaluationSummary:
    """What a run found.

    Attributes:
        about: Plain sentences that say what was scored.
        rows: The numbers.
        notes: Plain sentences about what was not scored.
        left_out: Images that could not be scored, and why.
        report: The HTML page.
        is_new: False if an earlier run with the same settings had found it all.
    """

    about: list[str]
    rows: list[ScoreRow]
    notes: list[str]
    left_out: dict[str, str]
    report: pathlib.Path
    is_new: bool


def run_evaluation(
    job: EvaluationJob,
    load: LoadClassifier,
    output_dir: pathlib.Path,
    identity: Mapping[str, Any] | None = None,
    flags: Mapping[str, Any] | None = None,
) -> EvaluationSummary:
    """Scores what the job describes and writes everything into one folder.

    `metrics.json`, `curves.csv`, `per_class.csv` and `report.html`. A run that is cut short goes
    on where its state was last saved and ends with the same numbers; a finished one is not
    repeated and loads neither model nor images.

    Args:
        job: What to evaluate.
        load: Gives the classifier; called only if there is anything to do with it.
        output_dir: Made if missing.
        identity: What decides which classifier it is.
        flags: How the run was started, for the record.

    Raises:
        ValueError: If the job does not fit the data or the model.
    """
    settings = {**job.identity(), "model": dict(identity or {}) if job.explainers else None}
    folder = RunFolder(output_dir, settings)
    report = output_dir / "report.html"
    known = folder.results()
    if known and report.exists():
        rows = [ScoreRow(**_tuples(row)) for row in known["rows"]]
        return EvaluationSummary(
            known["about"], rows, known["notes"], known["left_out"], report, is_new=False
        )
    classifier = load() if job.explainers else None
    source = job.source(job.data, classifier)
    chosen = _chosen(job, classifier, folder) if job.validation else None
    evaluation = evaluate(source, job.protocols, job.settings, chosen, folder)
    lead = _lead(job, source, classifier)
    facts = {**(flags or {}), **versions(), "seed": job.settings.seed}
    names = classifier.class_names if classifier else source.class_names
    examples = example_tables(evaluation, source, ALL_TITLES, names)
    write_evaluation_report(
        report, evaluation, lead, examples, ALL_TITLES, source.class_names, facts
    )
    _write_files(folder, evaluation, source, lead, facts)
    return EvaluationSummary(
        lead, evaluation.rows, evaluation.notes, evaluation.left_out, report, is_new=True
    )


def _chosen(
    job: EvaluationJob, classifier: TrainedClassifier | None, folder: RunFolder
) -> dict[str, Any]:
    """The thresholds that are best on the validation images."""
    kept = RunFolder(folder.path / "validation", {"thresholds of": folder.settings})
    known = kept.results()
    if known:
        return known["chosen"]
    protocols = [protocol for protocol in job.protocols if protocol.kind in ("sweep", "fixed")]
    if not protocols:
        raise ValueError(
            "A validation split chooses thresholds, but none of these protocols has any to choose; "
            "add wsoleval, or leave the validation split out."
        )
    plain = dataclasses.replace(
        job.settings, bootstrap=0, examples=0, faithfulness=None, ten_crop=job.settings.ten_crop
    )
    source = job.source(job.validation, classifier)
    found = evaluate(source, protocols, plain, folder=kept, words="validation")
    kept.finish({"chosen": found.chosen, "images": found.images, "left_out": found.left_out})
    return found.chosen


def _write_files(
    folder: RunFolder,
    evaluation: Evaluation,
    source: MapSource,
    lead: list[str],
    facts: Mapping[str, Any],
) -> None:
    write_text(folder.path / "curves.csv", curves_csv(evaluation.curves))
    counts, columns = label_counts(evaluation), main_columns(evaluation)
    text = classes_csv(columns, counts, source.class_names)
    write_text(folder.path / "per_class.csv", text)
    folder.finish(
        {
            "about": lead,
            "rows": [dataclasses.asdict(row) for row in evaluation.rows],
            "chosen": evaluation.chosen,
            "images": evaluation.images,
            "left_out": evaluation.left_out,
            "notes": evaluation.notes,
            "made": dict(facts),
        }
    )


def _lead(job: EvaluationJob, source: MapSource, classifier: TrainedClassifier | None) -> list[str]:
    methods = ", ".join(ALL_TITLES[name] for name in source.methods)
    data = job.data
    if isinstance(data, DatasetSplit):
        where = f" {data.source}" if data.name == "folder" else ""
        what = f"{data.name}{where}, split {data.split}"
    else:
        what = str(data.metadata)
    part = f"Only the first {source.num_images} images" if job.limit else f"{source.num_images}"
    lead = [f"{part}{'' if job.limit else ' images'} of {what}: {methods}."]
    skipped = list(data.facts().skipped) if isinstance(data, DatasetSplit) else []
    if skipped:
        lead += [f"Left out as corrupt when {data.name} was prepared: {some_names(skipped)}."]
    if classifier is None:
        return lead
    asked = "the true class" if job.explain == "label" else "the predicted class"
    sentence = f"The maps are of {asked} as {classifier.name} sees it"
    if job.among:
        sentence += (
            f", among {len(job.among)} listed classes; these are not the classes of the data, so "
            "classification and Top-k are left out"
        )
    return [*lead, f"{sentence}."]


def _tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in row.items()}
