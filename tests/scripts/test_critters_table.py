import pytest
from absl import flags
from absl.testing import flagsaver

from tfwsol.flags import command
from tfwsol.flags.critters_table import table_from_flags
from tfwsol.scripts import critters_table


@pytest.fixture
def call(capsys):
    """Runs the command on arguments and gives its exit code and what it printed."""

    def run(*arguments):
        with flagsaver.flagsaver():
            argv = flags.FLAGS(["critters_table", *arguments])
            code = command.guarded(critters_table.main, argv)
        return code, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["more"], "Expected only --flags, but 'more' came."),
        (["--method=cam,scan"], "Expected methods out of "),
        (["--bodies=low"], "Expected --bodies as a list such as 0.45,0.70,0.90, but 'low' came."),
        (["--seeds=1.5"], "Expected --seeds as a list such as 0,1,2, but '1.5' came."),
        (["--seeds="], "Expected --seeds"),
        (["--method=random", "--bodies=1.5"], "body from 0 to 1"),
    ],
)
def test_mistakes_give_one_sentence(call, tmp_path, arguments, sentence):
    code, out, err = call(*arguments, f"--output_dir={tmp_path}")
    assert code == 1
    assert not out
    assert sentence in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_by_default_it_is_the_whole_table(tmp_path):
    with flagsaver.flagsaver():
        flags.FLAGS(["critters_table", f"--output_dir={tmp_path}"])
        options = table_from_flags()
    cells = options.cells()
    assert len(cells) == 3 * 3 * 9
    assert {cell.sizes["train_size"] for cell in cells} == {2000}
    assert options.csv == tmp_path / "critters.csv"
