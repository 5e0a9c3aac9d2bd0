"""One forward pass for each layer that several explainers look at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfwsol.methods.explainer import Explainer, Sight


class SharedSights:
    """Lets explainers of the same layer share what `see` gives.

    Args:
        explainers: By name, all of one model.
    """

    def __init__(self, explainers: Mapping[str, Explainer]) -> None:
        self._explainers = dict(explainers)
        # Who goes forward for whom; known from the first batch on.
        self._leaders: dict[str, str] = {}

    def __call__(self, images: Any) -> dict[str, Sight]:
        """The sight of every explainer, by name, of images as the model takes them."""
        sights: dict[str, Sight] = {}
        for name, explainer in self._explainers.items():
            if self._leaders.get(name, name) != name:
                continue
            sight = explainer.see(images)
            same = (other for other, seen in sights.items() if seen.cut is sight.cut)
            leader = self._leaders.setdefault(name, next(same, name))
            sights.setdefault(leader, sight)
        return {name: sights[self._leaders[name]] for name in self._explainers}
