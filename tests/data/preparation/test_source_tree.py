import io
import os
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.source_tree import find_source, open_source

FILES = {
    "b/two.bin": bytes(range(256)) * 40,
    "a.txt": "grün\n".encode(),
    "b/c/three": b"",
}


def tar(path, files, mode="w", prefix=""):
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(prefix + name)
            if isinstance(data, tuple):
                member.type, member.linkname = data
                archive.addfile(member)
            else:
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return path


def zipped(path, files):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def folder(path, files):
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


@pytest.fixture(params=["folder", "tar", "tgz", "txz", "zip", "dotted tar"])
def tree(request, tmp_path):
    path = tmp_path / "source"
    if request.param == "folder":
        return open_source(folder(path, FILES))
    if request.param == "zip":
        return open_source(zipped(path, FILES))
    modes = {"tar": "w", "tgz": "w:gz", "txz": "w:xz", "dotted tar": "w"}
    prefix = "./" if request.param == "dotted tar" else ""
    return open_source(tar(path, FILES, modes[request.param], prefix))


def test_all_kinds_of_sources_give_the_same(tree):
    assert tree.names() == sorted(FILES)
    assert {name: tree.read(name) for name in FILES} == FILES
    assert [tree.file(name).size() for name in FILES] == [len(data) for data in FILES.values()]
    assert tree.text("a.txt") == "grün\n"
    assert tree.has("b/two.bin")
    assert not tree.has("b")
    with pytest.raises(SourceError, match="holds no file 'b/none'"):
        tree.file("b/none")
    with pytest.raises(SourceError, match="no UTF-8 text"):
        tree.text("b/two.bin")


def test_many_threads_may_read_at_once(tree):
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(tree.read, ["b/two.bin"] * 200)) == {FILES["b/two.bin"]}


@pytest.mark.parametrize("outer", [tar, zipped])
@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_a_tar_in_an_archive_is_read_without_unpacking(tmp_path, outer, mode):
    inner = tar(tmp_path / "inner", FILES, mode).read_bytes()
    tree = open_source(outer(tmp_path / "outer", {"n01.tar": inner, "n02.tar": inner}))
    nested = tree.nested("n02.tar")
    assert {name: nested.read(name) for name in nested.names()} == FILES
    assert nested.path.endswith("outer/n02.tar")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["inner", "outer"]


def test_a_tar_in_a_folder(tmp_path):
    tar(tmp_path / "inner.tar", FILES)
    assert open_source(tmp_path).nested("inner.tar").names() == sorted(FILES)


LINK = tarfile.SYMTYPE
HARD = tarfile.LNKTYPE


@pytest.mark.parametrize("mode", ["w", "w:gz"])
@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("../evil.txt", b"x"),
        ("a/../../evil.txt", b"x"),
        ("/evil.txt", b"x"),
        ("a\\..\\..\\evil.txt", b"x"),
        ("C:/evil.txt", b"x"),
        ("link", (LINK, "../../etc/passwd")),
        ("link", (LINK, "/etc/passwd")),
        ("link", (HARD, "../evil.txt")),
        ("pipe", (tarfile.FIFOTYPE, "")),
    ],
)
def test_unsafe_members_are_refused_and_nothing_stays(tmp_path, mode, name, data):
    archive = tar(tmp_path / "evil.tar", {"good.txt": b"good", name: data}, mode)
    work = tmp_path / "work"
    with pytest.raises(SourceError) as caught:
        open_source(archive, work)
    assert "evil.tar" in str(caught.value)
    assert str(caught.value).count(".\n") == 0
    assert not work.exists() or not list(work.iterdir())
    assert [file.name for file in tmp_path.iterdir() if file != work] == ["evil.tar"]


@pytest.mark.parametrize("name", ["../evil.txt", "/evil.txt"])
def test_unsafe_members_of_zips_are_refused(tmp_path, name):
    with pytest.raises(SourceError, match="leads out"):
        open_source(zipped(tmp_path / "evil.zip", {name: b"x"}))


