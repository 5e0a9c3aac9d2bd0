"""The command as a user starts it: good input, and one sentence for everything else."""

import io
import subprocess
import sys
import tarfile

import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from PIL import Image

from tfwsol.flags import command
from tfwsol.scripts import prepare_data

NAMES = ("001.Crow/a.jpg", "002.Jay/b.jpg")


def picture(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg")
    return buffer.getvalue()


def write_birds(folder, **changes):
    """CUB-200-2011 with one picture for training and one for the test."""
    files = {
        "images.txt": "".join(f"{n} {name}\n" for n, name in enumerate(NAMES, 1)).encode(),
        "classes.txt": b"1 001.Crow\n2 002.Jay\n",
        "image_class_labels.txt": b"1 1\n2 2\n",
        "train_test_split.txt": b"1 1\n2 0\n",
        "bounding_boxes.txt": b"1 1.0 2.0 3.0 4.0\n2 5.0 6.0 7.0 8.0\n",
        **{f"images/{name}": picture(n) for n, name in enumerate(NAMES)},
    }
    with tarfile.open(folder / "CUB_200_2011.tgz", "w:gz") as archive:
        for name, data in (files | changes).items():
            member = tarfile.TarInfo(f"CUB_200_2011/{name}")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


@pytest.fixture
def source(tmp_path):
    (tmp_path / "downloads").mkdir()
    write_birds(tmp_path / "downloads")
    return tmp_path / "downloads"


def call(capsys, tmp_path, **changes):
    """Exit code, standard output and error of the command in this process."""
    if not flags.FLAGS.is_parsed():
        flags.FLAGS(["test"])
    given = {"dataset": "cub", "data_dir": str(tmp_path / "data"), **changes}
    with flagsaver.flagsaver(**given):
        code = command.guarded(prepare_data.main, ["prepare_data"])
    return code, *capsys.readouterr()


def test_good_input_and_a_second_run(source, capsys, tmp_path):
    given = {"source": str(source), "on_wrong_count": "accept"}
    code, printed, _ = call(capsys, tmp_path, **given)
    assert code == 0
    lines = printed.splitlines()
    assert lines[0].split() == ["split", "images", "boxes", "masks", "skipped"]
    assert lines[1].split() == ["train", "1", "1", "0", "0"]
    assert lines[2].split() == ["test", "1", "1", "0", "0"]
    assert "no masks" in printed
    assert lines[-1] == f"cub is prepared in {tmp_path / 'data' / 'wsol_cub' / '1.0.0'}."
    code, again, error = call(capsys, tmp_path, **given)
    assert code == 0
    assert again.splitlines()[:-1] == lines[:-1]
    assert "was prepared before" in again
    assert error == ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "train has 1 picture instead of 5994"),
        ({"source": None}, "cub is not prepared in"),
        ({"source": "none"}, "does not exist"),
        ({"dataset": None}, "Expected --dataset=NAME, out of"),
        ({"dataset": "cup"}, "mean 'cub'"),
        ({"boxes": "x.csv"}, "no option of cub called 'boxes'"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(source, capsys, tmp_path, changes, words):
    code, printed, error = call(capsys, tmp_path, **{"source": str(source), **changes})
    assert (code, printed) == (1, "")
    assert words in error.splitlines()[-1]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["downloads"]


@pytest.mark.parametrize("given", [{"source": None}, {}])
def test_a_missing_or_wrong_source_says_where_to_get_it(source, capsys, tmp_path, given):
    _, _, error = call(capsys, tmp_path, **{"source": str(source), **given})
    assert "1,150,585,339 bytes" in error
    assert "https://data.caltech.edu/" in error


def test_corrupt_pictures_are_named_and_can_be_skipped(source, capsys, tmp_path):
    extra = "".join(f"{n} {name}\n" for n, name in enumerate((*NAMES, "002.Jay/c.jpg"), 1))
    write_birds(
        source,
        **{
            "images.txt": extra.encode(),
            "image_class_labels.txt": b"1 1\n2 2\n3 2\n",
            "train_test_split.txt": b"1 1\n2 0\n3 1\n",
            "bounding_boxes.txt": b"1 1 2 3 4\n2 5 6 7 8\n3 5 6 7 8\n",
            "images/002.Jay/c.jpg": picture(3)[:-50],
        },
    )
    given = {"source": str(source), "on_wrong_count": "accept"}
    code, _, error = call(capsys, tmp_path, **given)
    assert code == 1
    assert "1 picture is corrupt: 002.Jay/c.jpg" in error.splitlines()[-1]
    assert not (tmp_path / "data").exists()
    code, printed, _ = call(capsys, tmp_path, on_corrupt="skip", **given)
    assert code == 0
    assert printed.splitlines()[1].split() == ["train", "1", "1", "0", "1"]
    assert "Skipped: 002.Jay/c.jpg" in printed


def test_the_command_itself(source, tmp_path):
    started = [sys.executable, "-m", "tfwsol.scripts.prepare_data", "--dataset=cub"]
    folders = [f"--source={source}", f"--data_dir={tmp_path / 'data'}"]
    done = subprocess.run(
        [*started, *folders, "--on_wrong_count=accept"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "cub is prepared in" in done.stdout
    assert "2/2" in done.stderr  # the progress bar
    done = subprocess.run([*started, "--help"], capture_output=True, text=True)
    for name in ("--source", "--data_dir", "--on_corrupt", "--on_wrong_count", "--boxes"):
        assert name in done.stdout
