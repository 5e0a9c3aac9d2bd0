"""Which boxes are wanted of pictures, as a plain record."""

from __future__ import annotations

import dataclasses
from typing import Any

from tfwsol.evaluation.found_boxes import CONTOURS, RULES, Contours

PREDICTED, TRUE = "predicted", "true"


@dataclasses.dataclass(frozen=True)
class LocalizeSettings:
    """Which boxes are wanted; plain data.

    Attributes:
        rule: One of `RULES`.
        threshold: What the rule calls foreground, from 0 to below 1.
        words: Who says so.
        classes: "predicted", "true" or the ids of classes.
        top_k: How many predicted classes.
        contours: "largest" or "all", see `found_boxes`.

    Raises:
        ValueError: A value is unknown or out of its range, or they do not fit each other.
    """

    rule: str
    threshold: float
    words: str = "as given"
    classes: str | tuple[int, ...] = PREDICTED
    top_k: int = 1
    contours: Contours = "largest"

    def __post_init__(self) -> None:
        if self.rule not in RULES or self.contours not in CONTOURS:
            raise ValueError(
                f"Expected a rule out of {', '.join(RULES)} and contours out of "
                f"{', '.join(CONTOURS)}; got {self.rule!r} and {self.contours!r}."
            )
        if not 0 <= self.threshold < 1:
            raise ValueError(
                f"A threshold is a share of a map's range, from 0 to below 1; got {self.threshold}."
            )
        if self.rule == "bas" and self.contours == "all":
            raise ValueError("The rule bas has one box per map; take --contours=largest.")
        if self.top_k != 1 and self.classes != PREDICTED:
            raise ValueError("--top_k says how many predicted classes; leave it or --classes out.")

    def identity(self) -> dict[str, Any]:
        """What of it decides the boxes."""
        plain = dataclasses.asdict(self)
        del plain["words"]
        return plain

    def sentence(self) -> str:
        """The rule and the threshold, and where the threshold comes from."""
        return f"Rule {self.rule}, threshold {self.threshold:g}: {self.words}."