def test_links_of_zips(tmp_path):
    def linked(target):
        member = zipfile.ZipInfo("b/link")
        member.create_system, member.external_attr = 3, 0o120777 << 16
        path = tmp_path / "linked.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a.txt", b"a")
            archive.writestr(member, target)
        return path

    assert open_source(linked("../a.txt")).read("b/link") == b"a"
    with pytest.raises(SourceError, match=r"link 'b/link' to '\.\./\.\./a\.txt'"):
        open_source(linked("../../a.txt"))


def test_links_inside_a_tar_lead_to_their_files(tmp_path):
    links = {
        "b/up": (LINK, "../a.txt"),
        "twice": (LINK, "b/up"),
        "hard": (HARD, "a.txt"),
        "nothing": (LINK, "none"),
        "folder": (LINK, "b"),
        "circle": (LINK, "circle"),
    }
    tree = open_source(tar(tmp_path / "t.tar", FILES | links))
    assert set(tree.names()) == {*FILES, "b/up", "twice", "hard"}
    assert {tree.read(name) for name in ("b/up", "twice", "hard")} == {FILES["a.txt"]}


def test_lists_cannot_lead_out_of_a_folder(tmp_path):
    tree = open_source(folder(tmp_path / "inside", FILES))
    (tmp_path / "secret").write_text("x")
    for name in ("../secret", str(tmp_path / "secret")):
        with pytest.raises(SourceError, match="leads out"):
            tree.read(name)


def test_folders_that_contain_themselves_end(tmp_path):
    folder(tmp_path, {"a/b.txt": b"b"})
    os.symlink(tmp_path, tmp_path / "a" / "again")
    assert open_source(tmp_path).names() == ["a/b.txt"]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_archives_that_are_cut_off_are_named(tmp_path, mode):
    whole = tar(tmp_path / "whole.tar", {"x": os.urandom(50_000)}, mode).read_bytes()
    cut = tmp_path / "cut.tar"
    cut.write_bytes(whole[:30_000])
    with pytest.raises(SourceError, match=r"cut\.tar is .*download it again"):
        open_source(cut, tmp_path / "work")
    assert not list((tmp_path / "work").glob("*"))


@pytest.mark.parametrize("data", [b"", b"no archive at all" * 100])
def test_other_files_are_no_archives(tmp_path, data):
    (tmp_path / "x.tar").write_bytes(data)
    with pytest.raises(SourceError, match=r"x\.tar is no whole archive"):
        open_source(tmp_path / "x.tar")
    with pytest.raises(SourceError, match="does not exist"):
        open_source(tmp_path / "none.tar")


def test_a_damaged_zip_member_is_named(tmp_path):
    data = bytearray(zipped(tmp_path / "x.zip", {"x": os.urandom(1000)}).read_bytes())
    data[200] ^= 255
    (tmp_path / "x.zip").write_bytes(data)
    with pytest.raises(SourceError, match=r"x in .*x\.zip cannot be read"):
        open_source(tmp_path / "x.zip").read("x")


def test_a_compressed_tar_is_decompressed_once(tmp_path):
    archive, work = tar(tmp_path / "t.tgz", FILES, "w:gz"), tmp_path / "work"
    assert open_source(archive, work).names() == sorted(FILES)
    (plain,) = work.iterdir()
    before = plain.stat().st_ino
    assert open_source(archive, work).read("a.txt") == FILES["a.txt"]
    assert [file.stat().st_ino for file in work.iterdir()] == [before]
    os.utime(archive, (0, 0))  # another download of the same name is another source
    open_source(archive, work)
    assert len(list(work.iterdir())) == 2


def test_fingerprints_follow_the_file(tmp_path):
    tree = open_source(folder(tmp_path, FILES))
    before = tree.file("a.txt").fingerprint()
    os.utime(tmp_path / "a.txt", (1, 1))
    assert tree.file("a.txt").fingerprint() != before


def test_the_first_name_that_exists_is_found(tmp_path):
    tar(tmp_path / "second.tar", FILES)
    assert find_source(tmp_path, ["first", "second.tar"]).names() == sorted(FILES)
    assert find_source(tmp_path, ["first"]) is None
