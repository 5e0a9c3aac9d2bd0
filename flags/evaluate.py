"""Flags that say what to score, and how."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

from absl import flags

import tfwsol.flags.limit
import tfwsol.flags.method
import tfwsol.flags.seed
import tfwsol.flags.split  # noqa: F401
from tfwsol.evaluation.evaluation_job import DatasetSplit, EvaluationJob, MetadataSplit
from tfwsol.evaluation.explainer_maps import CHOICES
from tfwsol.evaluation.insertion_deletion import InsertionDeletionSettings
from tfwsol.evaluation.one_pass import EvaluationSettings
from tfwsol.evaluation.protocols import PROTOCOLS, Protocol, choose_protocols
from tfwsol.flags.data import dataset_from_flags, options_from_flags, preparation_from_flags
from tfwsol.flags.explainer import batch_size_from_flags, explainer_options
from tfwsol.flags.stnet import stnet_options

FLAGS = flags.FLAGS

flags.DEFINE_list("protocols", ["wsoleval"], f"all, or out of {','.join(PROTOCOLS)}.")
flags.DEFINE_string("metadata", None, "A wsolevaluation split folder, instead of --dataset.")
flags.DEFINE_string("scoremap_dir", None, "A folder of <image id>.npy files, for --metadata.")
flags.DEFINE_string("mask_dir", None, "Where the masks lie that --metadata names.")
flags.DEFINE_string("val_split", None, "A split of --dataset to choose thresholds on, too.")
flags.DEFINE_string("val_metadata", None, "The same for --metadata.")
flags.DEFINE_string("val_scoremap_dir", None, "The score maps of --val_metadata.")
flags.DEFINE_enum("explain", "label", CHOICES, "Whose map: the true or the predicted class.")
flags.DEFINE_list(
    "among", [], "Classes that count as predictions, 7-24,80-100: for data of other classes."
)
flags.DEFINE_float("step", 0.001, "Distance of the thresholds of a sweep.", 1e-4, 1.0)
flags.DEFINE_integer(
    "bootstrap", 200, "Replicas of the images for 95 % intervals; 0: none.", lower_bound=0
)
flags.DEFINE_integer("examples", 6, "Images of each kind in the report.", lower_bound=0)
flags.DEFINE_bool("ten_crop", False, "Also classify by ten crops; BAS' Top-k then uses them.")
flags.DEFINE_bool("faithfulness", False, "Also measure insertion and deletion; slow.")
flags.DEFINE_integer("faithfulness_steps", 28, "Of insertion and deletion.", lower_bound=1)
flags.DEFINE_enum("blank", "zero", ["zero", "mean"], "What deleted pixels become.")
flags.DEFINE_list("adl_thresholds", None, "Default: 0.05,0.1,...,0.35.")
flags.DEFINE_list("tscam_threshold", None, "Default: 0.1 for cub, else 0.12.")
flags.DEFINE_list("bas_thresholds", None, "Default: 0.1,0.25,0.45,0.5.")
flags.DEFINE_integer(
    "bas_top_k", 1, "BAS on CUB: the mean map of 80 or 200 predicted classes.", lower_bound=1
)
flags.DEFINE_list("corloc_threshold", None, "Default: 0.2.")

_THRESHOLD_FLAGS = {
    "adl": "adl_thresholds",
    "tscam": "tscam_threshold",
    "bas": "bas_thresholds",
    "corloc": "corloc_threshold",
}


def job_from_flags() -> EvaluationJob:
    """What the flags ask for.

    Raises:
        ValueError: If they do not fit each other.
    """
    faithfulness = InsertionDeletionSettings(FLAGS.faithfulness_steps, FLAGS.blank)
    settings = EvaluationSettings(
        step=FLAGS.step,
        bootstrap=FLAGS.bootstrap,
        seed=FLAGS.seed,
        examples=FLAGS.examples,
        ten_crop=FLAGS.ten_crop,
        faithfulness=faithfulness if FLAGS.faithfulness else None,
        only_fitting="all" in FLAGS.protocols,
    )
    methods = tuple(name.strip().lower() for name in FLAGS.method)
    data, validation = _data()
    return EvaluationJob(
        data=data,
        methods=methods,
        protocols=_protocols(),
        settings=settings,
        validation=validation,
        explain=FLAGS.explain,
        among=_classes(FLAGS.among),
        explainer_options=_explainer_options(methods),
        limit=FLAGS.limit,
        batch_size=batch_size_from_flags(EvaluationJob.batch_size),
    )


def _explainer_options(methods: tuple[str, ...]) -> dict[str, Any]:
    """The options of the explainers; STNet's only where it is asked, as they decide the outcome."""
    if "stnet" not in methods:
        return explainer_options()
    collapse = {"stnet_collapse": FLAGS.stnet_collapse}
    return {**explainer_options(), **collapse, **stnet_options("stnet_")}


