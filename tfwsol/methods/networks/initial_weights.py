"""Weights for a localizer to start from, out of files of several kinds."""

from __future__ import annotations

import os
from pathlib import Path

import keras
from absl import logging

from tfwsol import checkpoints
from tfwsol.backbones.keras_file import existing_file, load_keras_model
from tfwsol.backbones.model_error import first_words


def is_for_backbone(weights: str | os.PathLike[str] | None, takes_weights: bool) -> bool:
    """True for weights that a backbone's own function is to read.

    These are ``"imagenet"`` and HDF5 files, where the function takes weights at all.
    """
    if weights is None:
        return False
    return takes_weights and (weights == "imagenet" or os.fspath(weights).endswith(".h5"))


def set_weights(network: keras.Model, path: str | os.PathLike[str]) -> None:
    """Sets a network's weights to those of a file; a head for other classes stays as it was.

    Args:
        network: Named like its backbone.
        path: A `.keras` file, whose variables are known by their paths (a network of
            `checkpoints.convert`, or a localizer), or what `checkpoints.read` takes.

    Raises:
        ValueError: If a `.keras` file is missing, cannot be loaded or lacks a variable outside
            the head, or for an HDF5 file.
        checkpoints.CheckpointError: If a file cannot be read or does not fill the network.
    """
    if os.fspath(path).endswith(".h5"):
        raise ValueError(
            f"{os.fspath(path)!r} only fits the very model it was saved from; load it there, save "
            f"that model as .keras, and give this file for {network.name!r}."
        )
    if not os.fspath(path).endswith(".keras"):
        with checkpoints.reported(path):
            filling = checkpoints.fill(network, checkpoints.read(path), replace_head=True)
        logging.info("%s: %s", Path(path).name, filling)
        return
    file = _read_model(path)
    # The heads of ACoL's branches have the names of other heads, but features of their own.
    is_acol = any(layer.name.startswith("acol_") for layer in file.layers)
    values = {v.path: v for v in file.variables if not (is_acol and _is_head(v))}
    wanted = [v for v in network.variables if "seed_generator" not in v.path]
    fitting = [v for v in wanted if v.path in values and values[v.path].shape == v.shape]
    found = {id(v) for v in fitting}
    missing = [v.path for v in wanted if id(v) not in found and not _is_head(v)]
    if missing:
        raise ValueError(
            f"{os.fspath(path)!r} has no fitting weights for {len(missing)} variables of backbone "
            f"{network.name!r}, {missing[0]!r} first; give a file of the same backbone and options."
        )
    for variable in fitting:
        variable.assign(values[variable.path])


def _read_model(path: str | os.PathLike[str]) -> keras.Model:
    path = existing_file(path)
    try:
        return load_keras_model(path)
    except Exception as error:  # Keras raises many kinds; all mean that this file is no use
        raise ValueError(
            f"The weights file {path} is no Keras model that can be loaded ({first_words(error)}); "
            "give another one."
        ) from error


def _is_head(variable: keras.Variable) -> bool:
    """True for what is not of the backbone, so that files of other methods or classes lack it."""
    return variable.path.startswith(("head/", "logits/", "conv6/", "conv10/", "head_conv", "spg_"))
