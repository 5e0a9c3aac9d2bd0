"""The two networks that the demo compares: one start, one recipe, with and without ADL."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tfwsol import methods
from tfwsol.backbones.critter_net import critter_net
from tfwsol.data.critters import CLASS_NAMES
from tfwsol.layers import ADL
from tfwsol.training.batches import augmented_data, validation_batches
from tfwsol.training.classification_score import ClassificationScore
from tfwsol.training.fit import TrainingResult, fit
from tfwsol.training.recipe import Recipe
from tfwsol.training.training_options import TrainingOptions

NETWORKS = {"CAM": "cam", "ADL": "adl"}
"""What `methods.build` calls them, by the name they have in the demo."""


def train_networks(
    run_dir: pathlib.Path,
    train: tf.data.Dataset,
    validation: tf.data.Dataset,
    recipe: Recipe,
    seed: int,
    identity: Mapping[str, Any],
) -> dict[str, TrainingResult]:
    """Trains both networks on the same batches; one that is trained already is only loaded.

    Each goes on where it was stopped. The epoch with the highest accuracy on the validation images
    is kept; nothing about boxes is known here.

    Args:
        run_dir: Each network has a directory in it.
        train: Example dictionaries.
        validation: As well.
        recipe: How to train.
        seed: Of the weights, the order of the images and all draws.
        identity: What tells these data from others.
    """
    data = augmented_data(train, recipe, seed)
    score = ClassificationScore(validation_batches(validation, recipe))
    found = {}
    for number, (title, method) in enumerate(NETWORKS.items(), 1):
        print(f"Network {number} of {len(NETWORKS)}, {title}, in {run_dir / method}:")
        found[title] = fit(
            functools.partial(untrained, method, seed),
            data,
            run_dir=run_dir / method,
            recipe=recipe,
            options=TrainingOptions(seed=seed),
            scores={"val": score},
            identity={"method": method, **identity},
            overwrite=True,
        )
        if not found[title].steps_run:
            print("is trained already.")
    return found


def untrained(method: str, seed: int) -> methods.Localizer:
    """A localizer on `critter_net`; those of all methods begin with equal weights."""
    draws = {"seed": seed} if "seed" in methods.options_of(method) else {}
    classes = len(CLASS_NAMES)
    return methods.build(method, critter_net(classes, seed=seed), classes, **draws)


def adl_words(localizer: methods.Localizer) -> str:
    """What ADL a network has, and where: drop rate, threshold and layers."""
    layers = [layer for layer in localizer.network.layers if isinstance(layer, ADL)]
    return "; ".join(
        f"drop_rate {layer.drop_rate:g}, drop_threshold {layer.drop_threshold:g} after "
        f"{layer.name.removeprefix('adl_')}"
        for layer in layers
    )
