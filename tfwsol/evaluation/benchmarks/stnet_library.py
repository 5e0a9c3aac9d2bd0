"""Thetas by the compiled operation's selection and by a full sort, in one small C++ library."""

from __future__ import annotations

import ctypes
import tempfile
from pathlib import Path

import numpy as np

from tfwsol.evaluation.benchmarks.stnet_layers import GatedLayer
from tfwsol.ops.library import build_program

_NUMBERS, _PLACES = (np.ctypeslib.ndpointer(kind, flags="C") for kind in (np.float32, np.int64))


class SortingLibrary:
    """The selection of custom_ops/top_down_gating and its yardstick, compiled with its options.

    Raises:
        BuildError: custom_ops/build.py's; there is no C++ compiler, or it refuses.
    """

    def __init__(self) -> None:
        build = build_program()
        source = build.SOURCES / "top_down_gating" / "sorted_units.cc"
        with tempfile.TemporaryDirectory() as folder:
            built = build.build_plain_library(source, Path(folder) / "sorted_units.so")
            # A library that is loaded stays when its file goes.
            library = ctypes.CDLL(str(built))
        self._thetas, self._products = library.tfwsol_thetas, library.tfwsol_products
        units = [_PLACES, _NUMBERS, _NUMBERS, _PLACES, ctypes.c_int64]
        self._thetas.argtypes = [*units, ctypes.c_double, ctypes.c_int, _NUMBERS]
        self._products.argtypes = [*units, _NUMBERS]
        self._thetas.restype = self._products.restype = None

    def thetas(self, layer: GatedLayer, units: np.ndarray, by_sorting: bool) -> np.ndarray:
        """The theta of some units of a layer, products included; -1000 where dropped.

        Args:
            layer: The layer.
            units: Places among the gates of its output.
            by_sorting: With std::sort; else as the operation does.

        Returns:
            float32, one for each unit.
        """
        places, thetas = np.ascontiguousarray(units, np.int64), np.zeros(len(units), np.float32)
        arrays = (layer.geometry, layer.x, layer.kernel, places)
        self._thetas(*arrays, len(places), layer.least, by_sorting, thetas)
        return thetas

    def products(self, layer: GatedLayer, units: np.ndarray) -> GatedLayer:
        """A dense layer whose units have the products of some units of a layer.

        Its input is all ones and its weights are those products, so that making its products
        copies them: what a sort needs as well, which would destroy them.
        """
        places = np.ascontiguousarray(units, np.int64)
        rows = np.zeros((len(places), layer.products), np.float32)
        self._products(layer.geometry, layer.x, layer.kernel, places, len(places), rows)
        numbers = [1, 1, 1, layer.products, 1, 1, len(places), 1, 1, 1, 1, 0, 0, 1, 1, 1]
        ones, every = np.ones((1, layer.products), np.float32), np.arange(len(places))
        geometry = np.array(numbers, np.int64)
        return GatedLayer(layer.name, geometry, ones, rows, every, len(places), layer.least)
