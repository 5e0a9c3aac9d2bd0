import subprocess
import sys

import numpy as np
import pytest

from tfwsol.custom_ops import build
from tfwsol.custom_ops.top_down_gating.device_library import Device, DeviceError, Window


def layer():
    rng = np.random.default_rng(0)
    x, kernel = rng.random((2, 6, 5, 3)), rng.random((3, 3, 3, 4))
    gates = np.zeros((2, 4, 3, 4))
    gates[0, 0, 0, 1] = gates[1, 3, 2, 3] = 1
    return [np.float32(array) for array in (x, kernel, gates)]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(("which_one", "named"), [(0, "x"), (1, "kernel"), (2, "gates")])
def test_numbers_that_are_not_finite_are_named_and_spoil_all(emulated, wrong, which_one, named):
    arrays = layer()
    # In x a cell that no gated unit looks at, in the kernel a weight of a gated channel.
    arrays[which_one][[(0, 5, 4, 2), (2, 2, 0, 1), (1, 0, 0, 0)][which_one]] = wrong
    prepared = emulated.prepare_conv(*arrays)
    prepared.run()
    with pytest.raises(ValueError, match=rf"^{named} is not finite .*\.$"):
        prepared.result()
    for array in prepared._outputs:
        assert np.isnan(emulated.download(array)).all()


def test_a_kernel_may_hold_anything_where_no_unit_is_gated(emulated):
    x, kernel, gates = layer()
    wanted = emulated.conv(x, kernel, gates).below
    kernel[..., [0, 2]] = np.nan
    np.testing.assert_array_equal(emulated.conv(x, kernel, gates).below, wanted)


@pytest.mark.parametrize("place", ["x", "gates"])
def test_pools_name_numbers_that_are_not_finite(emulated, place):
    x, _, gates = layer()
    gates = gates[..., :3].copy()
    (x if place == "x" else gates)[0, 1, 1, 1] = np.nan
    with pytest.raises(ValueError, match=f"^{place} is not finite"):
        emulated.pool(x, gates, (3, 3), Window())


def test_a_pass_can_run_again_and_without_extras(emulated):
    arrays = layer()
    prepared = emulated.prepare_conv(*arrays, extras=False)
    prepared.run()
    first = prepared.result()
    prepared.run()
    np.testing.assert_array_equal(prepared.result().below, first.below)
    assert (first.theta, first.kernel_gates, first.kernel_hits) == (None, None, None)
    np.testing.assert_array_equal(first.below, emulated.conv(*arrays).below)


@pytest.mark.parametrize("shape", [(0, 6, 5, 3), (2, 6, 5, 0)])
def test_nothing_hands_down_nothing(emulated, shape):
    gates = np.zeros((shape[0], 4, 3, shape[3]))
    step = emulated.pool(np.zeros(shape), gates, (3, 3), Window())
    assert step.below.shape == shape


def test_memory_goes_there_and_back(emulated):
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    there = emulated.upload(array)
    other = emulated.empty((3, 4))
    assert there.bytes == 48
    assert emulated.milliseconds(lambda: emulated.copy(other, there)) >= 0
    np.testing.assert_array_equal(emulated.download(other.reshaped((4, 3))), array.reshape(4, 3))
    assert "emulat" in emulated.name


def test_an_image_too_large_to_count_is_refused(emulated):
    x = emulated.empty((1, 1, 1, 1))
    gates = type(x)(x.address, (1, 2**16, 2**16, 1), np.float32, x)
    window = Window(padding=(2**16, 2**16))
    with pytest.raises(DeviceError, match="2\\^31 cells"):
        emulated.prepare_conv(x, np.ones((1, 1, 1, 1)), gates, window, extras=False)


def test_errors_of_the_device_are_told(emulated):
    with pytest.raises(DeviceError, match=r"refused: invalid argument \(CUDA error 1\)"):
        emulated.check(1)


LEFT_AT_A_BARRIER = """
#include "custom_ops/top_down_gating/device.h"
void Kernel() { if (tfwsol::Thread() < 3) __syncthreads(); }
int main() { TFWSOL_LAUNCH(BARRIERS, Kernel, 1, 8, 0, nullptr); }
"""


@pytest.mark.parametrize(
    ("barriers", "said"),
    [("true", "ended where others wait"), ("false", "launched as one without")],
)
def test_the_emulation_stops_at_barriers_that_would_hang(emulated, tmp_path, barriers, said):
    source, program = tmp_path / "kernel.cc", tmp_path / "kernel"
    source.write_text(LEFT_AT_A_BARRIER.replace("BARRIERS", barriers))
    include = f"-I{build.SOURCES.parent}"
    subprocess.run([*build._compiler(), "-std=c++17", include, source, "-o", program], check=True)
    run = subprocess.run([program], capture_output=True, text=True)
    assert run.returncode != 0
    assert said in run.stderr


@pytest.mark.slow
def test_the_library_for_gpus_loads_without_one(tmp_path):
    try:
        build.gpu_compiler()
    except build.BuildError as error:
        pytest.skip(f"kernels for GPUs cannot be compiled here: {error}")
    library = build.build_device_library(tmp_path / "device_library.so")
    shown = subprocess.run(["readelf", "-d", library], capture_output=True, text=True).stdout
    assert "NEEDED" in shown
    assert "cuda" not in shown
    code = f"""
from tfwsol.custom_ops.top_down_gating.device_library import Device, DeviceError
try:
    print(Device({str(library)!r}).name)
except DeviceError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip()
    assert Device(library)
