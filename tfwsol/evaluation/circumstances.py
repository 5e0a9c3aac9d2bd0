"""Where a number was made: the machine, its load, and the state of the code."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

from tfwsol.evaluation.provenance import versions

_UNKNOWN = "unknown"
_PACKAGE = Path(__file__).parents[1]


def circumstances() -> dict[str, str]:
    """Date, commit, machine and versions, under the names they have in the results file."""
    known = versions()
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit_of(_PACKAGE),
        "cpu": cpu_model(),
        "cores": str(usable_cores()),
        "load": f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else _UNKNOWN,
        **{name: known.get(name, _UNKNOWN) for name in ("python", "tensorflow", "keras", "numpy")},
        "tfwsol": known.get("tfwsol", _UNKNOWN),
    }


def usable_cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def cpu_model(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name as the system gives it."""
    if cpuinfo.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(), re.MULTILINE)
        if found:
            return found[1].strip()
    return platform.processor() or platform.machine() or _UNKNOWN


def commit_of(folder: Path) -> str:
    """The short commit a folder of a checkout stands at, "+dirty" where files in it differ.

    "unknown" outside a checkout, without git, and where the folder merely lies in a checkout of
    something else, as an installed package does in a project's virtual environment.
    """
    try:
        if not _git(folder, "ls-files", "--", "."):
            return _UNKNOWN
        commit = _git(folder, "rev-parse", "--short=10", "HEAD")
        return commit + ("+dirty" if _git(folder, "status", "--porcelain", "--", ".") else "")
    except (OSError, subprocess.CalledProcessError):
        return _UNKNOWN


def _git(folder: Path, *arguments: str) -> str:
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip()