def _data() -> tuple[MetadataSplit | DatasetSplit, MetadataSplit | DatasetSplit | None]:
    if bool(FLAGS.metadata) == bool(FLAGS.dataset):
        raise ValueError(
            "Expected the images as either --dataset=NAME or --metadata=FOLDER, but "
            f"{'both' if FLAGS.dataset else 'neither'} came."
        )
    if FLAGS.metadata:
        data = _metadata_split(FLAGS.metadata, FLAGS.scoremap_dir)
        if not FLAGS.val_metadata:
            return data, None
        return data, _metadata_split(FLAGS.val_metadata, FLAGS.val_scoremap_dir)
    name, options = dataset_from_flags(), options_from_flags()
    data = DatasetSplit(
        name, FLAGS.split, FLAGS.data_dir, FLAGS.source, options, preparation_from_flags()
    )
    if FLAGS.val_split is None:
        return data, None
    return data, dataclasses.replace(data, split=FLAGS.val_split)


def _metadata_split(metadata: str, scoremap_dir: str | None) -> MetadataSplit:
    return MetadataSplit(
        pathlib.Path(metadata).expanduser(),
        None if scoremap_dir is None else pathlib.Path(scoremap_dir).expanduser(),
        None if FLAGS.mask_dir is None else pathlib.Path(FLAGS.mask_dir).expanduser(),
        skip_bad=FLAGS.on_corrupt == "skip",
    )


def _protocols() -> tuple[Protocol, ...]:
    found = []
    for protocol in choose_protocols(name.strip().lower() for name in FLAGS.protocols):
        flag = _THRESHOLD_FLAGS.get(protocol.name)
        given = _thresholds(flag) if flag else ()
        if not given and protocol.name == "tscam" and FLAGS.dataset == "cub":
            given = (0.1,)
        protocol = dataclasses.replace(protocol, thresholds=given or protocol.thresholds)
        if protocol.name == "bas":
            protocol = dataclasses.replace(protocol, mean_of_top=FLAGS.bas_top_k)
        found.append(protocol)
    return tuple(found)


def _thresholds(flag: str) -> tuple[float, ...]:
    texts = getattr(FLAGS, flag) or []
    try:
        values = tuple(float(text) for text in texts)
    except ValueError as error:
        raise ValueError(f"Expected --{flag}=0.1,0.2, but {','.join(texts)} came.") from error
    if not all(0 <= value < 1 for value in values) or list(values) != sorted(set(values)):
        raise ValueError(f"--{flag} takes ascending numbers from 0 to below 1; got {texts}.")
    if flag.endswith("_threshold") and len(values) > 1:
        raise ValueError(f"--{flag} takes one number; got {texts}.")
    return values


def _classes(items: list[str]) -> tuple[int, ...]:
    found: set[int] = set()
    for item in items:
        first, dash, last = item.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()):
            raise ValueError(f"Expected --among=7-24,80-100 (classes from 0), but {item!r} came.")
        found.update(range(int(first), int(last or first) + 1))
    return tuple(sorted(found))
