"""Flags that say how to train, and recipes: files of such flags."""

from __future__ import annotations

import difflib
import pathlib
from typing import Any

from absl import flags

import tfwsol.flags.batch_size
import tfwsol.flags.data_options
import tfwsol.flags.distribute
import tfwsol.flags.seed  # noqa: F401
from tfwsol.evaluation.protocols import choose_protocols
from tfwsol.flags.data import dataset_from_flags, options_from_flags, preparation_from_flags
from tfwsol.flags.localizer import (
    backbone_from_flags,
    backbone_options_from_flags,
    method_from_flags,
    method_options_from_flags,
    weights_from_flags,
)
from tfwsol.flags.model import image_size_from_flags
from tfwsol.flags.named_values import named_values
from tfwsol.flags.output import output_dir_from_flags
from tfwsol.training import CosineDecay, SGDRecipe, StepDecay, TrainingOptions
from tfwsol.training.grouped_sgd import DECAY_FORMS
from tfwsol.training.training_job import TrainingJob
from tfwsol.training.training_options import PRECISIONS, SPLITS

FLAGS = flags.FLAGS
RECIPES = pathlib.Path(__file__).with_name("recipes")
"""Where the packaged recipes lie."""

flags.DEFINE_string(
    "recipe",
    None,
    "A packaged recipe, such as adl_vgg16_cub, or a file; flags given beside it win.",
)
flags.DEFINE_integer("epochs", 50, "As the schedule counts them.", lower_bound=1)
flags.DEFINE_integer("steps_per_epoch", None, "Default: one pass over the data.", lower_bound=1)
flags.DEFINE_enum("schedule", "step", ["step", "cosine"], "The course of the learning rate.")
flags.DEFINE_float("learning_rate", 0.01, "Of the first epochs, or the highest.", lower_bound=0.0)
flags.DEFINE_integer(
    "decay_frequency", 30, "Epoch 30, 60, ... starts decayed (wsolevaluation).", lower_bound=1
)
flags.DEFINE_list("drops", None, "Whole epochs before each decay, instead: 30,60,90,100.")
flags.DEFINE_float("decay_factor", 0.1, "What the rate is multiplied by.", 0.0, 1.0)
flags.DEFINE_float("warmup_epochs", 0.0, "Of the cosine.", lower_bound=0.0)
flags.DEFINE_float("floor", 0.0, "Share of the rate at the cosine's end.", 0.0, 1.0)
flags.DEFINE_float("momentum", 0.9, "Of the descent.", 0.0, 1.0)
flags.DEFINE_bool("nesterov", True, "Whether the descent looks ahead.")
flags.DEFINE_float("weight_decay", 1e-4, "L2, added to the gradient.", lower_bound=0.0)
flags.DEFINE_enum("decay_form", "all", DECAY_FORMS, "Which weights decay.")
flags.DEFINE_list(
    "multipliers",
    None,
    "expression=factor,...: of the rate of weights by name; none: 1 for all. Default: "
    "wsolevaluation's 10 for new layers (ResNet50: and its last stage) where --weights are given.",
)
flags.DEFINE_float("label_smoothing", 0.0, "Share of the target for all classes.", 0.0, 1.0)
flags.DEFINE_float("ema", 0.0, "Momentum of a moving average of the weights; 0: none.", 0.0, 1.0)
flags.DEFINE_enum("precision", "float32", PRECISIONS, "Of the model.")
flags.DEFINE_bool("jit_compile", False, "Compile the step with XLA; on one device.")
flags.DEFINE_integer("accumulate", 1, "Parts that a batch is cut into.", lower_bound=1)
flags.DEFINE_integer("save_every", 500, "Steps between two saved states.", lower_bound=1)
flags.DEFINE_integer("log_every", 10, "Steps between two looks at the loss.", lower_bound=1)
flags.DEFINE_integer("score_every", 1, "Epochs between two scores; 0: none.", lower_bound=0)
flags.DEFINE_enum(
    "select_on",
    "val",
    SPLITS,
    "Chooses the checkpoint. test: as the literature does; not a fair estimate.",
)
flags.DEFINE_string(
    "select_by", None, "The number to choose by; default: the first protocol's main one."
)
flags.DEFINE_list(
    "score_protocols", None, "See evaluate.py; default: wsoleval, or pxap for openimages."
)
flags.DEFINE_float("score_step", 0.01, "Distance of a sweep's thresholds.", 1e-4, 1.0)
flags.DEFINE_integer("score_limit", 0, "Score only so many images; 0: all.", lower_bound=0)
flags.DEFINE_bool("score_test", True, "Also score the checkpoint that val chose on test.")
flags.DEFINE_bool("maps", True, "Show maps of a few images in TensorBoard.")
flags.DEFINE_integer(
    "resize",
    None,
    "Side before the random crop; default: 256 for a crop of 224, and so on.",
    lower_bound=1,
)
flags.DEFINE_bool("mirror", True, "Mirror half of the training images.")
flags.DEFINE_string("train_split", "train", "What to train on; train[:10%] works, too.")
flags.DEFINE_string("validation_split", "val", "What --select_on=val scores.")
flags.DEFINE_string("test_split", "test", "What --select_on=test scores.")
flags.DEFINE_bool("overwrite", False, "Begin anew where --output_dir holds another run.")

_NEW_LAYERS = {
    "vgg16": "^(?!conv[1-5]_)",
    "inception_v3": "^(?!Mixed|Conv2d_)",
    "resnet50": "^layer4_|^logits",
    "resnet50_se": "^layer4_|^logits",
}
"""What learns ten times as fast in wsolevaluation, by backbone; others: new layers.

Its rule for ResNet50 knows the names of the last stage and of CAM's class layer only.
"""


