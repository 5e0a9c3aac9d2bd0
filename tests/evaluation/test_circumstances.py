import os
import subprocess
import sys

import pytest

from tfwsol.evaluation.benchmarks.result_table import COLUMNS
from tfwsol.evaluation.circumstances import circumstances, commit_of, cpu_model


def git(folder, *arguments):
    me = ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", "-C", folder, *me, *arguments], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    git(tmp_path, "init")
    package = tmp_path / "package"
    package.mkdir()
    (package / "a.py").write_text("x = 1\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    return package


def test_commit_of_a_checkout(checkout):
    commit = commit_of(checkout)
    assert git(checkout, "rev-parse", "HEAD").startswith(commit)
    assert len(commit) == 10


@pytest.mark.parametrize("changed", ["a.py", "new.py"])
def test_changes_of_the_package_make_it_dirty(checkout, changed):
    clean = commit_of(checkout)
    (checkout.parent / "results.csv").write_text("numbers\n")
    assert commit_of(checkout) == clean
    (checkout / changed).write_text("x = 2\n")
    assert commit_of(checkout) == f"{clean}+dirty"


def test_a_folder_that_merely_lies_in_a_checkout_has_no_commit(checkout):
    installed = checkout.parent / "site-packages"
    installed.mkdir()
    (installed / "b.py").write_text("x = 1\n")
    assert commit_of(installed) == "unknown"


def test_outside_a_checkout_and_without_git(tmp_path, checkout, monkeypatch):
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.fspath(tmp_path.parent))
    monkeypatch.setenv("PATH", "")
    assert commit_of(checkout) == "unknown"
    assert commit_of(tmp_path / "missing") == "unknown"


def test_cpu_model(tmp_path):
    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nmodel name\t: Abacus 3000 \nmodel name\t: other\n")
    assert cpu_model(file) == "Abacus 3000"
    assert cpu_model(tmp_path / "none")


def test_circumstances_end_the_columns():
    found = circumstances()
    assert list(found) == COLUMNS[-len(found) :]
    assert all(isinstance(value, str) and value for value in found.values())
    assert found["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}")
    assert int(found["cores"]) >= 1
