import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_imagenet.renamed_files import read_renamed

HASH = "0af3f1b55de791c4144e2fb6d7dfe96dfc22d3fc"


@pytest.mark.parametrize(
    "line",
    [
        f"0/3.jpeg 0/{HASH}.jpeg",
        f"val2/0/3.jpeg,imagenetv2-threshold0.7-format-val/0/{HASH}.jpeg",
        f"0/{HASH}.jpeg\t0/3.jpeg",
    ],
)
def test_either_order_and_any_folder_above(tmp_path, line):
    (tmp_path / "mapping.txt").write_text(line + "\n1/0.jpeg 1/ab.jpeg\n")
    found = read_renamed(tmp_path / "mapping.txt")
    assert found == {"0/3.jpeg": f"0/{HASH}.jpeg", "1/0.jpeg": "1/ab.jpeg"}


@pytest.mark.parametrize(
    "line", ["0/3.jpeg", "3.jpeg 0/ab.jpeg", "0/ab.jpeg 0/cd.jpeg", "0/0.jpeg 0/ef.jpeg", "1 2 3"]
)
def test_another_line_is_named(tmp_path, line):
    (tmp_path / "mapping.txt").write_text(f"0/0.jpeg 0/ab.jpeg\n{line}")
    with pytest.raises(SourceError, match=r"mapping.txt, line 2: expected an old and a new name"):
        read_renamed(tmp_path / "mapping.txt")
