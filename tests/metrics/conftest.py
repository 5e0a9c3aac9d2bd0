import pathlib

import numpy as np
import pytest

GOLDEN = pathlib.Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="session")
def golden():
    """Reads a file of goldens by its name, for example ``golden("bas/pxap")``."""

    def read(name):
        with np.load(GOLDEN / f"{name}.npz", allow_pickle=False) as file:
            return dict(file)

    return read


@pytest.fixture(scope="session")
def score_maps(golden):
    """The score maps of the data set goldens by their two rules (README of the goldens)."""
    grey = golden("evaluation/dataset_scoremaps")["g"].astype(np.int64)
    image, row, column = np.ogrid[tuple(map(slice, grey.shape))]
    return {
        "A": np.where(grey > 0, np.minimum((grey + 0.5) / 255, 1), 0.0),
        "B": (256 * grey + ((37 * row + 101 * column + 17 * image) & 255)) / 65535,
    }