def recipe_names() -> list[str]:
    """The packaged recipes, sorted."""
    return sorted(file.stem for file in RECIPES.glob("*.flags"))


def use_recipe() -> None:
    """Sets the flags that --recipe gives and the command line does not; to be called once.

    Raises:
        ValueError: There is no such recipe, or it has a flag that does not exist.
    """
    if not FLAGS.recipe:
        return
    file = RECIPES / f"{FLAGS.recipe}.flags"
    if not file.is_file():
        file = pathlib.Path(FLAGS.recipe).expanduser()
    if not file.is_file():
        known = recipe_names()
        near = difflib.get_close_matches(FLAGS.recipe, known, n=5) or known
        raise ValueError(
            f"No recipe is called {FLAGS.recipe!r}; {len(known)} are packaged, near are "
            f"{', '.join(near)}."
        )
    lines = FLAGS.read_flags_from_files([f"--flagfile={file}"])
    try:
        FLAGS(["recipe", *(line for line in lines if not _is_given(line))])
    except flags.Error as error:
        raise ValueError(f"Recipe {file}: {error}.") from error


def job_from_flags() -> TrainingJob:
    """What the flags ask for, after `use_recipe`.

    Raises:
        ValueError: If they do not fit each other.
    """
    method, backbone = method_from_flags(), backbone_from_flags()
    dataset, weights = dataset_from_flags(), weights_from_flags(backbone)
    height, width = image_size_from_flags() or (
        (96, 96) if backbone == "critter_net" else (224, 224)
    )
    if height != width:
        raise ValueError(f"Training takes squares; got --image_size={height},{width}.")
    return TrainingJob(
        method=method,
        backbone=backbone,
        dataset=dataset,
        run_dir=output_dir_from_flags(f"runs/{method}_{backbone}_{dataset}"),
        recipe=_recipe(method, backbone, weights),
        options=_options(),
        method_options=method_options_from_flags(method),
        backbone_options=backbone_options_from_flags(backbone),
        weights=weights,
        preprocess=FLAGS.preprocess,
        num_classes=FLAGS.num_classes,
        data_dir=FLAGS.data_dir,
        source=FLAGS.source,
        data_options={**options_from_flags(), **named_values("data_options")},
        preparation=preparation_from_flags(),
        resize=FLAGS.resize or round(height * 256 / 224),
        image_size=height,
        flip=FLAGS.mirror,
        splits={
            "train": FLAGS.train_split,
            "val": FLAGS.validation_split,
            "test": FLAGS.test_split,
        },
        protocols=_protocols(dataset),
        score_step=FLAGS.score_step,
        score_limit=FLAGS.score_limit,
        score_test=FLAGS.score_test,
        strategy=FLAGS.strategy,
        overwrite=FLAGS.overwrite,
    )


def _is_given(line: str) -> bool:
    """Whether the flag of a recipe's line is on the command line already."""
    name = line.lstrip("-").partition("=")[0]
    if name not in FLAGS and name.startswith("no"):
        name = name.removeprefix("no")
    return name in FLAGS and bool(FLAGS[name].present)


def _recipe(method: str, backbone: str, weights: str | None) -> SGDRecipe:
    return SGDRecipe(
        FLAGS.epochs,
        FLAGS.batch_size or 64,
        _learning_rate(),
        FLAGS.momentum,
        FLAGS.nesterov,
        FLAGS.weight_decay,
        FLAGS.decay_form,
        _multipliers(method, backbone, weights),
        FLAGS.steps_per_epoch,
    )


def _learning_rate() -> StepDecay | CosineDecay:
    if FLAGS.schedule == "cosine":
        return CosineDecay(FLAGS.learning_rate, FLAGS.warmup_epochs, FLAGS.floor)
    rate, factor, epochs = FLAGS.learning_rate, FLAGS.decay_factor, FLAGS.epochs
    if FLAGS.drops is None:
        drops = StepDecay.at_start_of(rate, FLAGS.decay_frequency, epochs).drops
    elif all(drop.strip().isdigit() for drop in FLAGS.drops):
        drops = tuple(int(drop) for drop in FLAGS.drops)
    else:
        raise ValueError(
            f"Expected --drops=30,60,90 (whole epochs), but {','.join(FLAGS.drops)} came."
        )
    return StepDecay(rate, drops, factor)


def _multipliers(method: str, backbone: str, weights: str | None) -> tuple[tuple[str, float], ...]:
    if FLAGS.multipliers is None:
        new = _NEW_LAYERS.get(backbone, "^(head|logits|conv6|acol_|spg_)")
        if backbone.startswith("resnet50") and method in ("acol", "spg"):
            new = "^layer4_"
        return ((new, 10.0),) if weights else ()
    return tuple(_multiplier(item) for item in FLAGS.multipliers if item not in ("", "none"))


def _multiplier(item: str) -> tuple[str, float]:
    pattern, _, factor = item.rpartition("=")
    try:
        if not pattern:
            raise ValueError
        return pattern, float(factor)
    except ValueError:
        raise ValueError(
            f"Expected --multipliers=expression=factor,..., but {item!r} came."
        ) from None


def _options() -> TrainingOptions:
    names = ("seed", "label_smoothing", "ema", "precision", "jit_compile", "accumulate")
    names += ("save_every", "log_every", "score_every", "select_on", "select_by")
    given: dict[str, Any] = {name: getattr(FLAGS, name) for name in names}
    return TrainingOptions(**given, pictures=FLAGS.maps)


def _protocols(dataset: str) -> tuple[str, ...]:
    names = FLAGS.score_protocols or ["pxap" if dataset == "openimages" else "wsoleval"]
    return tuple(p.name for p in choose_protocols(name.strip().lower() for name in names))
