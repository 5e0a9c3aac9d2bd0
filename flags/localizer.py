"""Flags that say which method and network to train, and with which options of theirs."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from absl import flags

import tfwsol.flags.method
import tfwsol.flags.model
import tfwsol.flags.num_classes  # noqa: F401
from tfwsol import backbones, methods
from tfwsol.flags.named_values import named_values

FLAGS = flags.FLAGS

flags.DEFINE_string(
    "backbone",
    None,
    f"Out of {','.join(backbones.names())}; application: the network that --model names.",
)
flags.DEFINE_list(
    "positions", None, "ADL: tf1, wsolevaluation, tfwsol, or layers; default: the backbone's first."
)
flags.DEFINE_float("drop_rate", None, "ADL: of the drop mask, 0.75. HaS: of a cell, 0.5.", 0.0, 1.0)
flags.DEFINE_float("drop_threshold", None, "ADL: the paper's gamma; default: 0.8 or 0.9.", 0.0, 1.0)
flags.DEFINE_integer("grid_size", None, "HaS: edge of a cell in pixels, 4.", lower_bound=0)
flags.DEFINE_float("cutmix_beta", None, "CutMix: of the beta distribution, 1.0.", lower_bound=0.0)
flags.DEFINE_float("cutmix_probability", None, "CutMix: that a batch is mixed, 1.0.", 0.0, 1.0)
flags.DEFINE_float("acol_threshold", None, "ACoL: what is erased, 0.7.", 0.0, 1.0)
flags.DEFINE_integer("branch_width", None, "ACoL and SPG: filters of a branch.", lower_bound=1)
flags.DEFINE_list("guides", None, "SPG: the two layers that guide; default: the published ones.")
flags.DEFINE_list(
    "spg_thresholds", None, "SPG: high and low of three guides, 0.7,0.01,0.5,0.05,0.7,0.1."
)


def _numbers(texts: list[str]) -> tuple[tuple[float, float], ...]:
    try:
        found = [float(text) for text in texts]
        if len(found) != 6:
            raise ValueError
    except ValueError:
        raise ValueError(
            "Expected --spg_thresholds=0.7,0.01,0.5,0.05,0.7,0.1 (high and low, three "
            f"times), but {','.join(texts)!r} came."
        ) from None
    return tuple(zip(found[::2], found[1::2], strict=True))


def _places(texts: list[str]) -> str | list[str | int]:
    if len(texts) == 1 and texts[0] in ("tf1", "wsolevaluation", "tfwsol"):
        return texts[0]
    return [int(text) if text.isdigit() else text for text in texts]


_OPTIONS: dict[str, tuple[str, Callable[[Any], Any] | None]] = {
    "positions": ("positions", _places),
    "drop_rate": ("drop_rate", None),
    "drop_threshold": ("drop_threshold", None),
    "grid_size": ("grid_size", None),
    "cutmix_beta": ("beta", None),
    "cutmix_probability": ("probability", None),
    "acol_threshold": ("threshold", None),
    "branch_width": ("width", None),
    "guides": ("guides", tuple),
    "spg_thresholds": ("thresholds", _numbers),
}
"""Flag to the option's name in `methods.build`, and what makes its value of the flag's."""


def method_from_flags() -> str:
    """The method that --method names.

    Raises:
        ValueError: If it is missing, unknown or more than one.
    """
    names = [name.strip().lower() for name in FLAGS.method]
    if len(names) != 1 or names[0] not in methods.names():
        came = ",".join(FLAGS.method) or "none"
        raise ValueError(
            f"Expected --method to be one of {', '.join(methods.names())}; got {came}."
        )
    return names[0]


def backbone_from_flags() -> str:
    """The backbone that --backbone names.

    Raises:
        ValueError: If it is missing or unknown, or --model is given and has no meaning.
    """
    if FLAGS.backbone not in backbones.names():
        raise ValueError(
            f"Expected --backbone to be one of {', '.join(backbones.names())}; got "
            f"{FLAGS.backbone or 'none'}."
        )
    if FLAGS["model"].present and FLAGS.backbone != "application":
        raise ValueError(
            "--model names the network of --backbone=application only; leave it out, or take that."
        )
    return FLAGS.backbone


def method_options_from_flags(method: str) -> dict[str, Any]:
    """The options of a method that were given as flags.

    Raises:
        ValueError: If one belongs to another method, or has no such values.
    """
    own = methods.options_of(method)
    found = {}
    for flag, (option, make) in _OPTIONS.items():
        value = getattr(FLAGS, flag)
        if value is None:
            continue
        if option not in own:
            taken = [f"--{flag}" for flag, (option, _) in _OPTIONS.items() if option in own]
            raise ValueError(
                f"--{flag} is no option of {method}, which has {', '.join(taken) or 'none'}."
            )
        found[option] = value if make is None else make(value)
    return found


def backbone_options_from_flags(backbone: str) -> dict[str, Any]:
    """The options of the backbone that --model_options gives.

    Raises:
        ValueError: If they are no name=value.
    """
    options = named_values("model_options")
    return {"network": FLAGS.model, **options} if backbone == "application" else options


def weights_from_flags(backbone: str) -> str | None:
    """What --weights gives; none for the critters' network unless it is given.

    ``--weights=none`` is an untrained network.
    """
    untrained = backbone == "critter_net" and FLAGS["weights"].using_default_value
    if untrained or FLAGS.weights in ("none", ""):
        return None
    return os.path.expanduser(FLAGS.weights)
