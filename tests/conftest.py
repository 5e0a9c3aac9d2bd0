"""Settings that have to stand before TensorFlow, matplotlib or tfds are imported."""

import os
import shutil

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("NO_GCE_CHECK", "true")  # tfds otherwise asks the network where it runs

COMPILER = any(shutil.which(name) for name in ("g++", "clang++", "c++"))
if not COMPILER:
    os.environ.setdefault("TFWSOL_CUSTOM_OPS", "off")  # falling back warns, which is an error here


@pytest.fixture(params=["compiled", "twin"])
def both_ways(request, monkeypatch):
    """Runs a test through the compiled operations, and once more through their twins."""
    if request.param == "compiled" and not COMPILER:
        pytest.skip("no C++ compiler on the PATH")
    mode = {"compiled": "require", "twin": "off"}[request.param]
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", mode)
    return request.param


@pytest.fixture(scope="session")
def compiled_ops():
    """Skips where the gating operations cannot be compiled."""
    if not COMPILER:
        pytest.skip("no C++ compiler on the PATH")
