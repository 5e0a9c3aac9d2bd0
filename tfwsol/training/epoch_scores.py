"""Scores after an epoch, and the epoch that is the best by them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from tfwsol.training.training_options import TrainingOptions

Score = Callable[[keras.Model], Mapping[str, Any]]
"""From the model to numbers and pictures (uint8, number × height × width × 3) by name.

A score that takes `quiet` is told whether to show its progress. One with a method `names`, from
the model to the names of its numbers or None, is asked before the training whether it has the one
that is to choose the checkpoint.
"""


class EpochScores:
    """Asks the scores of every split and chooses an epoch by one of their numbers.

    Args:
        scores: By split.
        options: Which split chooses, by what and how often.
        asks: Whether this process asks; of several machines only the first one does.
        quiet: Whether scores shall show no progress.

    Raises:
        ValueError: The split that has to choose has no score.
    """

    def __init__(
        self,
        scores: Mapping[str, Score],
        options: TrainingOptions,
        asks: bool = True,
        quiet: bool = False,
    ) -> None:
        if scores and options.select_on not in scores:
            raise ValueError(
                f"The checkpoint shall be chosen on {options.select_on!r}, but only "
                f"{', '.join(scores)} is scored; name one of these with select_on."
            )
        self._scores, self._options, self._asks = scores, options, asks
        self._quiet = quiet

    def due(self, epoch: int, epochs: int) -> bool:
        """Whether an epoch, from 1, is to be scored here."""
        every = self._options.score_every
        if not (self._asks and self._scores and every):
            return False
        return epoch % every == 0 or epoch == epochs

    def check(self, model: keras.Model) -> None:
        """Refuses a number to choose by that the score does not have, before the first epoch.

        Raises:
            ValueError: There is no number of that name.
        """
        name, score = self._options.select_by, self._scores.get(self._options.select_on)
        if name and self._options.score_every and hasattr(score, "names"):
            known = score.names(model)
            if known is not None:
                _require(name, known)

    def __call__(self, model: keras.Model) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """The numbers by split and name, without those that are none, and the pictures.

        Pictures are named split/name.
        """
        numbers: dict[str, Any] = {}
        pictures: dict[str, np.ndarray] = {}
        for split, score in self._scores.items():
            numbers[split] = {}
            told = {"quiet": self._quiet} if _takes_quiet(score) else {}
            for name, value in score(model, **told).items():
                if np.ndim(value):
                    pictures[f"{split}/{name}"] = np.asarray(value)
                elif np.isfinite(value):
                    numbers[split][name] = float(value)
        return numbers, pictures

    def best(self, epochs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The first epoch with the highest score, and in words how it was chosen.

        Without scores it is the last one.

        Raises:
            ValueError: The number to choose by is not there.
        """
        split = self._options.select_on
        scored = [entry for entry in epochs if entry.get(split)]
        if not scored:
            last = epochs[-1] if epochs else {"epoch": 0}
            return {"best_epoch": last["epoch"], "chosen": "the last epoch; none was scored"}
        name = self._options.select_by or next(iter(scored[0][split]))
        known = dict.fromkeys(key for entry in scored for key in entry[split])
        _require(name, known)
        place = int(np.argmax([entry[split].get(name, -np.inf) for entry in scored]))
        words = f"highest {name} on {split}"
        if split == "test":
            words += " (chosen on the test split, as the literature does; not a fair estimate)"
        return {
            "best_epoch": scored[place]["epoch"],
            "selected_on": split,
            "chosen": words,
            "best": {key: scored[place][key] for key in self._scores},
        }


def _require(name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise ValueError(
            f"The checkpoint cannot be chosen by {name!r}; the scores are {', '.join(known)}."
        )


def _takes_quiet(score: Score) -> bool:
    return "quiet" in inspect.signature(score).parameters
