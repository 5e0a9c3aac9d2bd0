"""Where libraries come from. A stand-in for the compiler keeps these tests fast."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tfwsol.ops import box_sweep, box_sweep_twin, library

build = library.build_program()
TENSORFLOW = build.TensorFlow("2.99.0", ("-DONE",), ("-ltwo",))
FAKE = f"""#!{sys.executable}
import pathlib, sys, time
time.sleep(0.2)
target = pathlib.Path(sys.argv[sys.argv.index("-o") + 1])
target.write_text(" ".join(sys.argv[1:]))
with open({{log!r}}, "a") as log:
    log.write("compiled\\n")
"""


@pytest.fixture
def compiler(tmp_path, monkeypatch):
    """A compiler that only notes that it was called; `compiler()` says how often."""
    log, program = tmp_path / "log", tmp_path / "fake++"
    program.write_text(FAKE.format(log=str(log)))
    program.chmod(0o755)
    monkeypatch.setenv("CXX", str(program))
    return lambda: log.read_text().count("compiled") if log.exists() else 0


@pytest.fixture(autouse=True)
def nowhere(tmp_path, monkeypatch):
    """Neither an installed nor a cached library, and nothing remembered."""
    monkeypatch.setattr(library, "HERE", tmp_path / "installed")
    monkeypatch.setenv("TFWSOL_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "auto")
    library._loaded_or_reason.cache_clear()
    library._warn_once.cache_clear()
    yield
    library._loaded_or_reason.cache_clear()
    library._warn_once.cache_clear()


def no_compiler(monkeypatch, tmp_path):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def located():
    return library.located("box_sweep", TENSORFLOW)


def example():
    rng = np.random.default_rng(0)
    levels = np.arange(0, 250, 25, dtype=np.int32)[None]
    return rng.integers(0, 256, (1, 9, 9), dtype=np.uint8), levels, True


def test_off_takes_the_twin_without_a_word(monkeypatch, tmp_path):
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "off")
    no_compiler(monkeypatch, tmp_path)
    assert library.load("box_sweep") is None
    np.testing.assert_array_equal(box_sweep(*example())[0], box_sweep_twin(*example())[0])


def test_auto_takes_the_twin_with_one_sentence(monkeypatch, tmp_path, recwarn):
    no_compiler(monkeypatch, tmp_path)
    with pytest.warns(RuntimeWarning, match=r"cannot be had \(no C\+\+ compiler .* PATH\); its"):
        found = box_sweep(*example())
    np.testing.assert_array_equal(found[0], box_sweep_twin(*example())[0])
    box_sweep(*example())
    assert not recwarn.list


def test_require_without_a_compiler_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "require")
    no_compiler(monkeypatch, tmp_path)
    with pytest.raises(library.CustomOpError, match=r"box_sweep was required .* no C\+\+ compiler"):
        box_sweep(*example())


def test_another_mode_is_refused(monkeypatch):
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "on")
    with pytest.raises(ValueError, match="one of auto, off, require; got 'on'"):
        library.load("box_sweep")


def test_a_library_that_does_not_load_is_a_reason(monkeypatch, compiler):
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "require")
    with pytest.raises(library.CustomOpError, match=r"does not load it: .*_box_sweep\.so"):
        library.load("box_sweep")
    assert compiler() == 1


def test_a_cache_that_cannot_be_written_is_a_reason(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("TFWSOL_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setenv("TFWSOL_CUSTOM_OPS", "require")
    with pytest.raises(library.CustomOpError, match="Not a directory"):
        library.load("box_sweep")


def test_it_is_built_once_with_one_line_of_notice(compiler, capsys, tmp_path):
    path = located()
    assert path.parent.parent == tmp_path / "cache"
    assert path.parent.name.startswith("tf2.99.0-")
    words = path.read_text().split()
    assert {"-DONE", "-ltwo", "-shared"} <= set(words)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "compiling box_sweep for TensorFlow 2.99.0" in said.err
    assert located() == path
    assert compiler() == 1
    assert capsys.readouterr().err == ""


def test_of_many_at_once_one_builds(compiler, capsys):
    with ThreadPoolExecutor(4) as pool:
        paths = set(pool.map(lambda _: located(), range(4)))
    assert len(paths) == 1
    assert compiler() == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_stale_stamp_is_built_again(compiler):
    path = located()
    note = path.with_suffix(".json")
    stamp = json.loads(note.read_text())
    note.write_text(json.dumps({**stamp, "digest": "0" * 64}))
    assert located() == path
    assert json.loads(note.read_text()) == stamp
    assert compiler() == 2


def test_a_library_without_its_stamp_is_built_again(compiler):
    located().with_suffix(".json").unlink()
    located()
    assert compiler() == 2


def test_an_installed_library_comes_first(compiler):
    installed = build.build("box_sweep", library.HERE, TENSORFLOW)
    assert located() == installed
    assert compiler() == 1


def test_an_installed_library_for_another_tensorflow_is_passed_over(compiler):
    other = build.TensorFlow("2.98.0", (), ())
    installed = build.build("box_sweep", library.HERE, other)
    assert located() != installed
    assert compiler() == 2


def test_the_cache_is_the_user_s_unless_said(monkeypatch, tmp_path):
    monkeypatch.delenv("TFWSOL_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert library.cache_directory() == tmp_path / "tfwsol"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert library.cache_directory() == tmp_path / ".cache" / "tfwsol"
