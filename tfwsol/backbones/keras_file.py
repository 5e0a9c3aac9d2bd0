"""Models and weights out of files that Keras wrote."""

from __future__ import annotations

import os
import pathlib
import warnings
import zipfile

import keras
from absl import logging

from tfwsol.backbones.model_error import ModelError, first_words


def existing_file(path: str | os.PathLike[str]) -> pathlib.Path:
    """The path of a file of weights that is there.

    Raises:
        ModelError: It is not.
    """
    path = pathlib.Path(path)
    if not path.is_file():
        raise ModelError(f"There is no weights file {path}; check the path given by --weights.")
    return path


def load_keras_model(path: pathlib.Path) -> keras.Model:
    """The model of a `.keras` or `.h5` file, not compiled.

    Raises:
        ValueError: The file is no archive, or Keras' own error, of many kinds.
    """
    # Keras says of such a file that it cannot be found.
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        raise ValueError("it is no zip archive, as .keras files are, or was cut short")
    return keras.saving.load_model(path, compile=False)


def load_keras_file(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Sets all weights of a model to those of a `.weights.h5`, `.h5` or `.keras` file.

    Raises:
        ValueError: The file lacks some of them, or Keras' own error for what does not fit.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.load_weights(path)
    # Keras only warns where a file has nothing for a layer; such a model is half random.
    for warning in caught:
        if "freshly-initialized" in str(warning.message):
            raise ValueError(str(warning.message))


def set_from_keras_file(
    model: keras.Model, path: str | os.PathLike[str], last: keras.KerasTensor
) -> None:
    """Sets a network's weights to those of a file of the same network, perhaps of other classes.

    Args:
        model: Functional.
        path: Of the whole network, whatever its number of classes.
        last: What the class layer reads; layers behind it keep their initial weights where the
            file's do not fit, which is said in the log.

    Raises:
        ModelError: There is no such file, or it does not fit.
    """
    path = existing_file(path)
    try:
        load_keras_file(model, path)
        return
    except Exception as error:  # Keras raises many kinds; only other classes can be made good
        if last is model.outputs[0]:
            raise _misfit(model, path, error) from error
    try:
        load_keras_file(keras.Model(model.inputs, last), path)
    except Exception as error:
        raise _misfit(model, path, error) from error
    logging.info("The class layer of %s stays as initialised: that of %s is another.",
                 model.name, path.name)  # fmt: skip


def _misfit(model: keras.Model, path: pathlib.Path, error: Exception) -> ModelError:
    return ModelError(
        f"Weights {path} do not fit {model.name} ({first_words(error)}); check the network and its "
        "options, and read files of PyTorch by checkpoints.convert."
    )
