"""What is asked of STNet about a set of pictures, as a plain record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import keras

from tfwsol.boxes import PRESETS, CellGrid, Rule
from tfwsol.boxes.gate_boxes import COLLAPSES
from tfwsol.evaluation.localize_settings import PREDICTED, TRUE
from tfwsol.methods import STNet
from tfwsol.methods.explainer_names import check_explainer_names
from tfwsol.methods.top_down.settings import preset_of

Mode = Literal["bbox_eval", "bbox_viz", "ch_viz"]
MODES: tuple[Mode, ...] = ("bbox_eval", "bbox_viz", "ch_viz")

PRUNINGS = {
    "new_mean": "of_nonzero_mean",
    "old_mean": "of_mean",
    "percentile": "of_nonzero_rank",
    "energy": "of_energy",
    "off": "absolute",
}
"""What the published program calls its ways to prune cells, and the level of `tfwsol.boxes.Rule`
that each is."""

EXTENTS = ("field", "cell")
"""How far boxes and class hypotheses reach round a cell: over all that it sees, or over as many
pixels as cells are apart."""

_HYPOTHESIS_STRIDE = 8
# The published program shows them 8 pixels apart: AlexNet's first pool.


@dataclasses.dataclass(frozen=True)
class STNetSettings:
    """Everything besides pictures and model that decides what comes out; plain data.

    Attributes:
        mode: "bbox_eval": boxes, scored against true ones. "bbox_viz": boxes, drawn. "ch_viz":
            class-hypothesis maps, drawn.
        classes: "true", "predicted" or the ids of classes.
        top_k: How many predicted classes.
        stop_layer: See `tfwsol.methods.STNet`; None: in "ch_viz" the lowest tensor with cells 8
            pixels apart, for boxes of the extent "cell" the last map, else as the preset has it.
        collapse: "sum" or "max" of a cell's gates, or "intact", see `tfwsol.boxes.gate_boxes`.
        pruning: One of `PRUNINGS`.
        mean_multiplier: Of the means: the share of them that foreground reaches.
        std_multiplier: Of the means: standard deviations on top.
        percentage: Of "percentile": the share of the gated cells that is pruned.
        energy: Of "energy": the share of all gates that is pruned.
        extent: One of `EXTENTS`: "field", as published, or "cell", ours: deep cells of newer
            networks see nearly the whole image.
        beside: Other explainers by name, whose boxes "bbox_eval" scores by the same rule.
        options: Further ones of `STNet`: preset, modes, alpha, literal, bias_units.

    Raises:
        ValueError: A value is unknown or out of its range, or they do not fit each other.
    """

    mode: Mode = "bbox_eval"
    classes: str | tuple[int, ...] = TRUE
    top_k: int = 1
    stop_layer: str | None = None
    collapse: str = "sum"
    pruning: str = "new_mean"
    mean_multiplier: float = 1.0
    std_multiplier: float = 0.0
    percentage: float = 0.3
    energy: float = 0.05
    extent: str = "field"
    beside: tuple[str, ...] = ()
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        choices = {"mode": MODES, "collapse": COLLAPSES, "pruning": PRUNINGS, "extent": EXTENTS}
        for name, known in choices.items():
            if getattr(self, name) not in known:
                raise ValueError(
                    f"Expected the {name} out of {', '.join(known)}; got {getattr(self, name)!r}."
                )
        if not (0 <= self.percentage < 1 and 0 <= self.energy < 1):
            raise ValueError(
                "A percentage and a share of energy are from 0 to below 1; got "
                f"{self.percentage:g} and {self.energy:g}."
            )
        if self.mean_multiplier < 0 or self.std_multiplier < 0:
            raise ValueError(
                "The multipliers of mean and deviation are at least 0; got "
                f"{self.mean_multiplier:g} and {self.std_multiplier:g}."
            )
        if self.top_k != 1 and self.classes != PREDICTED:
            raise ValueError(
                "--top_k counts predicted classes; it needs --stnet_classes=predicted."
            )
        if self.mode == "bbox_eval" and (self.top_k != 1 or not isinstance(self.classes, str)):
            raise ValueError(
                "bbox_eval scores one box of each picture, that of the true or of the first "
                "predicted class; take bbox_viz for more."
            )
        check_explainer_names(self.beside)
        if self.beside and (self.mode != "bbox_eval" or "stnet" in self.beside):
            raise ValueError(
                "Other methods stand beside STNet only where boxes are scored, in bbox_eval; got "
                f"{', '.join(self.beside)} in {self.mode}."
            )
        if self.mode == "ch_viz" and self.collapse == "intact":
            raise ValueError("Class-hypothesis maps are of collapsed gates; take sum or max.")

    @property
    def rule(self) -> Rule:
        """The rule of the boxes; where nothing is foreground it gives (-1, -1, -1, -1)."""
        return dataclasses.replace(
            PRESETS["stnet"],
            level=PRUNINGS[self.pruning],
            deviations=self.std_multiplier,
            fallback=(-1, -1, -1, -1),
        )

    @property
    def threshold(self) -> float:
        """What the rule calls foreground."""
        shares = {"percentile": self.percentage, "energy": self.energy, "off": 0.0}
        return shares.get(self.pruning, self.mean_multiplier)

    def grids(self, explainer: STNet) -> tuple[CellGrid, CellGrid] | None:
        """The rows and columns of an explainer's map, as wide as `extent` has it; None: unknown."""
        if explainer.grids is None or self.extent == "field":
            return explainer.grids
        rows, columns = explainer.grids
        return rows.apart, columns.apart

    def explainer(self, model: keras.Model) -> STNet:
        """STNet as it is asked for.

        Raises:
            ValueError: It does not fit the model.
        """
        options = dict(self.options)
        preset = preset_of(options.pop("preset", None), model.name)
        if self.stop_layer is None and self.mode == "ch_viz":
            preset = dataclasses.replace(preset, stop_stride=_HYPOTHESIS_STRIDE)
        elif self.stop_layer is None and self.extent == "cell":
            preset = dataclasses.replace(preset, stop_stride=None)
        intact = self.collapse == "intact"
        collapse = "sum" if intact else self.collapse
        return STNet(
            model, preset, self.stop_layer, collapse=collapse, keep_gates=intact, **options
        )

    def identity(self) -> dict[str, Any]:
        """What decides the boxes and the drawings."""
        return dataclasses.asdict(self)

    def sentence(self) -> str:
        """How gates become boxes, in words."""
        usual = "as the preset has it"
        if self.mode == "ch_viz":
            usual = f"at cells {_HYPOTHESIS_STRIDE} pixels apart"
        elif self.extent == "cell":
            usual = "at the last map"
        stop = f"stopped at {self.stop_layer}" if self.stop_layer else f"stopped {usual}"
        return (
            f"STNet {stop}; gates collapsed by {self.collapse}, pruned by {self.pruning} at "
            f"{self.threshold:g}"
            + (", boxes as wide as their cells." if self.extent == "cell" else ".")
        )
