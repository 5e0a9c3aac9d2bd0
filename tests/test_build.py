"""Keeps the Bazel file true: Bazel itself is rarely at hand."""

import shutil
import subprocess
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path, PurePosixPath

import pytest

from bazel_file import BazelFile
from import_floors import FACADE, imported_unit, imports_of, sources

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def build():
    return BazelFile(ROOT / "BUILD")


def needed(build, name):
    """The targets that the files of a target import."""
    files = [file for file in build.source_files(name) if file.endswith(".py")]
    modules = {
        module
        for file in files
        for _, module in imports_of((ROOT / file).read_text(), PurePosixPath(file))
    }
    return {target_of(module) for module in modules} - {None, name}


def target_of(module):
    """Who imports the facade may ask it for all, unless it is only for the version."""
    if module == "tfwsol.__version__":
        return "facade"
    unit = imported_unit(module)
    return "tfwsol" if unit == FACADE else unit


def dependencies(target):
    return {label.removeprefix(":") for label in target.get("deps", [])}


def test_names_are_unique_and_rules_are_loaded(build):
    assert build.repeated == 0
    assert {"py_library", "py_test"} <= build.loaded


def test_every_file_named_exists(build):
    for name, target in build.targets.items():
        for file in [*target.get("srcs", []), *target.get("data", [])]:
            assert (ROOT / build.made.get(file, file)).is_file(), f"{name}: {file}"


def test_every_package_file_is_in_one_library(build):
    covered = Counter(
        file for name in build.rules("py_library") for file in build.source_files(name)
    )
    assert set(covered) == {str(file) for file in sources(ROOT)}
    assert set(covered.values()) == {1}


def test_every_dependency_is_a_library(build):
    for name, target in build.targets.items():
        assert dependencies(target) <= set(build.rules("py_library")), name


def test_libraries_list_what_they_import(build):
    libraries = build.rules("py_library")
    for name in set(libraries) - {"tfwsol"}:
        assert dependencies(libraries[name]) == needed(build, name), f"deps of py_library {name!r}"


def test_the_whole_package_depends_on_every_library_below_it(build):
    libraries = set(build.rules("py_library"))
    assert dependencies(build.targets["tfwsol"]) == libraries - {"tfwsol", "flags", "scripts"}


def test_no_target_needs_itself(build):
    graph = {name: dependencies(target) for name, target in build.rules("py_library").items()}
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)


def test_tests_list_what_they_import(build):
    assert build.rules("py_test")
    for name, target in build.rules("py_test").items():
        assert dependencies(target) == needed(build, name), f"deps of py_test {name!r}"


def test_the_reader_sees_globs_copies_and_mistakes(tmp_path):
    (tmp_path / "tfwsol" / "boxes").mkdir(parents=True)
    (tmp_path / "tfwsol" / "boxes" / "a.py").touch()
    (tmp_path / "BUILD").write_text(
        'load("@rules_python//python:defs.bzl", "py_library")\n'
        'genrule(name = "copy", srcs = ["flags/a.py"], outs = ["tfwsol/flags/a.py"])\n'
        'py_library(name = "boxes", srcs = glob(["tfwsol/boxes/**/*.py"]))\n'
        'py_library(name = "boxes", srcs = ["tfwsol/flags/a.py"], deps = [":boxes"])\n'
    )
    found = BazelFile(tmp_path / "BUILD")
    assert found.repeated == 1
    assert found.loaded == {"py_library"}
    assert found.source_files("boxes") == ["flags/a.py"]
    (tmp_path / "BUILD").write_text('py_library(name = "x", srcs = glob(["nothing/*.py"]))\n')
    with pytest.raises(ValueError, match="matches no file"):
        BazelFile(tmp_path / "BUILD")


def test_check_build_runs_with_what_is_on_the_path():
    run = subprocess.run(["bash", ROOT / "scripts/check_build.sh"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    for tool in ("buildifier", "bazel"):
        said = "left out" if shutil.which(tool) is None else "clean" if tool[1] == "u" else "passed"
        assert any(said in line for line in run.stdout.splitlines() if line.startswith(tool))
