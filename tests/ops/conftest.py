"""The library of the compiled operations."""

from shutil import which

import pytest

from tfwsol.ops import library


@pytest.fixture
def compiled(monkeypatch):
    """The functions of box_sweep's library; skips where nothing can be compiled."""
    if not any(map(which, ("g++", "clang++", "c++"))):
        pytest.skip("no C++ compiler on the PATH")
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "require")
    return library.load("box_sweep")
