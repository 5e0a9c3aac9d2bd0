import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_folder.annotation import Annotation
from tfwsol.data.wsol_folder.csv_boxes import read_csv


def read(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "boxes.csv"
    path.write_bytes(text.encode(encoding))
    return list(read_csv(path))


def test_rows(tmp_path):
    text = 'image,x0,y0,x1,y1\n"a, b/1.jpg",1,2,3.5,4\n\na/2.jpg,,,,\na/2.jpg, 0,0, 9,9\n'
    assert read(tmp_path, text) == [
        Annotation("a, b/1.jpg", (1, 2, 3.5, 4)),
        Annotation("a/2.jpg"),
        Annotation("a/2.jpg", (0, 0, 9, 9)),
    ]


def test_columns_may_have_any_order_and_name_classes(tmp_path):
    text = "label,image,x1,x0,y1,y0\r\ncat,1.jpg,3,1,4,2\r\n"
    expected = [Annotation("1.jpg", (1, 2, 3, 4), "cat")]
    assert read(tmp_path, text, "utf-8-sig") == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected the header image,x0,y0,x1,y1 or"),
        ("image,x,y,w,h\n", "line 1: expected the header .*got 'image,x,y,w,h'"),
        ("image;x0;y0;x1;y1\n", "line 1: expected the header"),
        ("image,x0,y0,x1,y1\na,1,2,3\n", "line 2: expected 5 fields; got 4"),
        ("image,x0,y0,x1,y1\na,1,2,3,4\na,1,2,x,4\n", "line 3: a box is four numbers"),
        ("image,x0,y0,x1,y1\na,1,2,,4\n", "line 2: a box is four numbers"),
        ("image,x0,y0,x1,y1\na,5,2,3,4\n", "line 2: a box is 0 <= x0 <= x1"),
        ("image,x0,y0,x1,y1\na,nan,2,3,4\n", "line 2: a box is 0 <= x0 <= x1"),
        ("image,x0,y0,x1,y1\n,1,2,3,4\n", "line 2: the image or the label is empty"),
        ("image,x0,y0,x1,y1,label\na,1,2,3,4,\n", "line 2: the image or the label is empty"),
        ('image,x0,y0,x1,y1\n"a,1,2,3,4\n', "is not a comma-separated table"),
    ],
)
def test_wrong_rows_are_named(tmp_path, text, said):
    with pytest.raises(SourceError, match=rf"boxes\.csv.*{said}"):
        read(tmp_path, text)


def test_a_table_in_another_encoding(tmp_path):
    with pytest.raises(SourceError, match="is not a comma-separated table in UTF-8"):
        read(tmp_path, "image,x0,y0,x1,y1\nä,1,2,3,4\n", "latin-1")


def test_scores_are_passed_over(tmp_path):
    text = "image,x0,y0,x1,y1,label,score\n1.jpg,1,2,3,4,cat,0.5\n2.jpg,,,,,cat,0.1\n"
    expected = [Annotation("1.jpg", (1, 2, 3, 4), "cat"), Annotation("2.jpg", None, "cat")]
    assert read(tmp_path, text) == expected
    assert read(tmp_path, "image,x0,y0,x1,y1,score\n1.jpg,1,2,3,4,\n")[0].label is None


def test_a_column_twice_is_refused(tmp_path):
    with pytest.raises(SourceError, match="expected the header"):
        read(tmp_path, "image,x0,y0,x1,y1,score,score\n1.jpg,1,2,3,4,1,1\n")
