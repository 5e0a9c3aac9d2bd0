"""The maps that the demo compares: of two networks, three explainers and of nothing at all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfwsol.evaluation.map_diagnostics import MaskedExamples
from tfwsol.evaluation.trivial_maps import centred_gaussian, random_maps
from tfwsol.methods import L2CAF, GradCAM, Localizer

EXPLAINERS = {"L2-CAF": L2CAF, "Grad-CAM": GradCAM}
"""What else is asked about the plain classifier."""

PLAIN = "CAM"
_BATCH = 100


def explain(
    networks: Mapping[str, Localizer], examples: MaskedExamples
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Maps of the true class by every method and by what looks at nothing, and the scores.

    Args:
        networks: By name; the one called "CAM" is explained by `EXPLAINERS`, too.
        examples: The images.

    Returns:
        Maps, batch × cells × cells, by method; logits, batch × classes, by network.
    """
    explainers = {name: method(networks[PLAIN]) for name, method in EXPLAINERS.items()}
    first = next(iter(explainers.values()))
    maps: dict[str, list[np.ndarray]] = {name: [] for name in [*networks, *explainers]}
    scores: dict[str, list[np.ndarray]] = {name: [] for name in networks}
    for start in range(0, len(examples.images), _BATCH):
        part = slice(start, start + _BATCH)
        images, labels = examples.images[part].astype("float32"), examples.labels[part]
        for name, network in networks.items():
            found = network.localize(images, labels)
            maps[name].append(np.asarray(found.maps)[:, 0])
            scores[name].append(np.asarray(found.scores))
        sight = first.see(images)
        for name, explainer in explainers.items():
            maps[name].append(np.asarray(explainer.explain(sight, labels).maps)[:, 0])
    whole = {name: np.concatenate(parts) for name, parts in maps.items()}
    count, *cells = whole[PLAIN].shape
    whole["centred Gaussian"] = centred_gaussian(count, examples.images.shape[1:3])
    whole["random maps"] = random_maps(count, tuple(cells))
    return whole, {name: np.concatenate(parts) for name, parts in scores.items()}
