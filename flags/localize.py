"""Flags that say which pictures to localize with which checkpoint, and what to write."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from absl import flags

import tfwsol.flags.batch_size
import tfwsol.flags.data_options
import tfwsol.flags.split
import tfwsol.flags.top_k  # noqa: F401
from tfwsol.data.some_names import some_names
from tfwsol.evaluation.evaluation_job import DatasetSplit
from tfwsol.evaluation.found_boxes import CONTOURS, RULES, THRESHOLDS
from tfwsol.evaluation.localize_settings import PREDICTED, TRUE, LocalizeSettings
from tfwsol.evaluation.picture_source import DatasetPictures, Photographs, PictureSource
from tfwsol.evaluation.provenance import versions
from tfwsol.flags.data import dataset_from_flags, options_from_flags, preparation_from_flags
from tfwsol.flags.given import flags_given
from tfwsol.flags.model import image_size_from_flags
from tfwsol.flags.named_values import named_values
from tfwsol.flags.photograph import photographs_from_flags
from tfwsol.training.localizer_checkpoint import LocalizerCheckpoint, open_checkpoint

FLAGS = flags.FLAGS

flags.DEFINE_string(
    "checkpoint",
    None,
    "A run directory of train.py (its best weights, else its last), a .weights.h5 file in one, or "
    "a .keras file: a localizer, or any classifier that CAM explains.",
)
flags.DEFINE_list(
    "classes", [PREDICTED], "predicted, true (of a data set), or ids: 3,17. See --top_k."
)
flags.DEFINE_enum(
    "rule", None, RULES, "From maps to boxes; default: that of the recorded threshold, or wsoleval."
)
flags.DEFINE_float(
    "threshold",
    None,
    "What the rule calls foreground; default: what the run found best on its validation split, or "
    + ", ".join(f"{value:g} for {rule}" for rule, value in THRESHOLDS.items())
    + ".",
)
flags.DEFINE_enum("contours", "largest", CONTOURS, "One box per class, or one per bright region.")
flags.DEFINE_string("overlays", "100", "Pictures with boxes to draw: all, none, or the first N.")


@dataclasses.dataclass(frozen=True)
class LocalizeJob:
    """What the flags ask for.

    Attributes:
        source: The pictures.
        checkpoint: The model.
        settings: Which boxes.
        overlays: How many pictures to draw; None: all.
        batch_size: Pictures localized together.
        skip_corrupt: Whether to pass over pictures that cannot be read.
        made: The flags that were given, and versions.
        about: Plain sentences about the model and the rule.
    """

    source: PictureSource
    checkpoint: LocalizerCheckpoint
    settings: LocalizeSettings
    overlays: int | None
    batch_size: int
    skip_corrupt: bool
    made: dict[str, Any]
    about: list[str]


def job_from_flags() -> LocalizeJob:
    """What the flags ask for; neither model nor pictures are loaded yet.

    Raises:
        ValueError: If they do not fit each other, or name what is not there.
    """
    _refuse_what_has_no_meaning()
    overlays = _overlays()
    classes = _classes()
    checkpoint = _checkpoint()
    source = _source(checkpoint)
    if isinstance(source, DatasetPictures) and _same_data(checkpoint):
        checkpoint = _checkpoint(source.class_names)
    rule, threshold, words = _rule(checkpoint)
    settings = LocalizeSettings(rule, threshold, words, classes, FLAGS.top_k, FLAGS.contours)
    about = [f"Weights: {checkpoint.words}.", settings.sentence()]
    if left_out := list(getattr(source, "left_out", ())):
        about.append(
            f"Left out as corrupt when {FLAGS.dataset} was prepared: {some_names(left_out)}."
        )
    made = {"weights": checkpoint.words, **flags_given(), **versions()}
    batch_size = FLAGS.batch_size or (8 if FLAGS.image else 32)
    skip = FLAGS.on_corrupt == "skip"
    return LocalizeJob(source, checkpoint, settings, overlays, batch_size, skip, made, about)


def _refuse_what_has_no_meaning() -> None:
    """Flags of the explainers' models, which the checkpoint stands for here."""
    given = [f"--{name}" for name in ("model", "weights", "model_options") if FLAGS[name].present]
    if given:
        raise ValueError(
            f"{', '.join(given)} has no meaning here; name a run directory or a .keras file by "
            "--checkpoint."
        )
    if not FLAGS.checkpoint:
        raise ValueError(
            "Expected --checkpoint=RUN, a directory that scripts/train.py wrote, or "
            "--checkpoint=FILE.keras."
        )
    if bool(FLAGS.image) == bool(FLAGS.dataset):
        raise ValueError(
            "Expected the pictures as either --image=FILE, DIR or 'GLOB', or --dataset=NAME, but "
            f"{'both' if FLAGS.image else 'neither'} came."
        )


def _checkpoint(data_names: Sequence[str] | None = None) -> LocalizerCheckpoint:
    return open_checkpoint(
        FLAGS.checkpoint, FLAGS.preprocess, image_size_from_flags(), FLAGS.class_names, data_names
    )


def _same_data(checkpoint: LocalizerCheckpoint) -> bool:
    """Whether the data set is the one of the run; two folders are two data sets."""
    run = checkpoint.run
    return run is not None and run.job.dataset == FLAGS.dataset != "folder"


def _source(checkpoint: LocalizerCheckpoint) -> PictureSource:
    if FLAGS.image:
        return Photographs(photographs_from_flags(), FLAGS.on_corrupt == "skip")
    name, options = dataset_from_flags(), {**options_from_flags(), **named_values("data_options")}
    if _same_data(checkpoint):
        options = {**checkpoint.run.job.data_options, **options}
    preparation = preparation_from_flags()
    return DatasetPictures(
        DatasetSplit(name, FLAGS.split, FLAGS.data_dir, FLAGS.source, options, preparation)
    )


def _rule(checkpoint: LocalizerCheckpoint) -> tuple[str, float, str]:
    """The rule, the threshold, and who chose it."""
    known = [t for t in checkpoint.thresholds if t.rule in RULES and FLAGS.rule in (None, t.rule)]
    rule = FLAGS.rule or (known[0].rule if known else "wsoleval")
    if FLAGS.threshold is not None:
        return rule, FLAGS.threshold, "as given by --threshold"
    if known:
        return rule, known[0].value, known[0].words
    words = "published for such maps; the checkpoint records none, so try others, too"
    return rule, THRESHOLDS[rule], words


def _classes() -> str | tuple[int, ...]:
    items = [item.strip() for item in FLAGS.classes]
    if len(items) == 1 and items[0] in (PREDICTED, TRUE):
        return items[0]
    if not items or not all(item.isdecimal() for item in items):
        raise ValueError(
            f"Expected --classes=predicted, true, or ids such as 3,17; got {','.join(items)!r}."
        )
    return tuple(dict.fromkeys(map(int, items)))


def _overlays() -> int | None:
    text = FLAGS.overlays.strip().lower()
    if text not in ("all", "none") and not text.isdecimal():
        raise ValueError(f"Expected --overlays=all, none or a number; got {FLAGS.overlays!r}.")
    return {"all": None, "none": 0}[text] if text in ("all", "none") else int(text)
