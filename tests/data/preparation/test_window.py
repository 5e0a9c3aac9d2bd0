import io

import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.window import Window


@pytest.fixture
def window(tmp_path):
    (tmp_path / "digits").write_bytes(b"0123456789")
    return Window.of_path(tmp_path / "digits")


def test_parts_of_parts(window):
    part = window.part(2, 6)
    assert (window.size, part.size) == (10, 6)
    assert (part.read(), part.read(1, 2), part.read(4, 100), part.read(6)) == (
        b"234567",
        b"34",
        b"67",
        b"",
    )
    assert part.part(1, 3).read() == b"345"
    with pytest.raises(SourceError, match="cut off"):
        part.part(4, 3)


def test_as_a_file(window):
    file = window.part(2, 6).file()
    assert file.seekable()
    assert file.read(3) == b"234"
    assert file.seek(-2, io.SEEK_END) == 4
    assert file.read() == b"67"
    assert file.read() == b""
    assert file.seek(-1, io.SEEK_CUR) == 5
    assert (file.read(), file.tell()) == (b"7", 6)


def test_the_file_may_be_closed_and_deleted(tmp_path):
    path = tmp_path / "digits"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        part = Window.of_file(file).part(3, 2)
    path.unlink()
    assert part.read() == b"34"
