import os

import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_folder.fingerprint import fingerprint


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat/1.jpg").write_bytes(b"abc")
    (tmp_path / "notes").write_bytes(b"abc")
    return tmp_path


def test_every_change_shows(folder):
    found = [fingerprint(folder)]
    assert fingerprint(folder) == found[0]
    (folder / "cat/2.jpg").write_bytes(b"")
    found.append(fingerprint(folder))
    (folder / "cat/2.jpg").rename(folder / "cat/3.jpg")
    found.append(fingerprint(folder))
    os.utime(folder / "cat/1.jpg", (1, 1))
    found.append(fingerprint(folder))
    assert len(set(found)) == 4


def test_some_files_do_not_count(folder):
    before = fingerprint(folder, lambda name: name.endswith(".jpg"))
    (folder / "notes").unlink()
    assert fingerprint(folder, lambda name: name.endswith(".jpg")) == before


def test_a_file(folder):
    before = fingerprint(folder / "notes")
    (folder / "notes").write_bytes(b"abcd")
    assert fingerprint(folder / "notes") != before


def test_nothing(folder):
    with pytest.raises(SourceError, match="does not exist"):
        fingerprint(folder / "none")
