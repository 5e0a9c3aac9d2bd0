"""Compiles the custom operations with a plain C++ compiler; needs the standard library only.

    python custom_ops/build.py [DIRECTORY]

writes ``_<op>.so`` and ``_<op>.json`` of every operation to the directory (without one, to
``tfwsol/ops`` of the checkout). setup.py and `tfwsol.ops.library` use the same functions.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
OPS = ("box_sweep", "top_down_gating")
"""Each is a folder here whose ``<op>.cc`` registers it."""

# -w: TensorFlow's own headers print pages. No fused multiplications: results then do not depend
# on the processor.
OPTIONS = ("-O3", "-w", "-fPIC", "-shared", "-ffp-contract=off")

_ASK = """
import json, tensorflow as tf
print(json.dumps([tf.__version__, tf.sysconfig.get_compile_flags(), tf.sysconfig.get_link_flags()]))
"""


class BuildError(RuntimeError):
    """An operation could not be built; the message is one sentence that says why."""


@dataclasses.dataclass(frozen=True)
class TensorFlow:
    """What a build has to know of the TensorFlow that will load its result."""

    version: str
    compile_flags: tuple[str, ...]
    link_flags: tuple[str, ...]


def installed_tensorflow() -> TensorFlow:
    """The TensorFlow of this Python, asked in a process of its own.

    pip builds in a throw-away environment, which it puts in front by PYTHONPATH; the process
    does without and meets the environment that the package is installed into.
    """
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["TF_CPP_MIN_LOG_LEVEL"] = "3"
    with tempfile.TemporaryDirectory() as elsewhere:
        answer = subprocess.run(
            [sys.executable, "-c", _ASK],
            env=environment,
            cwd=elsewhere,
            capture_output=True,
            text=True,
            check=False,
        )
    if answer.returncode != 0:
        last = (answer.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BuildError(f"TensorFlow cannot be imported ({last})")
    version, compile_flags, link_flags = json.loads(answer.stdout.strip().splitlines()[-1])
    return TensorFlow(version, tuple(compile_flags), tuple(link_flags))


def stamp(op: str, version: str) -> dict[str, str]:
    """What a library is good for: a TensorFlow version, a machine, a state of the sources."""
    digest = hashlib.sha256(" ".join(OPTIONS).encode())
    for file in sorted((SOURCES / op).iterdir()):
        if file.suffix in {".cc", ".h"}:
            digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return {
        "tensorflow": version,
        "machine": f"{platform.system()}-{platform.machine()}",
        "digest": digest.hexdigest(),
    }


def library_file(op: str, directory: Path) -> Path:
    """Where the library of an operation stands in a directory."""
    return Path(directory) / f"_{op}.so"


def is_current(library: Path, wanted: dict[str, str]) -> bool:
    """Whether a library is there and the stamp beside it is the wanted one."""
    note = library.with_suffix(".json")
    return library.is_file() and note.is_file() and note.read_text() == json.dumps(wanted)


def build(op: str, directory: Path, tensorflow: TensorFlow) -> Path:
    """Compiles one operation and gives the library's path; both files appear whole or not at all.

    Raises:
        BuildError: There is no compiler, or it refuses.
    """
    library = library_file(op, directory)
    note = library.with_suffix(".json")
    Path(directory).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{op}-", dir=directory) as scratch:
        made, said = Path(scratch) / library.name, Path(scratch) / note.name
        _compile(op, made, tensorflow)
        said.write_text(json.dumps(stamp(op, tensorflow.version)))
        note.unlink(missing_ok=True)  # an old stamp must never stand beside a new library
        os.replace(made, library)
        os.replace(said, note)
    return library


def _compile(op: str, target: Path, tensorflow: TensorFlow) -> None:
    command = [
        *_compiler(),
        *OPTIONS,
        *tensorflow.compile_flags,
        str(SOURCES / op / f"{op}.cc"),
        "-o",
        str(target),
        *tensorflow.link_flags,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        wrong = next((line for line in lines if "error" in line), lines[-1])
        raise BuildError(f"{command[0]} could not compile it ({wrong.strip()})")


def _compiler() -> list[str]:
    """The command in $CXX, else the first compiler on the PATH."""
    chosen = shlex.split(os.environ.get("CXX", ""))
    names = chosen[:1] or ["g++", "clang++", "c++"]
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        where = f"$CXX names {names[0]!r}, which is not" if chosen else "no C++ compiler (g++) is"
        raise BuildError(f"{where} on the PATH")
    return [found, *chosen[1:]]


def main(arguments: list[str]) -> int:
    """Builds every operation and prints where it went; 1 when one could not be built."""
    directory = Path(*arguments[:1] or [SOURCES.parent / "tfwsol" / "ops"])
    try:
        tensorflow = installed_tensorflow()
        for op in OPS:
            print(f"{build(op, directory, tensorflow)} for TensorFlow {tensorflow.version}")
    except BuildError as error:
        print(f"custom_ops/build.py: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
