import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_voc.picture_list import read_list


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2007_000033\n\n2007_000032", {"2007_000033": (), "2007_000032": ()}),
        ("/JPEGImages/2007_000032.jpg /SegmentationClassAug/2007_000032.png", {"2007_000032": ()}),
        ("2007_000032 14 0 14\r\n", {"2007_000032": (0, 14)}),
        ("", {}),
    ],
)
def test_every_form(text, expected):
    found = read_list(text, "list.txt")
    assert found == expected
    assert list(found) == list(expected)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2007_32", "line 2: expected the name of a picture"),
        ("2007_000032 20", "classes from 0 to 19; got '2007_000032 20'"),
        ("2007_000032 -1", "line 2: expected"),
        ("2007_000033", "line 2: 2007_000033 is listed twice"),
    ],
)
def test_a_wrong_line_is_named(line, message):
    with pytest.raises(SourceError, match=f"^list.txt, .*{message}|^list.txt, {message}"):
        read_list(f"2007_000033\n{line}", "list.txt")
