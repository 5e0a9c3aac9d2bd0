import errno

import pytest
from absl import flags
from absl.testing import flagsaver

from tfwsol.flags import command


@pytest.fixture(autouse=True)
def parsed():
    with flagsaver.flagsaver():
        flags.FLAGS(["x.py"])
        yield


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ValueError("Expected one, but\n two came."), "Expected one, but two came."),
        (OSError(errno.ENOENT, "No such file", "/a/b"), "/a/b cannot be used (No such file); name"),
        (
            OSError(errno.ENOSPC, "No space", "/a/b"),
            "The disk is full ([Errno 28] No",
        ),
        (OSError("the run cannot be read"), "the run cannot be read"),
        (FloatingPointError("The loss became nan."), "The loss became nan."),
    ],
)
def test_what_is_foreseen_is_one_sentence(capsys, error, sentence):
    def main(argv):
        raise error

    assert command.guarded(main, ["scripts/x.py"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"x.py: {sentence}")
    assert err.count("\n") == 1


def test_what_is_not_foreseen_keeps_its_traceback():
    def main(argv):
        raise KeyError("x")

    with pytest.raises(KeyError):
        command.guarded(main, ["x.py"])


def test_an_interruption_says_how_to_go_on(capsys):
    def main(argv):
        raise KeyboardInterrupt

    assert command.guarded(main, ["x.py"]) == 130
    assert "run the same command again" in capsys.readouterr().err
