import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_folder.annotation import Annotation
from tfwsol.data.wsol_folder.voc_boxes import read_voc


def annotation(*objects, size=""):
    shown = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{x0}</xmin><ymin>{y0}</ymin>"
        f"<xmax>{x1}</xmax><ymax>{y1}</ymax></bndbox></object>"
        for name, x0, y0, x1, y1 in objects
    )
    return f"<annotation><filename>any.jpg</filename>{size}{shown}</annotation>"


SIZE = "<size><width>30</width><height>20</height><depth>3</depth></size>"


def test_files_belong_to_pictures_by_their_path(tmp_path):
    (tmp_path / "cat").mkdir()
    both = annotation(("cat", 1, 2, 3, 4), ("dog", 5, 6, 7.5, 8), size=SIZE)
    (tmp_path / "cat/1.xml").write_text(both)
    (tmp_path / "2.xml").write_text(annotation())
    assert list(read_voc(tmp_path)) == [
        Annotation("2"),
        Annotation("cat/1", (1, 2, 3, 4), "cat", (20, 30)),
        Annotation("cat/1", (5, 6, 7.5, 8), "dog", (20, 30)),
    ]


@pytest.mark.parametrize(
    "content",
    [
        annotation(("cat", 3, 2, 1, 4)),
        annotation(("cat", "x", 2, 1, 4)),
        "<annotation><object>",
        '<!DOCTYPE annotation [<!ENTITY a "b">]><annotation/>',
    ],
)
def test_wrong_files_are_named(tmp_path, content):
    (tmp_path / "2.xml").write_text(content)
    with pytest.raises(SourceError, match=r"2\.xml"):
        list(read_voc(tmp_path))


def test_a_folder_without_files(tmp_path):
    with pytest.raises(SourceError, match="holds no XML file"):
        list(read_voc(tmp_path))
