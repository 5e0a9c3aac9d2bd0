"""Where a number comes from: versions of what made it."""

from __future__ import annotations

import platform
from importlib import metadata

_PACKAGES = ("tfwsol", "tensorflow", "keras", "numpy", "opencv-python")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide a result; absent ones are left out."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
