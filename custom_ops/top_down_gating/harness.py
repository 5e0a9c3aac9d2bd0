"""Checks and times the gating kernels on a GPU that has nvcc and NumPy but no TensorFlow.

    python custom_ops/top_down_gating/harness.py [--emulated] [--goldens=DIRECTORY] [--library=FILE]

compiles the kernels, compares every published top-down step with them, and times the passes of
whole networks beside a plain copy within the device and, where PyTorch is there, the forward
pass. With --emulated all of it runs on the CPU, which shows that it works and not how fast.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

if __package__:
    from tfwsol.custom_ops import build
    from tfwsol.custom_ops.top_down_gating import network_timing
    from tfwsol.custom_ops.top_down_gating.device_library import MODES, Device, Window
else:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import build
    import network_timing
    from device_library import MODES, Device, Window

GOLDENS = Path(__file__).resolve().parents[2] / "tests" / "golden" / "stnet"
GATES, THETA = (1e-5, 1e-4), (1e-4, 0.0)
"""Absolute and relative tolerance: thetas of the published code carry noise."""


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One array of one case beside the published one."""

    case: str
    what: str
    worst: float
    """The largest difference; infinite where one of the two is not a number."""
    agrees: bool


def compare_file(device: Device, file: Path) -> list[Comparison]:
    """All steps of a file of goldens on a device, beside what was published.

    Args:
        device: Where they run.
        file: conv_*, pool_*, linear_* or bridge_*.npz, see the folder's README.
    """
    with np.load(file) as arrays:
        case = dict(arrays)
    compare = {"conv": _conv, "pool": _pool, "linear": _linear, "bridge": _bridge}
    return list(compare[file.stem.split("_")[0]](device, file.stem, case))


def compare_all(device: Device, folder: Path = GOLDENS) -> list[Comparison]:
    """`compare_file` for every step of a folder of goldens.

    Raises:
        FileNotFoundError: There are none.
    """
    kinds = ("conv", "pool", "linear", "bridge")
    files = [file for kind in kinds for file in sorted(Path(folder).glob(f"{kind}_*.npz"))]
    if not files:
        raise FileNotFoundError(f"No goldens in {folder}: expected files such as conv_01_*.npz.")
    return [found for file in files for found in compare_file(device, file)]


def _conv(device: Device, name: str, case: dict) -> Iterator[Comparison]:
    if "h" not in case:
        for prefix in sorted({key.split("_")[0] for key in case}):
            length = len(prefix) + 1
            part = {key[length:]: case[key] for key in case if key.startswith(prefix)}
            yield from _conv(device, f"{name} {prefix}", part)
        return
    _, stride, padding, groups = case["cfg"].tolist()
    window = Window((stride, stride), (padding, padding), groups=groups)
    arrays = _last(case["h"]), _keras(case["w"]), _last(case["g_top"])
    for literal in (False, True):
        step = device.conv(*arrays, window, literal=literal)
        which = "g_bot" if literal else "g_bot_positive_only"
        wanted = case.get(which, case["g_bot"])
        what = "literal gates" if literal else "gates"
        yield _compare(name, what, step.below, _last(wanted), GATES)
        yield _compare(name, "theta", step.theta, _last(case["theta"]), THETA)
    if "kernel_gating" in case:
        yield _compare(name, "kernel", step.kernel_gates, _keras(case["kernel_gating"]), GATES)
        yield _compare(name, "hits", step.kernel_hits, _keras(case["kernel_hits"]), (0, 0))


def _pool(device: Device, name: str, case: dict) -> Iterator[Comparison]:
    size, stride, padding, mode, offset = case["cfg"].tolist()
    window = Window((stride, stride), (padding, padding))
    arrays = _last(case["h"]), _last(case["g_top"])
    step = device.pool(*arrays, (size, size), window, mode=MODES[mode], offset=offset)
    yield _compare(name, "gates", step.below, _last(case["g_bot"]), GATES)


def _linear(device: Device, name: str, case: dict) -> Iterator[Comparison]:
    options = {"mode": str(case["mode"]), "offset": int(case["offset"])}
    for packed in (False, True):
        kernel = case["w"] if packed else case["w"].T
        step = device.dense(case["h"], kernel, case["g_top"], packed=packed, **options)
        yield _compare(name, "gates", step.below, case["g_bot"], GATES)
        yield _compare(name, "theta", step.theta, case["theta"], THETA)
    if "kernel_gating" in case:
        yield _compare(name, "kernel", step.kernel_gates, case["kernel_gating"], GATES)
        yield _compare(name, "hits", step.kernel_hits, case["kernel_hits"], (0, 0))


def _bridge(device: Device, name: str, case: dict) -> Iterator[Comparison]:
    mode = str(case["mode"])
    if mode == "ALL":  # hands its gates on as they are, without a pass
        return
    ones, above = np.ones((1, case["h"].shape[1])), case["g_top"].sum(1, keepdims=True)
    options = {"mode": mode, "offset": int(case["offset"]), "packed": True}
    step = device.dense(case["h"], ones, above, **options)
    yield _compare(name, "gates", step.below, case["g_bot"], GATES)
    yield _compare(name, "theta", step.theta, case["theta"], THETA)


def _last(array: np.ndarray) -> np.ndarray:
    return np.moveaxis(array, 1, -1)


def _keras(kernel: np.ndarray) -> np.ndarray:
    return np.transpose(kernel, (2, 3, 1, 0))


def _compare(
    case: str, what: str, found: np.ndarray, wanted: np.ndarray, tolerance: tuple[float, float]
) -> Comparison:
    absolute, relative = tolerance
    agrees = np.allclose(found, wanted, rtol=relative, atol=absolute, equal_nan=True)
    away = np.abs(found - wanted)[~(np.isnan(found) & np.isnan(wanted))]
    worst = float(np.nan_to_num(away, nan=np.inf).max(initial=0))
    return Comparison(case, what, worst, bool(agrees))


def report(device: Device, goldens: Path, small: bool) -> tuple[str, bool]:
    """The text of a whole run, and whether all goldens agree.

    Args:
        device: Where it runs.
        goldens: Their folder.
        small: Time a small network instead of AlexNet and VGG16.
    """
    found = compare_all(device, goldens)
    wrong = [one for one in found if not one.agrees]
    lines = [f"Device: {device.name}"]
    lines += [f"differs: {one.case}, {one.what}, by {one.worst:.3g}" for one in wrong]
    cases = len({one.case for one in found})
    worst = max(one.worst for one in found)
    lines.append(f"{len(found) - len(wrong)} of {len(found)} arrays of {cases} published cases")
    lines[-1] += f" agree; the largest difference is {worst:.2g}."
    return "\n".join([*lines, *network_timing.table(device, small)]), not wrong


def main(arguments: list[str]) -> int:
    """Compiles, compares, times and prints; 1 when a golden differs or nothing can be compiled."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--emulated", action="store_true", help="on the CPU, to try it out")
    parser.add_argument("--goldens", type=Path, default=GOLDENS, help="folder of conv_*.npz")
    parser.add_argument("--library", type=Path, help="where to keep the compiled kernels")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        try:
            library = chosen.library or Path(folder) / "device_library.so"
            library.parent.mkdir(parents=True, exist_ok=True)
            device = Device(build.build_device_library(library, emulated=chosen.emulated))
            text, agrees = report(device, chosen.goldens, small=chosen.emulated)
        except (build.BuildError, FileNotFoundError, RuntimeError) as error:
            print(f"harness: {error}", file=sys.stderr)
            return 1
    print(text)
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
