"""A folder of score maps that any method wrote, one ``.npy`` file for each image."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import numpy as np


class ScoreMapError(ValueError):
    """One sentence about a score map that is missing or cannot be scored."""


class ScoreMapFolder:
    """Reads ``root/<image id>.npy``, the layout in which wsolevaluation takes external maps.

    The id may be written with its extension (``val2/0/0.jpeg.npy``, as that loader wants it) or
    without (``val2/0/0.npy``, as its documentation says); the first form wins.

    Args:
        root: The folder.

    Raises:
        ScoreMapError: The folder does not exist.
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root)
        if not self.root.is_dir():
            raise ScoreMapError(
                f"{self.root} is not a folder; name the one that holds <image id>.npy files."
            )

    def path(self, image_id: str) -> Path | None:
        """The file with the map of an image, None where there is none.

        Raises:
            ScoreMapError: The id leads out of the folder.
        """
        name = PurePosixPath(image_id)
        if name.is_absolute() or ".." in name.parts or not name.parts:
            raise ScoreMapError(f"The image id {image_id!r} is not a path below {self.root}.")
        candidates = (f"{name}.npy", f"{name.with_suffix('')}.npy")
        found = (self.root / candidate for candidate in candidates)
        return next((path for path in found if path.is_file()), None)

    def missing(self, image_ids: Iterable[str]) -> list[str]:
        """The images that have no map, in the given order."""
        return [image_id for image_id in image_ids if self.path(image_id) is None]

    def load(self, image_id: str) -> np.ndarray:
        """The score map of one image, as it is in the file.

        Returns:
            float64, height × width, in [0, 1].

        Raises:
            ScoreMapError: There is no map; the file is not one array, holds Python objects
                (nothing in it is ever run), is not float64 or of rank 2; or a value is NaN or
                outside [0, 1]. Maps are not cast, since rounding decides between thresholds.
        """
        path = self.path(image_id)
        if path is None:
            raise ScoreMapError(
                f"{self.root} holds no score map for {image_id}; expected {image_id}.npy."
            )
        return _checked(path, _read(path))


def _read(path: Path) -> np.ndarray:
    try:
        # The format itself, since np.load would also open archives and pickles.
        with path.open("rb") as file:
            return np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ScoreMapError(
            f"{path} is not one plain NumPy array ({error}); write it with np.save."
        ) from error


def _checked(path: Path, array: np.ndarray) -> np.ndarray:
    if array.dtype != np.float64:
        raise ScoreMapError(
            f"{path} holds {array.dtype}; score maps are float64: cast the network's map before "
            "it is resized and normalised."
        )
    if array.ndim != 2 or 0 in array.shape:
        raise ScoreMapError(f"{path} has the shape {array.shape}; a score map is height × width.")
    # Written so that NaN fails.
    if not (array.min() >= 0 and array.max() <= 1):
        raise ScoreMapError(
            f"{path} has values from {array.min()} to {array.max()}; score maps are in [0, 1] "
            "without NaN."
        )
    return array
