"""What is asked of a model about a set of photographs."""

from __future__ import annotations

import dataclasses
from typing import Any

import keras

from tfwsol.methods import L2CAF
from tfwsol.methods.explainer import Explainer
from tfwsol.methods.explainer_names import EXPLAINERS, build_explainer, check_explainer_names

METHODS = tuple(EXPLAINERS)


@dataclasses.dataclass(frozen=True)
class ExplanationSettings:
    """Everything besides the photographs that decides what comes out.

    Attributes:
        methods: Names out of `METHODS`, in the order of the columns.
        layer: See `tfwsol.methods.Explainer`.
        class_ids: Classes to ask of every photograph; empty: the `top_k` predicted ones.
        top_k: How many predicted classes to explain.
        objective: Of L2-CAF.
        filter_type: Of L2-CAF.
        solver: Of L2-CAF.
        preset: Of L2-CAF.
        sign: Of L2-CAF.
        contrast: Of L2-CAF.
        box_threshold: Foreground of the box of each map, as a share of its range. 0.3 is what fits
            best on 975 ImageNet validation images with MobileNetV2, for all these methods.
        gif: Also film the published loop of L2-CAF on its way.
        colormap: Of the overlays, a matplotlib name.
        alpha: Weight of the map in the overlays.
    """

    methods: tuple[str, ...] = ("l2caf",)
    layer: str | None = None
    class_ids: tuple[int, ...] = ()
    top_k: int = 1
    objective: str = "class_specific"
    filter_type: str = "l2"
    solver: str = "auto"
    preset: str = "pytorch"
    sign: str = "abs"
    contrast: str = "sum"
    box_threshold: float = 0.3
    gif: bool = False
    colormap: str = "bwr"
    alpha: float = 0.6

    def __post_init__(self) -> None:
        check_explainer_names(self.methods)
        if not self.methods:
            raise ValueError(f"Expected at least one method out of {list(METHODS)}.")
        if not 0 <= self.box_threshold < 1:
            raise ValueError(
                f"Expected a box threshold from 0 to below 1, but {self.box_threshold} came."
            )
        if self.objective == "class_oblivious" and self.class_ids:
            raise ValueError(
                "A class-oblivious map belongs to no class, but class ids came; leave them out or "
                "use the class-specific objective."
            )

    def explainers(self, model: keras.Model) -> dict[str, Explainer]:
        """The explainers asked for, by name."""
        return {name: build_explainer(name, model, **self._l2caf()) for name in self.methods}

    def filmed(self, model: keras.Model, every: int) -> L2CAF:
        """The published loop of L2-CAF with a picture every so many iterations."""
        return L2CAF(model, **{**self._l2caf(), "solver": "reference"}, film=every)

    def _l2caf(self) -> dict[str, Any]:
        names = ("layer", "objective", "filter_type", "solver", "preset", "sign", "contrast")
        return {name: getattr(self, name) for name in names}
