"""Flags that say which pictures to show to STNet, and how gates become boxes."""

from __future__ import annotations

import dataclasses
from typing import Any

from absl import flags

import tfwsol.flags.data_options
import tfwsol.flags.limit
import tfwsol.flags.split
import tfwsol.flags.top_k  # noqa: F401
from tfwsol.evaluation.evaluation_job import DatasetSplit
from tfwsol.evaluation.localize_settings import PREDICTED, TRUE
from tfwsol.evaluation.picture_source import DatasetPictures, Photographs, PictureSource
from tfwsol.evaluation.provenance import versions
from tfwsol.evaluation.stnet_settings import EXTENTS, MODES, PRUNINGS, STNetSettings
from tfwsol.flags.data import dataset_from_flags, options_from_flags, preparation_from_flags
from tfwsol.flags.explainer import batch_size_from_flags
from tfwsol.flags.given import flags_given
from tfwsol.flags.named_values import named_values
from tfwsol.flags.photograph import photographs_from_flags
from tfwsol.flags.stnet import stnet_options

FLAGS = flags.FLAGS

flags.DEFINE_enum(
    "mode",
    "bbox_eval",
    MODES,
    "Boxes and their score; boxes alone; class-hypothesis maps of several classes.",
)
flags.DEFINE_list(
    "stnet_classes",
    None,
    "true (of a data set), predicted, or ids: 3,17. See --top_k. Default: true where it is known.",
)
flags.DEFINE_enum("stnet_pruning", "new_mean", PRUNINGS, "How weak cells are pruned for a box.")
flags.DEFINE_float("stnet_mean_multiplier", 1.0, "Of new_mean and old_mean.", 0.0)
flags.DEFINE_float("stnet_std_multiplier", 0.0, "Of new_mean and old_mean.", 0.0)
flags.DEFINE_float("stnet_percentage", 0.3, "Of percentile.", 0.0, 1.0)
flags.DEFINE_float("stnet_energy", 0.05, "Of energy.", 0.0, 1.0)
flags.DEFINE_enum(
    "stnet_extent",
    "field",
    EXTENTS,
    "How far a box reaches round its cells: over all that they see, as published, or over the "
    "cells alone, and then gates stop at the last map unless --layer names another.",
)
flags.DEFINE_list(
    "stnet_beside", [], "Other methods that bbox_eval scores by the same rule: cam,gradcam,l2caf."
)
flags.DEFINE_string("stnet_drawn", "100", "Pictures to draw: all, none, or the first N.")

_BATCH_SIZE = 32


@dataclasses.dataclass(frozen=True)
class STNetJob:
    """What the flags ask for.

    Attributes:
        source: The pictures.
        settings: What is asked about them.
        drawn: How many pictures to draw; None: all.
        batch_size: Pictures that go through the model together.
        limit: Take the first so many; 0: all.
        skip_corrupt: Whether to pass over pictures that cannot be read.
        made: The flags that were given, and versions.
    """

    source: PictureSource
    settings: STNetSettings
    drawn: int | None
    batch_size: int
    limit: int
    skip_corrupt: bool
    made: dict[str, Any]


def job_from_flags() -> STNetJob:
    """What the flags ask for; neither model nor pictures are loaded yet.

    Raises:
        ValueError: If they do not fit each other, or name what is not there.
    """
    if bool(FLAGS.image) == bool(FLAGS.dataset):
        raise ValueError(
            "Expected the pictures as either --image=FILE, DIR or 'GLOB', or --dataset=NAME, but "
            f"{'both' if FLAGS.image else 'neither'} came."
        )
    drawn, settings = _drawn(), _settings()
    skip = FLAGS.on_corrupt == "skip"
    source = Photographs(photographs_from_flags(), skip) if FLAGS.image else _dataset()
    made = {**flags_given(), **versions()}
    size = batch_size_from_flags(_BATCH_SIZE)
    return STNetJob(source, settings, drawn, size, FLAGS.limit, skip, made)


def _dataset() -> DatasetPictures:
    options = {**options_from_flags(), **named_values("data_options")}
    where = (FLAGS.split, FLAGS.data_dir, FLAGS.source)
    return DatasetPictures(
        DatasetSplit(dataset_from_flags(), *where, options, preparation_from_flags())
    )


def _settings() -> STNetSettings:
    return STNetSettings(
        mode=FLAGS.mode,
        classes=_classes(),
        top_k=FLAGS.top_k,
        stop_layer=FLAGS.layer,
        collapse=FLAGS.stnet_collapse,
        pruning=FLAGS.stnet_pruning,
        mean_multiplier=FLAGS.stnet_mean_multiplier,
        std_multiplier=FLAGS.stnet_std_multiplier,
        percentage=FLAGS.stnet_percentage,
        energy=FLAGS.stnet_energy,
        extent=FLAGS.stnet_extent,
        beside=tuple(name.strip().lower() for name in FLAGS.stnet_beside),
        options=stnet_options(),
    )


def _classes() -> str | tuple[int, ...]:
    if FLAGS.stnet_classes is None:
        return PREDICTED if FLAGS.image or FLAGS.top_k > 1 else TRUE
    items = [item.strip() for item in FLAGS.stnet_classes]
    if len(items) == 1 and items[0] in (PREDICTED, TRUE):
        return items[0]
    if not items or not all(item.isdigit() for item in items):
        raise ValueError(
            f"Expected --stnet_classes=true, predicted, or ids such as 3,17; got {','.join(items)}."
        )
    return tuple(dict.fromkeys(map(int, items)))


def _drawn() -> int | None:
    text = FLAGS.stnet_drawn.strip().lower()
    if text not in ("all", "none") and not text.isdigit():
        raise ValueError(f"Expected --stnet_drawn=all, none or a number; got {text!r}.")
    return {"all": None, "none": 0}[text] if text in ("all", "none") else int(text)
