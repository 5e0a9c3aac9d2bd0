"""The published ways to score maps, as small records that say which view, rule and numbers."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable
from typing import Literal

View = Literal["whole", "centre"]

VIEWS: dict[View, str] = {
    "whole": "whole image squashed to 224 × 224",
    "centre": "256 × 256, its central 224 × 224",
}
"""What a model sees. Models of another input size see the same part of the image."""


@dataclasses.dataclass(frozen=True)
class Protocol:
    """One protocol; plain data.

    Attributes:
        name: What flags call it.
        kind: Which numbers it has. ``sweep``: box accuracy at every threshold. ``fixed``: GT-known,
            Top-1 and Top-5 at one threshold, perhaps the best of a few. ``pixels``: PxAP and
            PIoU. The others are as they are called.
        rule: The preset of `tfwsol.boxes` that turns maps into score maps and boxes.
        view: What the model sees.
        words: What stands beside each of its numbers.
        thresholds: Of the kinds that try few.
        multi_contour: Of a sweep: whether every contour of a map gives a box.
        iou_levels: Of a sweep, in percent.
        mean_of_top: 1: the map of the one class that is explained. More: the mean of the maps of
            so many classes with the highest scores (BAS).
    """

    name: str
    kind: Literal[
        "sweep", "fixed", "pixels", "corloc", "pointing", "classification", "faithfulness"
    ]
    rule: str
    view: View
    words: str
    thresholds: tuple[float, ...] = ()
    multi_contour: bool = False
    iou_levels: tuple[int, ...] = (50,)
    mean_of_top: int = 1

    @property
    def maps(self) -> str:
        """What its maps are called beside those of other protocols of the same view."""
        return self.view if self.mean_of_top == 1 else f"{self.view}, mean of {self.mean_of_top}"

    @property
    def truth(self) -> Literal["boxes", "masks"]:
        """What of the ground truth it needs."""
        return "masks" if self.kind == "pixels" else "boxes"


PROTOCOLS = {
    protocol.name: protocol
    for protocol in (
        # Choe et al., the journal extension of the next.
        Protocol(
            "wsoleval",
            "sweep",
            "wsoleval",
            "whole",
            "wsolevaluation V2, all contours",
            multi_contour=True,
            iou_levels=(30, 50, 70),
        ),
        # Choe et al., "Evaluating Weakly Supervised Object Localization Methods Right", CVPR 2020.
        Protocol("wsoleval_v1", "sweep", "wsoleval", "whole", "wsolevaluation V1, largest contour"),
        # Choe and Shim, "Attention-Based Dropout Layer", CVPR 2019: its TensorFlow programs.
        Protocol(
            "adl",
            "fixed",
            "adl",
            "centre",
            "ADL, largest contour",
            thresholds=(0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35),
        ),
        # Gao et al., "TS-CAM", ICCV 2021.
        Protocol("tscam", "fixed", "tscam", "whole", "TS-CAM, largest contour", thresholds=(0.12,)),
        # Wu et al., "Background Activation Suppression", CVPR 2022; its thresholds for all data.
        Protocol(
            "bas",
            "fixed",
            "bas",
            "centre",
            "BAS, largest component",
            thresholds=(0.1, 0.25, 0.45, 0.5),
        ),
        Protocol("pxap", "pixels", "wsoleval", "whole", "wsolevaluation, pixels of all images"),
        # Deselaers et al., "Weakly Supervised Localization and Learning with Generic Knowledge".
        # 0.2 is the threshold of Zhou et al., "Learning Deep Features ...", CVPR 2016.
        Protocol(
            "corloc",
            "corloc",
            "wsoleval",
            "whole",
            "CorLoc, largest contour",
            thresholds=(0.2,),
        ),
        # Zhang et al., "Top-down Neural Attention by Excitation Backprop", ECCV 2016.
        Protocol("pointing", "pointing", "wsoleval", "whole", "pointing game, highest pixel"),
    )
}
"""The protocols by name."""


def choose_protocols(names: Iterable[str]) -> tuple[Protocol, ...]:
    """The protocols of these names in the order of the table; "all" is every one.

    Raises:
        ValueError: A name is unknown, or there is none.
    """
    names = list(names)
    for name in names:
        if name not in PROTOCOLS and name != "all":
            near = difflib.get_close_matches(name, PROTOCOLS, n=1) or ["all", *PROTOCOLS]
            raise ValueError(f"No protocol is called {name!r}; did you mean {', '.join(near)}?")
    if not names:
        raise ValueError(f"Expected at least one protocol out of all, {', '.join(PROTOCOLS)}.")
    return tuple(p for p in PROTOCOLS.values() if "all" in names or p.name in names)
