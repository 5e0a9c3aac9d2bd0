"""Finds, builds and loads the library of a compiled operation when it is first used.

TFWSOL_CUSTOM_OPS says whether: ``auto`` (the default) takes the plain twin, with a warning
that says why, where the library cannot be had; ``require`` makes that an error; ``off`` always
takes the twin. TFWSOL_CACHE_DIR is where libraries are built that the installation lacks
(by default ``~/.cache/tfwsol``).
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

HERE = Path(__file__).resolve().parent
MODES = ("auto", "off", "require")


class CustomOpError(RuntimeError):
    """A compiled operation was required and cannot be had."""


def load(op: str) -> ModuleType | None:
    """The functions of an operation's library, or None where its twin has to serve.

    Raises:
        CustomOpError: TFWSOL_CUSTOM_OPS is ``require`` and there is no library.
        ValueError: TFWSOL_CUSTOM_OPS is none of auto, off and require.
    """
    mode = os.environ.get("TFWSOL_CUSTOM_OPS", "auto")
    if mode not in MODES:
        raise ValueError(f"TFWSOL_CUSTOM_OPS is one of {', '.join(MODES)}; got {mode!r}.")
    if mode == "off":
        return None
    found = _loaded_or_reason(op)
    if isinstance(found, ModuleType):
        return found
    if mode == "require":
        raise CustomOpError(
            f"The compiled operation {op} was required by TFWSOL_CUSTOM_OPS and cannot be had: "
            f"{found}."
        )
    _warn_once(op, found)
    return None


@cache
def _warn_once(op: str, reason: str) -> None:
    warnings.warn(
        f"The compiled operation {op} cannot be had ({reason}); its slower twin gives the same "
        "results. TFWSOL_CUSTOM_OPS=off silences this.",
        RuntimeWarning,
        stacklevel=4,
    )


@cache
def _loaded_or_reason(op: str) -> ModuleType | str:
    import tensorflow as tf

    build = build_program()
    known = build.TensorFlow(
        tf.__version__,
        tuple(tf.sysconfig.get_compile_flags()),
        tuple(tf.sysconfig.get_link_flags()),
    )
    try:
        return tf.load_op_library(str(located(op, known)))
    except (build.BuildError, OSError) as error:
        return str(error)
    except tf.errors.OpError as error:
        return f"TensorFlow does not load it: {error.message}"


def located(op: str, tensorflow: object) -> Path:
    """The library of an operation that fits a TensorFlow: installed, cached, or built now.

    Args:
        op: One of the build program's `OPS`.
        tensorflow: The build program's record of the TensorFlow that runs.

    Raises:
        BuildError: The build program's; it has to be built and cannot.
        OSError: The cache cannot be written.
    """
    build = build_program()
    wanted = build.stamp(op, tensorflow.version)
    installed = build.library_file(op, HERE)
    if build.is_current(installed, wanted):
        return installed
    directory = cache_directory() / f"tf{tensorflow.version}-{wanted['digest'][:16]}"
    cached = build.library_file(op, directory)
    if build.is_current(cached, wanted):
        return cached
    directory.mkdir(parents=True, exist_ok=True)
    with _alone(directory / f"{op}.lock"):
        if not build.is_current(cached, wanted):
            print(
                f"tfwsol: compiling {op} for TensorFlow {tensorflow.version} into {directory} "
                "(once, some 15 seconds).",
                file=sys.stderr,
            )
            build.build(op, directory, tensorflow)
    return cached


def cache_directory() -> Path:
    """$TFWSOL_CACHE_DIR, else ``tfwsol`` in the user's cache."""
    if chosen := os.environ.get("TFWSOL_CACHE_DIR"):
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tfwsol"


@cache
def build_program() -> ModuleType:
    """The module ``custom_ops/build.py``, also from a checkout that is not installed."""
    try:
        from tfwsol.custom_ops import build
    except ModuleNotFoundError:
        path = HERE.parent.parent / "custom_ops" / "build.py"
        spec = importlib.util.spec_from_file_location("tfwsol.custom_ops.build", path)
        build = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = build
        spec.loader.exec_module(build)
    return build


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Lets one process in at a time; the system frees the lock of one that died."""
    import fcntl

    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
