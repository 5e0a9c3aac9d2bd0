import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tfwsol.custom_ops import build
from tfwsol.custom_ops.top_down_gating import harness


def test_the_report_counts_what_agrees(emulated, tmp_path):
    for name in ("conv_07_k3s2p0_dense", "pool_06_ties", "linear_03_699_off0"):
        shutil.copy(harness.GOLDENS / f"{name}.npz", tmp_path)
    text, agrees = harness.report(emulated, tmp_path, small=True)
    assert agrees
    first, compared, copied, *timed = text.splitlines()
    assert first == "Device: CPU, emulating a device"
    count, total = (int(word) for word in compared.split()[0:3:2])
    assert count == total == 9
    assert copied.startswith("A copy within the device reads and writes ")
    assert [line.split(":")[0] for line in timed] == ["toy, batch 1", "toy, batch 2"]


def test_it_keeps_the_library_and_fails_where_a_golden_differs(tmp_path, capsys):
    name = "pool_06_ties.npz"
    with np.load(harness.GOLDENS / name) as file:
        case = dict(file)
    case["g_bot"][0, 0, 0, 0] += 1
    np.savez(tmp_path / name, **case)
    kept = tmp_path / "new" / "device.so"
    assert harness.main(["--emulated", f"--goldens={tmp_path}", f"--library={kept}"]) == 1
    assert "differs: pool_06_ties, gates, by 1\n0 of 1 arrays" in capsys.readouterr().out
    assert kept.is_file()


def test_no_goldens_are_one_sentence(emulated, tmp_path):
    with pytest.raises(FileNotFoundError, match=f"No goldens in {tmp_path}: expected files such"):
        harness.compare_all(emulated, tmp_path)


def test_it_runs_as_a_script_and_says_what_is_lacking(tmp_path):
    # As on a machine with NumPy and nothing else of ours, but with no nvcc.
    script = build.SOURCES / "top_down_gating" / "harness.py"
    environment = {**os.environ, "PATH": str(tmp_path)}
    for name in ("CUDA_HOME", "TFWSOL_CUDA"):
        environment.pop(name, None)
    run = subprocess.run(
        [sys.executable, script],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "harness: no nvcc on the PATH\n"
