"""Everything the demo measured, as its report and its file of numbers take it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tfwsol.evaluation.map_diagnostics import Diagnosis, MaskedExamples

GAUSSIAN = "centred Gaussian"
NOTHING = (GAUSSIAN, "random maps")
"""Methods that look at nothing."""


@dataclasses.dataclass(frozen=True)
class Trained:
    """One network of the demo.

    Attributes:
        accuracy: On the test images, in percent.
        seconds: Wall time of the training.
        best_epoch: Whose weights were kept.
        chosen: How that epoch was chosen, in words.
    """

    accuracy: float
    seconds: float
    best_epoch: int
    chosen: str


@dataclasses.dataclass(frozen=True)
class DemoResult:
    """Everything the demo measured.

    Attributes:
        trained: The networks, "CAM" (a plain classifier) and "ADL".
        scores: For each method what `map_diagnostics.diagnose` gave. A method that is no network
            of `trained` and looks at something explains the plain one.
        maps: For each method batch × map height × map width.
        examples: The test images.
        class_names: Of the critters.
        epochs: Of each training.
        photograph: Folder and settings of the explained photograph, or why there is none.
    """

    trained: Mapping[str, Trained]
    scores: Mapping[str, Diagnosis]
    maps: Mapping[str, np.ndarray]
    examples: MaskedExamples
    class_names: Sequence[str]
    epochs: int
    photograph: Mapping[str, Any] | str

    @property
    def methods(self) -> list[str]:
        """The methods that look at something, in order."""
        return [name for name in self.scores if name not in NOTHING]

    def accuracy(self, method: str) -> float | None:
        """That of the network a method explains, in percent; None where there is none."""
        if method in NOTHING:
            return None
        return self.trained.get(method, self.trained["CAM"]).accuracy
