"""How each kind of layer selects what explains a unit, by network."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any

Mode = str | tuple[str, int]
"""'1', 'ALL' or '699', with an offset into the policy table: ("699", 3)."""

KINDS = ("dense", "bridge", "max_pool", "average_pool")
CONNECTED = "connected"
"""How a convolution selects: the best connected group of one channel."""

BIAS_UNITS = ("drop", "share")

_MODES = ("1", "ALL", "699")


@dataclasses.dataclass(frozen=True)
class Selection:
    """One rule of selection: a mode and the rows by which '699' keeps more."""

    mode: str
    offset: int = 0


@dataclasses.dataclass(frozen=True)
class Preset:
    """The settings of one kind of network; plain data.

    Attributes:
        origin: "published", "recalled" (from the paper, not checked) or "ours".
        stop_stride: The map is that of the lowest tensor whose cells are so many pixels apart and
            through which everything passes; 1: the image; None: the last map of all.
        dense: Of dense layers, and of 1×1 convolutions on a single cell.
        bridge: Between dense layers and the convolution below them; 'ALL': the identity.
        max_pool: Of maximum pools.
        average_pool: Of average pools, global ones too: "connected" takes them for convolutions
            of one channel with equal weights.
        alpha: Weight of energy against area in convolutions.
        bias_units: Of convolutions' units whose products sum to nothing positive, so that only a
            bias or normalisation makes them so: "drop" their gates as published, or "share" them
            among their positive products.
    """

    origin: str = "ours"
    stop_stride: int | None = 1
    dense: Selection = Selection("699", 0)
    bridge: Selection = Selection("ALL")
    max_pool: Selection = Selection("1")
    average_pool: Selection = Selection(CONNECTED)
    alpha: float = 0.2
    bias_units: str = "drop"


_OURS = Preset(dense=Selection("699", 3), bias_units="share")
# Chosen on 75 ImageNet validation images, so their figures flatter: at IoU 0.5 and gates at the
# image, dropping finds 25 % with MobileNetV2 and none with MobileNet, sharing 60 % and 48 %;
# offset 0 leaves more maps empty.

PRESETS = {
    # Biparva and Tsotsos, "STNet", ICCV 2017 workshops, and the defaults of its program.
    "alexnet": Preset("published", 1, Selection("699", 3), Selection("699", 1)),
    "vgg16": Preset("recalled", 8, Selection("699", 2), Selection("699", 0)),
    "googlenet": Preset("recalled", 8, Selection("699", 0)),
    "resnet": _OURS,
    "mobilenet": _OURS,
    "densenet": _OURS,
    "squeezenet": _OURS,
    "general": _OURS,
}
"""By the name that the networks' own names begin with."""

_OTHER_NAMES = {"inception_v1": "googlenet"}


@dataclasses.dataclass(frozen=True)
class Settings:
    """A preset with what the caller wants otherwise, for kinds of layers or single ones.

    Attributes:
        preset: What holds where nothing else is said.
        modes: By kind (`KINDS`) or by a layer's name or path.
        alphas: By a layer's name or path.
        literal: Of the operations; see `tfwsol.ops.conv_gating`.
        pass_through: Names or paths of layers whose cells belong to the same cells of their input.
    """

    preset: Preset
    modes: Mapping[str, Selection] = dataclasses.field(default_factory=dict)
    alphas: Mapping[str, float] = dataclasses.field(default_factory=dict)
    literal: bool = False
    pass_through: frozenset[str] = frozenset()

    def selection(self, kind: str, path: str) -> Selection:
        """How the layer at a path selects, which is of that kind."""
        of_kind = self.modes.get(kind, getattr(self.preset, kind))
        return of_path(self.modes, path, of_kind)

    def alpha(self, path: str) -> float:
        """The weight of energy in the convolution at a path."""
        return of_path(self.alphas, path, self.preset.alpha)

    def passes(self, path: str) -> bool:
        """True where the caller said that the layer at a path hands gates on as they are."""
        return bool(self.pass_through.intersection((path, path.rsplit("/", 1)[-1])))

    def layers_named(self) -> list[str]:
        """Every name that should belong to a layer."""
        names = [*self.modes, *self.alphas, *self.pass_through]
        return [name for name in names if name not in KINDS]


def of_path(values: Mapping[str, Any], path: str, otherwise: Any) -> Any:
    """What is noted for a path, or for the name at its end."""
    return values.get(path, values.get(path.rsplit("/", 1)[-1], otherwise))


def preset_of(preset: str | Preset | None, model_name: str) -> Preset:
    """The preset itself, the one of that name, or for None the one of the model's own name.

    Raises:
        ValueError: There is no such preset.
    """
    if isinstance(preset, Preset):
        return preset
    if preset is None:
        known = {**{name: name for name in PRESETS}, **_OTHER_NAMES}
        fitting = [name for name in known if model_name.lower().startswith(name)]
        return PRESETS[known[fitting[0]] if fitting else "general"]
    if preset not in PRESETS:
        near = difflib.get_close_matches(str(preset), PRESETS, n=1) or PRESETS
        raise ValueError(f"There is no preset {preset!r} of STNet; did you mean {', '.join(near)}?")
    return PRESETS[preset]


def settings_of(
    preset: Preset,
    modes: Mapping[str, Mode] | None = None,
    alpha: float | Mapping[str, float] | None = None,
    literal: bool = False,
    pass_through: Any = (),
    bias_units: str | None = None,
) -> Settings:
    """Settings from what a caller of `STNet` writes.

    Raises:
        ValueError: A mode, an offset, an alpha or what happens to bias units is none.
    """
    if bias_units not in (None, *BIAS_UNITS):
        raise ValueError(f"bias_units is one of {', '.join(BIAS_UNITS)}; got {bias_units!r}.")
    if bias_units is not None:
        preset = dataclasses.replace(preset, bias_units=bias_units)
    alphas = alpha if isinstance(alpha, Mapping) else {}
    if alpha is not None and not isinstance(alpha, Mapping):
        preset = dataclasses.replace(preset, alpha=_checked_alpha(alpha))
    return Settings(
        preset,
        {name: _selection(name, mode) for name, mode in (modes or {}).items()},
        {name: _checked_alpha(value) for name, value in alphas.items()},
        literal,
        frozenset(pass_through),
    )


def _selection(name: str, mode: Mode) -> Selection:
    chosen = Selection(mode) if isinstance(mode, str) else Selection(*mode)
    known = [*_MODES, CONNECTED] if name not in ("dense", "bridge", "max_pool") else _MODES
    if chosen.mode not in known or not isinstance(chosen.offset, int) or chosen.offset < 0:
        raise ValueError(
            f"The mode of {name!r} is one of {', '.join(known)}, or a pair of it and an offset "
            f"from 0; got {mode!r}."
        )
    return chosen


def _checked_alpha(alpha: float) -> float:
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha is between 0 (area only) and 1 (energy only); got {alpha!r}.")
    return float(alpha)
