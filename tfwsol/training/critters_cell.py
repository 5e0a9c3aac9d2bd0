"""One cell of the critters table: a method, a data set and a seed, trained and scored."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfwsol import data, methods
from tfwsol.evaluation.circumstances import circumstances
from tfwsol.evaluation.map_diagnostics import MaskedExamples
from tfwsol.evaluation.masked_scores import largest_box_threshold, masked_scores
from tfwsol.evaluation.trivial_maps import centred_gaussian, random_maps
from tfwsol.training.batches import augmented_data
from tfwsol.training.fit import fit
from tfwsol.training.mask_oracle import EPOCHS, oracle_maps, train_mask_oracle
from tfwsol.training.recipe import Recipe
from tfwsol.training.training_options import TrainingOptions
from tfwsol.visualization import write_json

BOUNDS = ("random", "centred_gaussian", "mask_oracle")
"""What methods are compared with: two that look at nothing, and one that is told everything."""

RECORD = "cell.json"
"""The file of a cell's folder that says what came out."""

PEAK_LEARNING_RATES = {"acol": 1e-3}
"""Of methods that hardly learn at the demo's 1e-2: ACoL's branches have no batch normalisation.

Chosen out of 1e-2, 3e-3 and 1e-3 by the accuracy on the 200 validation images of body 0.70, seed
0: 17.5, 59.0 and 64.0 %.
"""

SIZES = {"train_size": 2000, "val_size": 200, "test_size": 500}
Finder = Callable[[MaskedExamples], tuple[np.ndarray, np.ndarray | None]]

_CELLS = (12, 12)  # of the network's map
_BATCH = 100


@dataclasses.dataclass(frozen=True)
class Cell:
    """What is trained on what.

    Attributes:
        method: A trainable method of `methods.names()`, with its own defaults, or one of `BOUNDS`.
        body: Of the data set: how much of the animal is worth looking at.
        seed: Of data set, network and training.
        epochs: Of the training; None: 16, the demo's, and 10 for the oracle.
        sizes: Of the splits.

    Raises:
        ValueError: The method is unknown.
    """

    method: str
    body: float
    seed: int
    epochs: int | None = None
    sizes: Mapping[str, int] = dataclasses.field(default_factory=lambda: dict(SIZES))

    def __post_init__(self):
        known = [*methods.names(), *BOUNDS]
        if self.method not in known:
            raise ValueError(f"Expected methods out of {', '.join(known)}; got {self.method!r}.")

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return f"body{self.body:.2f}_{self.method}_seed{self.seed}"

    def identity(self) -> dict[str, Any]:
        """What decides the outcome."""
        return dataclasses.asdict(self)


def run_cell(
    cell: Cell, folder: pathlib.Path, data_dir: str | os.PathLike[str], command: str
) -> dict[str, Any]:
    """Trains and scores a cell, or reads what came out when that was done before.

    The weights are those after the last epoch: nothing is chosen on the test images but the
    thresholds of MaxBoxAcc, as its definition has it.

    Args:
        cell: What to run.
        folder: Where the cells are kept, each in a folder of its own.
        data_dir: Where prepared data lie.
        command: What was called, for the record.

    Returns:
        The content of `RECORD`: the cell, scores in percent, seconds, command and
        circumstances.

    Raises:
        ValueError: The folder holds a cell with other settings.
    """
    place = folder / cell.folder
    record = place / RECORD
    if record.is_file():
        found = json.loads(record.read_text("utf-8"))
        if found["cell"] != cell.identity():
            raise ValueError(
                f"{place} holds a cell with other settings ({found['cell']}); name another "
                "--output_dir."
            )
        return found
    where = circumstances()
    options = {"data_dir": data_dir, "body": cell.body, "seed": cell.seed, **cell.sizes}
    splits = {split: data.load("critters", split, **options) for split in ("train", "val", "test")}
    started, processor = time.perf_counter(), time.process_time()
    find = _finder(cell, splits["train"], place)
    trained, used = time.perf_counter() - started, time.process_time() - processor
    known = {split: MaskedExamples.of(_whole(splits[split])) for split in ("val", "test")}
    found = {split: find(examples) for split, examples in known.items()}
    threshold = largest_box_threshold(found["val"][0], known["val"])
    scores = masked_scores(found["test"][0], known["test"], threshold, found["test"][1])
    content = {
        "cell": cell.identity(),
        "scores": scores,
        "threshold": threshold,
        "training_seconds": round(trained, 1),
        "training_processor_seconds": round(used, 1),
        "command": command,
        **where,
    }
    write_json(record, content)
    return content


def _whole(examples: tf.data.Dataset) -> dict[str, np.ndarray]:
    return examples.batch(int(examples.cardinality())).get_single_element()


def _finder(cell: Cell, train: tf.data.Dataset, place: pathlib.Path) -> Finder:
    """From masked examples to maps of the true classes and logits, None of what has none."""
    if cell.method == "random":
        return lambda known: (random_maps(len(known.images), _CELLS, cell.seed), None)
    if cell.method == "centred_gaussian":
        return lambda known: (centred_gaussian(len(known.images), known.images.shape[1:3]), None)
    if cell.method == "mask_oracle":
        model = train_mask_oracle(train, cell.seed, cell.epochs or EPOCHS)
        return lambda known: (oracle_maps(model, known.images), None)
    localizer = _trained(cell, train, place)
    return lambda known: _localized(localizer, known)


def _trained(cell: Cell, train: tf.data.Dataset, place: pathlib.Path) -> keras.Model:
    default = Recipe()
    recipe = Recipe(
        epochs=cell.epochs or default.epochs,
        peak_learning_rate=PEAK_LEARNING_RATES.get(cell.method, default.peak_learning_rate),
    )
    own = {"seed": cell.seed} if "seed" in methods.options_of(cell.method) else {}
    classes = len(data.critters.CLASS_NAMES)
    result = fit(
        lambda: methods.build(cell.method, "critter_net", classes, **own),
        augmented_data(train, recipe, cell.seed),
        run_dir=place / "training",
        recipe=recipe,
        options=TrainingOptions(seed=cell.seed, score_every=0, save_every=10_000),
        identity={"cell": cell.identity()},
        overwrite=True,
    )
    return result.model


def _localized(localizer: keras.Model, known: MaskedExamples) -> tuple[np.ndarray, np.ndarray]:
    maps, logits = [], []
    for start in range(0, len(known.images), _BATCH):
        part = slice(start, start + _BATCH)
        found = localizer.localize(known.images[part].astype("float32"), known.labels[part])
        maps.append(np.asarray(found.maps)[:, 0])
        logits.append(np.asarray(found.scores))
    return np.concatenate(maps), np.concatenate(logits)
