"""Compiles the custom operations with a plain C++ compiler; needs the standard library only.

    python custom_ops/build.py [DIRECTORY]

writes ``_<op>.so`` and ``_<op>.json`` of every operation to the directory (without one, to
``tfwsol/ops`` of the checkout). setup.py and `tfwsol.ops.library` use the same functions.

Where nvcc is found (in $CUDA_HOME/bin, else on the PATH), kernels for the GPU are built into the
same library, which then still loads on machines without CUDA. TFWSOL_CUDA says whether:
``auto`` (the default), ``off``, or ``require``, which makes it an error when they cannot be.
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
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
OPS = ("box_sweep", "top_down_gating")
"""Each is a folder here whose ``<op>.cc`` registers it; ``<op>.cu`` holds its GPU kernels."""

# -w: TensorFlow's own headers print pages. No fused multiplications: results then do not depend
# on the processor.
OPTIONS = ("-O3", "-w", "-fPIC", "-shared", "-ffp-contract=off")
GPU_OPTIONS = ("-std=c++17", "-O3", "-fmad=false", "-w", "-Xcompiler", "-fPIC")
EMULATION_OPTIONS = ("-x", "c++", "-std=c++17", "-O2", "-fPIC", "-shared", "-ffp-contract=off")

GPU_KINDS = ("60", "70", "75", "80", "90")
"""Compute capabilities with code of their own; newer devices translate that of the last."""

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


@dataclasses.dataclass(frozen=True)
class GpuCompiler:
    """An nvcc, the compute capabilities that it is asked for, and where its runtime stands."""

    command: str
    kinds: tuple[str, ...]
    libraries: Path

    def code_flags(self) -> list[str]:
        """Machine code for every kind, and code to be translated for newer ones."""
        pairs = [f"arch=compute_{kind},code=sm_{kind}" for kind in self.kinds]
        pairs.append(f"arch=compute_{self.kinds[-1]},code=compute_{self.kinds[-1]}")
        return [flag for pair in pairs for flag in ("-gencode", pair)]


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
    digest = hashlib.sha256(" ".join(OPTIONS + GPU_OPTIONS + GPU_KINDS).encode())
    for file in sorted((SOURCES / op).iterdir()):
        if file.suffix in {".cc", ".cu", ".h"}:
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
    """Whether a library is there and the note beside it agrees with the wanted stamp."""
    note = library.with_suffix(".json")
    return library.is_file() and note.is_file() and wanted.items() <= _note(note).items()


def _note(file: Path) -> dict[str, str]:
    try:
        note = json.loads(file.read_text())
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}  # whatever that is, it is not of this program


def build(op: str, directory: Path, tensorflow: TensorFlow) -> Path:
    """Compiles one operation and gives the library's path; both files appear whole or not at all.

    The note beside the library says in ``gpu`` which devices it has kernels for, or why none.

    Raises:
        BuildError: There is no compiler, or it refuses; or TFWSOL_CUDA requires GPU kernels and
            they cannot be built.
    """
    library = library_file(op, directory)
    note = library.with_suffix(".json")
    Path(directory).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{op}-", dir=directory) as scratch:
        made, said = Path(scratch) / library.name, Path(scratch) / note.name
        gpu = _compile_op(op, made, tensorflow)
        said.write_text(json.dumps(stamp(op, tensorflow.version) | {"gpu": gpu}))
        note.unlink(missing_ok=True)  # an old stamp must never stand beside a new library
        os.replace(made, library)
        os.replace(said, note)
    return library


def gpu_compiler() -> GpuCompiler:
    """The nvcc of this machine.

    Raises:
        BuildError: There is none, TFWSOL_CUDA is ``off``, or it is incomplete.
    """
    if os.environ.get("TFWSOL_CUDA") == "off":
        raise BuildError("TFWSOL_CUDA is off")
    home = os.environ.get("CUDA_HOME")
    found = shutil.which("nvcc", path=str(Path(home) / "bin") if home else None)
    if found is None:
        raise BuildError(f"no nvcc {f'in {home}/bin ($CUDA_HOME)' if home else 'on the PATH'}")
    known = _run([found, "--list-gpu-arch"]).stdout.split()
    kinds = tuple(kind for kind in GPU_KINDS if f"compute_{kind}" in known)
    # It prints the assignments it would start with, of them where it stands itself.
    lines = _run([found, "--dryrun", "-x", "cu", "-c", os.devnull]).stderr.splitlines()
    top = next((line.split("TOP=")[1].strip() for line in lines if "TOP=" in line), ".")
    places = [
        Path(top, *part) for part in (("lib64",), ("targets", "x86_64-linux", "lib"), ("lib",))
    ]
    libraries = next((place for place in places if (place / "libcudart_static.a").is_file()), None)
    if not kinds or libraries is None:
        lacking = "libcudart_static.a" if kinds else "any of the compute capabilities we build for"
        raise BuildError(f"{found} comes without {lacking}")
    return GpuCompiler(found, kinds, libraries)


def build_device_library(target: Path, emulated: bool = False) -> Path:
    """Compiles the gating kernels alone, without TensorFlow, and gives the library's path.

    Args:
        target: The library to write.
        emulated: For the CPU with a plain compiler, which emulates a device; else with nvcc.

    Raises:
        BuildError: The compiler is missing or refuses.
    """
    source = str(SOURCES / "top_down_gating" / "device_library.cu")
    if emulated:
        command = [*_compiler(), *EMULATION_OPTIONS, source]
    else:
        nvcc = gpu_compiler()
        command = [nvcc.command, *GPU_OPTIONS, *nvcc.code_flags(), "-shared", "-cudart", "static"]
        command += ["--threads", "0", source]
    with tempfile.TemporaryDirectory(dir=Path(target).parent) as scratch:
        made = Path(scratch) / Path(target).name
        _run([*command, "-o", str(made)])
        os.replace(made, target)
    return Path(target)


def build_plain_library(source: Path, target: Path) -> Path:
    """Compiles C++ that needs no TensorFlow with the operations' options; gives the library's path.

    Raises:
        BuildError: There is no compiler, or it refuses.
    """
    _run([*_compiler(), "-std=c++17", *OPTIONS, str(source), "-o", str(target)])
    return Path(target)


def _compile_op(op: str, target: Path, tensorflow: TensorFlow) -> str:
    """Compiles with GPU kernels where that works, else without; says which."""
    if not (SOURCES / op / f"{op}.cu").is_file():
        _compile(op, target, tensorflow)
        return "none: it has no GPU kernels"
    try:
        nvcc = gpu_compiler()
        _compile_with_gpu(op, target, tensorflow, nvcc)
        return " ".join(f"sm_{kind}" for kind in nvcc.kinds) + f" compute_{nvcc.kinds[-1]}"
    except BuildError as error:
        if os.environ.get("TFWSOL_CUDA") == "require":
            raise BuildError(f"GPU kernels are required by TFWSOL_CUDA and {error}") from error
        _compile(op, target, tensorflow)
        return f"none: {error}"


def _compile(op: str, target: Path, tensorflow: TensorFlow) -> None:
    command = [*_compiler(), *OPTIONS, *tensorflow.compile_flags, str(SOURCES / op / f"{op}.cc")]
    _run([*command, "-o", str(target), *tensorflow.link_flags])


def _compile_with_gpu(op: str, target: Path, tensorflow: TensorFlow, nvcc: GpuCompiler) -> None:
    compiler, source = _compiler(), SOURCES / op / op
    flags = [option for option in OPTIONS if option != "-shared"]
    host, device = target.with_suffix(".host.o"), target.with_suffix(".device.o")
    for_device = [nvcc.command, *GPU_OPTIONS, *nvcc.code_flags(), "--threads", "0"]
    for_host = [*compiler, *flags, *tensorflow.compile_flags, "-DTFWSOL_WITH_GPU"]
    commands = [
        [*for_device, "-c", f"{source}.cu", "-o", str(device)],
        [*for_host, "-c", f"{source}.cc", "-o", str(host)],
    ]
    with ThreadPoolExecutor() as both:
        list(both.map(_run, commands))
    # CUDA's runtime comes in whole and before TensorFlow's libraries, which on some machines
    # bring one of another version.
    runtime = [f"-L{nvcc.libraries}", "-lcudart_static", "-Wl,--exclude-libs,libcudart_static.a"]
    system = ["-ldl", "-lrt", "-lpthread"]
    command = [*compiler, "-shared", str(host), str(device), "-o", str(target), *runtime]
    _run([*command, *tensorflow.link_flags, *system])


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or ["no reason given"]
        wrong = next((line for line in lines if "error" in line), lines[-1])
        raise BuildError(f"{command[0]} could not compile it ({wrong.strip()})")
    return done


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
            library = build(op, directory, tensorflow)
            gpu = _note(library.with_suffix(".json"))["gpu"]
            print(f"{library} for TensorFlow {tensorflow.version}, GPU: {gpu}")
    except BuildError as error:
        print(f"custom_ops/build.py: {error}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
