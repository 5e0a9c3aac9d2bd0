"""How each published protocol turns a score map into boxes, as small records."""

from __future__ import annotations

import dataclasses
from typing import Literal


@dataclasses.dataclass(frozen=True)
class TruthScaling:
    """How a protocol brings boxes of the original image into its view; plain data.

    Attributes:
        resize: Side in pixels that the image is resized to before the crop.
        crop: Side of the square cut from its centre.
        short_side: Whether only the shorter side becomes `resize` and the shape is kept.
        divide_first: (c / size) · resize instead of (c · resize) / size; the two truncate
            differently unless `resize` is a power of two.
        clamp: ``corners``: x0, y0 at least 0 and x1, y1 at most crop - 1, each only there, so
            that a box outside the crop ends before it begins. ``all``: All in [0, crop].
        truncate: Whether coordinates become whole numbers, towards 0.
        whole_pixels: Whether position and sides become whole numbers, towards 0, before all this.
    """

    resize: int = 224
    crop: int = 224
    short_side: bool = False
    divide_first: bool = False
    clamp: Literal["no", "corners", "all"] = "no"
    truncate: bool = True
    whole_pixels: bool = False


@dataclasses.dataclass(frozen=True)
class Rule:
    """One protocol from the map of a class to its box; plain data.

    Attributes:
        name: Its name among the presets.
        truth: How ground-truth boxes get into the view that the map covers.
        map_size: (height, width) a map is resized to. None keeps its own.
        upsample: OpenCV's interpolation when it is resized.
        min_max: Whether a map is brought to [0, 1] after resizing it, before, or never.
        epsilon: Added to max - min.
        precision: The floating-point type of all this.
        grey: ``truncate``: trunc(255 · map). ``cubehelix``: the grey of that colour map.
            ``none``: The map itself is compared.
        level: ``of_maximum``: Foreground is grey > int(threshold · max(grey)). ``absolute``:
            map > threshold. The others take cells that are not 0 and at least some value:
            ``of_nonzero_mean`` threshold · mean of the cells that are not 0 (``of_mean``: of
            all), ``of_nonzero_rank`` the one of their ascending values that stands behind this
            share of them, ``of_energy`` the one with which the sum of the ascending values
            exceeds this share of the whole.
        deviations: How many standard deviations are added to a mean.
        region: ``contour``: that of largest polygon area, or all of them. ``component``: the
            one of most pixels; among equals the first from the top left. ``all``: everything
            that is foreground.
        inclusive: The box ends in its last pixel instead of one behind it.
        clip: Corners lie at most at width - 1, height - 1.
        fallback: The box where nothing is foreground. None: The whole map.
        touching_overlaps: Whether boxes that share only a line of pixels overlap.
        strict_top_k: Whether a Top-k hit needs an IoU greater than 0.5, not only equal.
    """

    name: str
    truth: TruthScaling
    map_size: tuple[int, int] | None = (224, 224)
    upsample: Literal["linear", "cubic"] = "linear"
    min_max: Literal["after", "before", "never"] = "after"
    epsilon: float = 0.0
    precision: Literal["float32", "float64"] = "float32"
    grey: Literal["truncate", "cubehelix", "none"] = "truncate"
    level: Literal[
        "of_maximum", "absolute", "of_nonzero_mean", "of_mean", "of_nonzero_rank", "of_energy"
    ] = "of_maximum"
    deviations: float = 0.0
    region: Literal["contour", "component", "all"] = "contour"
    inclusive: bool = False
    clip: bool = False
    fallback: tuple[int, int, int, int] | None = (0, 0, 1, 1)
    touching_overlaps: bool = True
    strict_top_k: bool = False

    def __post_init__(self) -> None:
        uses_grey = {
            self.region == "contour",
            self.level == "of_maximum",
            self.grey != "none",
        }
        if len(uses_grey) > 1:
            raise ValueError(
                f"Contours, a grey map and a level of its maximum belong together; got the region "
                f"{self.region!r}, the grey {self.grey!r} and the level {self.level!r}."
            )


PRESETS = {
    rule.name: rule
    for rule in (
        # Choe et al., "Evaluating Weakly Supervised Object Localization Methods Right", CVPR 2020.
        Rule(
            "wsoleval",
            TruthScaling(),
            upsample="cubic",
            precision="float64",
            clip=True,
            fallback=(0, 0, 0, 0),
        ),
        # Choe and Shim, "Attention-Based Dropout Layer", CVPR 2019: its TensorFlow programs.
        Rule("adl", TruthScaling(resize=256), grey="cubehelix"),
        # Gao et al., "TS-CAM", ICCV 2021.
        Rule(
            "tscam",
            TruthScaling(divide_first=True, clamp="corners", whole_pixels=True),
            strict_top_k=True,
        ),
        # Wu et al., "Background Activation Suppression", CVPR 2022.
        Rule(
            "bas",
            TruthScaling(resize=256, clamp="corners"),
            min_max="before",
            epsilon=1e-5,
            grey="none",
            level="absolute",
            region="component",
            fallback=None,
        ),
        # Biparva and Tsotsos, "STNet", 2017: gates summed over the channels, default pruning.
        Rule(
            "stnet",
            TruthScaling(short_side=True, clamp="all", truncate=False),
            map_size=None,
            min_max="never",
            grey="none",
            level="of_nonzero_mean",
            region="all",
            inclusive=True,
            touching_overlaps=False,
        ),
    )
}
"""The protocols by name."""


def named(rule: str | Rule) -> Rule:
    """The rule itself, or the preset of that name.

    Raises:
        ValueError: There is no such preset; the message lists them.
    """
    if isinstance(rule, Rule):
        return rule
    if rule not in PRESETS:
        raise ValueError(f"There is no box rule {rule!r}; expected one of {', '.join(PRESETS)}.")
    return PRESETS[rule]
