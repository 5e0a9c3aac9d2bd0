"""The device code, compiled for the CPU, which runs it thread by thread."""

from shutil import which

import pytest

from tfwsol.custom_ops import build
from tfwsol.custom_ops.top_down_gating.device_library import Device


@pytest.fixture(scope="session")
def emulated(tmp_path_factory):
    """The emulated device; skips where nothing can be compiled."""
    if not any(map(which, ("g++", "clang++", "c++"))):
        pytest.skip("no C++ compiler on the PATH")
    target = tmp_path_factory.mktemp("device") / "device_library.so"
    return Device(build.build_device_library(target, emulated=True))
