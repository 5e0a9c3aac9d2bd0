"""The HTML page about an evaluation."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping, Sequence

import numpy as np

from tfwsol.evaluation.evaluation_table import with_interval
from tfwsol.evaluation.one_pass import Evaluation
from tfwsol.evaluation.protocols import PROTOCOLS
from tfwsol.evaluation.score import ScoreCurve, ScoreRow
from tfwsol.visualization import (
    Figure,
    Line,
    Report,
    Section,
    Table,
    class_name,
    line_plot,
    write_report,
)

_CLASSES = 8
_MOST_NAMED = 40


def write_evaluation_report(
    path: pathlib.Path,
    evaluation: Evaluation,
    lead: Sequence[str],
    examples: Sequence[Table],
    titles: Mapping[str, str],
    class_names: Sequence[str] | None,
    facts: Mapping[str, object],
) -> None:
    """Writes one self-contained page: numbers, curves, classes, examples, what was left out.

    Args:
        path: The file.
        evaluation: What came out.
        lead: Plain sentences that say what was scored.
        examples: Tables of pictures.
        titles: What the methods are called.
        class_names: Words for the labels.
        facts: How it was made.
    """
    sections = [
        _numbers(evaluation, titles),
        _curves(evaluation, titles),
        _classes(evaluation, titles, class_names),
        _examples(examples),
        _left_out(evaluation),
    ]
    sections = [section for section in sections if section is not None]
    write_report(path, Report("How well the maps fit", lead, sections, facts))


def main_columns(evaluation: Evaluation) -> dict[str, np.ndarray]:
    """The number of each class by "method, protocol, number"."""
    return {
        f"{score.method}, {score.protocol.name}, {score.per_class_name}": values
        for score in evaluation.running.all()
        if (values := score.per_class()) is not None
    }


def _numbers(evaluation: Evaluation, titles: Mapping[str, str]) -> Section:
    prose = [
        "Each number belongs to its protocol: protocols show other parts of the image, scale maps "
        "and true boxes differently and count other things as a hit, so numbers of two protocols "
        "do not compare.",
    ]
    choices = {row.choice for row in evaluation.rows}
    if "best on these images" in choices:
        prose.append(
            "A threshold that is “best on these images” was chosen with their true boxes, as the "
            "field reports it; nobody knows it beforehand."
        )
    if "best on the validation split" in choices:
        prose.append(
            "The numbers at thresholds from the validation split are what can be expected on new "
            "images."
        )
    if any(row.interval for row in evaluation.rows):
        prose.append(
            "Brackets hold 95 % of bootstrap replicas of the images; they say nothing about "
            "another training of the network."
        )
    return Section("Numbers", [*prose, *evaluation.notes], tables=_tables(evaluation, titles))


def _tables(evaluation: Evaluation, titles: Mapping[str, str]) -> list[Table]:
    """One table per protocol, with a line for each method and each way to choose thresholds."""
    by_protocol: dict[str, dict[tuple, list[ScoreRow]]] = {}
    for row in evaluation.rows:
        name = row.words if row.protocol == "classification" else row.method
        lines = by_protocol.setdefault(row.protocol, {})
        lines.setdefault((name, row.choice), []).append(row)
    return [_table(protocol, lines, titles) for protocol, lines in by_protocol.items()]


def _table(
    protocol: str, lines: Mapping[tuple, list[ScoreRow]], titles: Mapping[str, str]
) -> Table:
    names = list(dict.fromkeys(row.metric for rows in lines.values() for row in rows))
    cells = []
    for (name, choice), rows in lines.items():
        values = {row.metric: with_interval(row) for row in rows}
        thresholds = max((row.thresholds for row in rows), key=len)
        shown = " / ".join(f"{threshold:.3g}" for threshold in thresholds)
        numbers = [values.get(metric, "") for metric in names]
        cells.append([titles.get(name, name), *numbers, shown, choice, rows[0].images])
    words = next(iter(lines.values()))[0].words
    if protocol == "classification":
        return Table(
            ["View", *names, "Images"], [[*c[:-3], c[-1]] for c in cells], "The classifier."
        )
    header = ["Method", *names, "Threshold", "Chosen", "Images"]
    if not any(line[-3] for line in cells):
        header, cells = [*header[:-3], "Images"], [[*line[:-3], line[-1]] for line in cells]
    return Table(header, cells, f"{protocol}: {words}.")


def _curves(evaluation: Evaluation, titles: Mapping[str, str]) -> Section | None:
    by_protocol: dict[str, list[ScoreCurve]] = {}
    for curve in evaluation.curves:
        by_protocol.setdefault(curve.protocol, []).append(curve)
    figures = [_figure(name, curves, titles) for name, curves in by_protocol.items()]
    return Section("Over thresholds", figures=figures) if figures else None


def _figure(protocol: str, curves: list[ScoreCurve], titles: Mapping[str, str]) -> Figure:
    methods = list(dict.fromkeys(curve.method for curve in curves))
    names = list(dict.fromkeys(curve.name for curve in curves))
    lines = [
        Line(
            f"{titles.get(curve.method, curve.method)}, {curve.name}",
            curve.x,
            curve.y,
            methods.index(curve.method),
            names.index(curve.name),
        )
        for curve in curves
    ]
    x_label, y_label = "threshold", "images with a good box (%)"
    if protocol == "pxap":
        x_label, y_label = "recall (%)", "precision (%)"
    elif protocol == "faithfulness":
        x_label, y_label = "share of the pixels", "probability of the class"
    words = PROTOCOLS[protocol].words if protocol in PROTOCOLS else "insertion and deletion"
    return Figure(
        line_plot(lines, x_label, y_label),
        alt=f"{y_label} over {x_label} under {words}",
        caption=f"{protocol}: {words}.",
    )


def _classes(
    evaluation: Evaluation, titles: Mapping[str, str], names: Sequence[str] | None
) -> Section | None:
    scores = [scores[0] for scores in evaluation.running.by_method.values()]
    first = scores[0].per_class()
    known = np.flatnonzero(np.isfinite(first))
    if len(known) < 2:
        return None
    order = known[np.argsort(-first[known], kind="stable")]
    shown = [*order[:_CLASSES], *order[_CLASSES:][-_CLASSES:]]
    columns = [score.per_class() for score in scores]
    rows = [
        [
            class_name(int(k), names),
            int(scores[0].class_images[k]),
            *(float(column[k]) for column in columns),
        ]
        for k in shown
    ]
    header = ["Class", "Images", *(titles.get(score.method, score.method) for score in scores)]
    caption = f"{scores[0].per_class_name} under {scores[0].words}."
    prose = ["Each method at the threshold that is best over all classes."]
    if len(order) > len(shown):
        caption += f" The {_CLASSES} best and the {_CLASSES} worst of {len(order)} classes."
        prose += [f"Sorted by {header[2]}; per_class.csv holds all classes."]
    return Section("Classes", prose, tables=[Table(header, rows, caption)])


def _examples(tables: Sequence[Table]) -> Section | None:
    if not any(table.rows for table in tables):
        return None
    prose = [
        "Green: true. Red: the box predicted at the threshold named; where a protocol lets every "
        "contour give a box, the one that fits best, as it counts. Bright is high in each map, "
        "which is stretched to its own range. The percentage is the overlap. Images are shown as "
        "the network sees them.",
    ]
    return Section("Best, worst and random images", prose, tables=tables)


def _left_out(evaluation: Evaluation) -> Section | None:
    if not evaluation.left_out:
        return None
    count = len(evaluation.left_out)
    rows = [[name, why] for name, why in list(evaluation.left_out.items())[:_MOST_NAMED]]
    prose = [f"{count} image{'s' * (count != 1)} could not be scored; metrics.json names all."]
    return Section("Left out", prose, tables=[Table(["Image", "Why"], rows)])
