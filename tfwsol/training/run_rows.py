"""Finished runs as rows of a results file: what was run, what came out, where it was made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfwsol.training.localization_score import THRESHOLD
from tfwsol.training.training_run import METRICS, OPTIONS

Row = dict[str, Any]

_WHERE = ("date", "commit", "cpu", "cores", "python", "tensorflow", "keras", "numpy", "tfwsol")
_TEST = "test.json"


def rows_of_runs(folders: list[Path]) -> list[Row]:
    """The rows of run directories, those of trainings and of evaluations alike.

    A training gives one row with the scores of its chosen epoch on the test split, an evaluation
    one for each of its methods. Scores are in percent and named by protocol and metric.

    Args:
        folders: Output directories of ``train.py`` and ``evaluate.py``.

    Raises:
        ValueError: A directory holds no finished run.
    """
    return [row for folder in folders for row in _rows_of(folder)]


def score_names(rows: list[Row]) -> list[str]:
    """The columns that are scores, in the order they come up: "protocol number"."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [name for name in names if " " in name and not name.endswith(f" {THRESHOLD}")]


def _rows_of(folder: Path) -> Iterator[Row]:
    found = _json(folder / METRICS)
    if "rows" in found:
        yield from _rows_of_evaluation(folder, found)
    elif found.get("finished"):
        yield _row_of_training(folder, found)
    else:
        raise ValueError(
            f"{folder} holds no finished run of train.py or evaluate.py; let it finish, or leave "
            "it out."
        )


def _row_of_training(folder: Path, metrics: dict[str, Any]) -> Row:
    about = _json(folder / OPTIONS)
    identity = about["identity"]
    job = identity.get("job", {})
    scores = metrics.get("best", {})
    tested = _json(folder / _TEST) or scores.get("test") or {}
    where = about.get("circumstances") or about.get("versions", {})
    return {
        "run": folder.name,
        **{name: job.get(name, "") for name in ("method", "backbone", "dataset")},
        "seed": identity["options"]["seed"],
        "epochs": identity["recipe"]["epochs"],
        "chosen": f"epoch {metrics['best_epoch']}: {metrics['chosen']}",
        **{name: value for name, value in tested.items() if isinstance(value, float)},
        "command": about.get("command", ""),
        **{name: where[name] for name in _WHERE if name in where},
    }


def _rows_of_evaluation(folder: Path, metrics: dict[str, Any]) -> Iterator[Row]:
    settings, where = metrics["settings"], metrics.get("made", {})
    by_method: dict[str, Row] = {}
    for row in metrics["rows"]:
        scores = by_method.setdefault(row["method"], {})
        scores.setdefault(f"{row['protocol']} {row['metric']}", row["value"])
    for method, scores in by_method.items():
        yield {
            "run": folder.name,
            "method": method,
            "backbone": _name_of(settings.get("model")),
            "dataset": _name_of(settings.get("data")),
            "seed": settings.get("settings", {}).get("seed", ""),
            "epochs": "",
            "chosen": "",
            **scores,
            **{name: where[name] for name in _WHERE if name in where},
        }


def _name_of(part: Any) -> str:
    """What an evaluation calls its data or its model; trivial maps have none."""
    found = part.get("name", part.get("model", "")) if isinstance(part, dict) else part
    return str(found or "")


def _json(file: Path) -> dict[str, Any]:
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ValueError(f"{file} cannot be read as JSON ({error}); leave its run out.") from error
