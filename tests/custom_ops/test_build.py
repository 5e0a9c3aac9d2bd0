import json
import shutil
import stat
import sys

import pytest

from tfwsol.custom_ops import build

TENSORFLOW = build.TensorFlow("2.99.0", (), ())


@pytest.fixture
def sources(tmp_path, monkeypatch):
    """A copy of the sources that a test may change."""
    copy = tmp_path / "custom_ops"
    shutil.copytree(build.SOURCES, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    monkeypatch.setattr(build, "SOURCES", copy)
    return copy


def program(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_every_operation_has_its_source():
    folders = {path.parent.name for path in build.SOURCES.glob("*/*.cc")}
    assert folders == set(build.OPS)
    assert all((build.SOURCES / op / f"{op}.cc").is_file() for op in build.OPS)


def test_the_stamp_follows_sources_version_and_options(sources, monkeypatch):
    before = build.stamp("box_sweep", "2.21.0")
    assert build.stamp("box_sweep", "2.21.0") == before
    assert build.stamp("box_sweep", "2.20.0") != before
    header = sources / "box_sweep" / "neighbours.h"
    text = header.read_text()
    header.write_text(text + "//")
    assert build.stamp("box_sweep", "2.21.0") != before
    header.write_text(text)
    assert build.stamp("box_sweep", "2.21.0") == before
    (sources / "box_sweep" / "notes.txt").write_text("of no effect")
    assert build.stamp("box_sweep", "2.21.0") == before
    monkeypatch.setattr(build, "OPTIONS", ("-O0",))
    assert build.stamp("box_sweep", "2.21.0") != before


def test_a_refusal_is_one_sentence_and_leaves_nothing(tmp_path, monkeypatch):
    said = "echo 'note: here' >&2; echo 'x.cc:7: error: no such thing' >&2; exit 1"
    compiler = program(tmp_path / "cxx", said)
    monkeypatch.setenv("CXX", str(compiler))
    with pytest.raises(build.BuildError, match=r"could not compile it \(x\.cc:7: error: no such"):
        build.build("box_sweep", tmp_path / "out", TENSORFLOW)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_refusal_keeps_what_was_there(tmp_path, monkeypatch):
    library = tmp_path / "_box_sweep.so"
    library.write_text("old")
    monkeypatch.setenv("CXX", str(program(tmp_path / "cxx", "exit 1")))
    with pytest.raises(build.BuildError, match="no reason given"):
        build.build("box_sweep", tmp_path, TENSORFLOW)
    assert library.read_text() == "old"


def test_cxx_names_the_compiler_and_its_options(tmp_path, monkeypatch):
    compiler = program(tmp_path / "cxx", 'while [ "$1" != -o ]; do shift; done; echo "$0" >"$2"')
    monkeypatch.setenv("CXX", f"{compiler} -march=native")
    library = build.build("box_sweep", tmp_path / "out", TENSORFLOW)
    assert library.read_text().strip() == str(compiler)
    assert json.loads(library.with_suffix(".json").read_text())["tensorflow"] == "2.99.0"
    assert build.is_current(library, build.stamp("box_sweep", "2.99.0"))
    assert not build.is_current(library, build.stamp("box_sweep", "2.98.0"))


def test_a_compiler_that_is_not_there_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler -O9")
    with pytest.raises(build.BuildError, match="names 'no-such-compiler', which is not on the"):
        build.build("box_sweep", tmp_path, TENSORFLOW)


def test_tensorflow_is_asked_for_its_flags(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    import tensorflow as tf

    found = build.installed_tensorflow()
    assert found.version == tf.__version__
    assert list(found.compile_flags) == tf.sysconfig.get_compile_flags()
    assert list(found.link_flags) == tf.sysconfig.get_link_flags()


def test_without_tensorflow_nothing_is_built(tmp_path, monkeypatch, capsys):
    python = program(tmp_path / "python", "echo \"No module named 'tensorflow'\" >&2; exit 1")
    monkeypatch.setattr(sys, "executable", str(python))
    assert build.main([str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert said == (
        "custom_ops/build.py: TensorFlow cannot be imported (No module named 'tensorflow').\n"
    )


@pytest.fixture
def gpu_sources(sources):
    """An operation of two files, whose GPU half an nvcc of ours compiles."""
    (sources / "some_op").mkdir()
    for suffix in ("cc", "cu"):
        (sources / "some_op" / f"some_op.{suffix}").write_text("")
    return sources


@pytest.fixture
def compilers(tmp_path, monkeypatch):
    """Stand-ins that write their arguments into what they make; nvcc can be made to refuse."""
    folder = tmp_path / "cuda" / "bin"
    folder.mkdir(parents=True)
    (tmp_path / "cuda" / "lib64").mkdir()
    (tmp_path / "cuda" / "lib64" / "libcudart_static.a").write_text("")
    write = 'all="$0 $*"; while [ "$1" != -o ]; do shift; done; echo "$all" >"$2"'
    monkeypatch.setenv("CXX", str(program(tmp_path / "cxx", write)))
    about = f"""case "$1" in
--list-gpu-arch) echo compute_75; echo compute_80; echo compute_90; echo compute_120; exit;;
--dryrun) echo '#$ TOP={folder}/..' >&2; exit;;
esac
[ ! -e {tmp_path}/refuse ] || {{ echo 'k.cu(1): error: no' >&2; exit 2; }}"""
    program(folder / "nvcc", f"{about}\n{write}")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.delenv("TFWSOL_CUDA", raising=False)
    monkeypatch.delenv("CUDA_HOME", raising=False)
    return tmp_path


def built(compilers):
    library = build.build("some_op", compilers / "out", TENSORFLOW)
    return library.read_text(), json.loads(library.with_suffix(".json").read_text())["gpu"]


@pytest.mark.usefixtures("gpu_sources")
def test_with_nvcc_the_library_holds_kernels_for_gpus(compilers):
    command, gpu = built(compilers)
    assert gpu == "sm_75 sm_80 sm_90 compute_90"
    assert command.index("-lcudart_static") < command.index("-ldl")
    library = compilers / "out" / "_some_op.so"
    assert build.is_current(library, build.stamp("some_op", "2.99.0"))


@pytest.mark.usefixtures("gpu_sources")
def test_an_nvcc_that_refuses_leaves_the_gpu_out_and_says_so(compilers, monkeypatch):
    (compilers / "refuse").write_text("")
    command, gpu = built(compilers)
    assert gpu.startswith("none: ")
    assert "k.cu(1): error: no" in gpu
    assert "cudart" not in command
    monkeypatch.setenv("TFWSOL_CUDA", "require")
    with pytest.raises(build.BuildError, match=r"required by TFWSOL_CUDA and .*k\.cu\(1\)"):
        built(compilers)


@pytest.mark.usefixtures("gpu_sources")
def test_the_gpu_can_be_switched_off_or_sought_elsewhere(compilers, monkeypatch):
    monkeypatch.setenv("CUDA_HOME", str(compilers / "nowhere"))
    assert built(compilers)[1] == f"none: no nvcc in {compilers}/nowhere/bin ($CUDA_HOME)"
    monkeypatch.setenv("CUDA_HOME", str(compilers / "cuda"))
    assert built(compilers)[1].startswith("sm_75 ")
    monkeypatch.setenv("TFWSOL_CUDA", "off")
    assert built(compilers)[1] == "none: TFWSOL_CUDA is off"


def test_an_nvcc_without_its_runtime_is_not_used(compilers):
    (compilers / "cuda" / "lib64" / "libcudart_static.a").unlink()
    with pytest.raises(build.BuildError, match="comes without libcudart_static"):
        build.gpu_compiler()


def test_a_note_that_is_no_note_is_not_current(tmp_path):
    library = tmp_path / "_box_sweep.so"
    library.write_text("")
    for text in ("", "[1, 2]", "7", "{}"):
        library.with_suffix(".json").write_text(text)
        assert not build.is_current(library, build.stamp("box_sweep", "2.99.0"))


def test_the_stamp_follows_the_kernels_for_gpus(sources):
    before = build.stamp("top_down_gating", "2.21.0")
    kernels = sources / "top_down_gating" / "top_down_gating.cu"
    kernels.write_text(kernels.read_text() + "//")
    assert build.stamp("top_down_gating", "2.21.0") != before
