"""Flags of STNet itself, wherever it is asked."""

from __future__ import annotations

from typing import Any

from absl import flags

from tfwsol.boxes.gate_boxes import COLLAPSES
from tfwsol.methods.top_down.settings import BIAS_UNITS, KINDS, PRESETS, Mode

FLAGS = flags.FLAGS

flags.DEFINE_enum(
    "stnet_preset", None, list(PRESETS), "Of STNet; default: by the model's name, else general."
)
flags.DEFINE_list(
    "stnet_modes",
    [],
    f"How STNet selects, dense=699:3,bridge=ALL: out of 1, ALL and 699 with an offset; by kind "
    f"({', '.join(KINDS)}) or by a layer's name. Default: the preset's.",
)
flags.DEFINE_float(
    "stnet_alpha",
    None,
    "Weight of energy against area in STNet's groups; default: the preset's.",
    0.0,
    1.0,
)
flags.DEFINE_bool("stnet_literal", False, "Small thetas of STNet as published, perhaps with NaN.")
flags.DEFINE_enum(
    "stnet_collapse", "sum", COLLAPSES, "STNet's gates of a cell; intact: only for boxes."
)
flags.DEFINE_enum(
    "stnet_bias_units",
    None,
    BIAS_UNITS,
    "STNet's gates of units that only a bias makes positive; default: the preset's.",
)


def stnet_options(prefix: str = "") -> dict[str, Any]:
    """The options of `tfwsol.methods.STNet` as far as flags were given, but for `collapse`.

    Args:
        prefix: Stands before each name.

    Raises:
        ValueError: A mode is not written as name=mode or name=mode:offset.
    """
    given = {
        "preset": FLAGS.stnet_preset,
        "modes": _modes() or None,
        "alpha": FLAGS.stnet_alpha,
        "literal": FLAGS.stnet_literal or None,
        "bias_units": FLAGS.stnet_bias_units,
    }
    return {prefix + name: value for name, value in given.items() if value is not None}


def _modes() -> dict[str, Mode]:
    found: dict[str, Mode] = {}
    for item in FLAGS.stnet_modes:
        name, equals, mode = (part.strip() for part in item.partition("="))
        kind, colon, offset = mode.partition(":")
        if not (name and equals and kind) or (colon and not offset.isdigit()):
            raise ValueError(f"Expected --stnet_modes=dense=699:3,bridge=ALL, but {item!r} came.")
        found[name] = (kind, int(offset)) if colon else kind
    return found
