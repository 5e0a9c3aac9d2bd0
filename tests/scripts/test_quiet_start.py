import os
import pathlib
import subprocess
import sys

import pytest

FOLDER = pathlib.Path(__file__).parents[2] / "scripts"
COMMANDS = sorted(
    file.name for file in FOLDER.glob("*.py") if file.name not in ("__init__.py", "quiet_start.py")
)


def run(command, *options):
    # A user has no such level; the tests have one.
    environment = {k: v for k, v in os.environ.items() if k != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.run(
        [sys.executable, *options, FOLDER / command],
        capture_output=True,
        text=True,
        env=environment,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_where_nothing_is_installed_it_says_how_to_set_up(command):
    found = run(command, "-E", "-S")
    assert found.returncode == 1
    assert "make setup" in found.stderr
    assert found.stderr.count("\n") == 1


def test_the_one_sentence_of_a_command_is_all_there_is():
    found = run("evaluate.py")
    assert found.returncode == 1
    assert found.stdout == ""
    assert found.stderr.startswith("evaluate.py: Expected the images")
    assert found.stderr.count("\n") == 1
