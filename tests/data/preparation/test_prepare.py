import errno
import fcntl
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from tfwsol.data.preparation import prepare, shards
from tfwsol.data.preparation.record import SourceError

prepare_builder = prepare.prepare_builder


def contents(folder):
    return {file.name: file.read_bytes() for file in Path(folder).iterdir()}


def again(builder):
    """The same builder as a new process would make it."""
    return type(builder)(data_dir=builder.data_dir_root)


def examples(builder, split):
    reading = tfds.ReadConfig(interleave_cycle_length=1)
    return list(tfds.as_numpy(builder.as_dataset(split=split, read_config=reading)))


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr(prepare, "SHARD_BYTES", 4000)


@pytest.mark.usefixtures("small_shards")
def test_everything_is_written_and_only_training_pictures_are_mixed(builder, toys):
    summary = prepare_builder("toys", builder, toys)
    assert {split: vars(counts) for split, counts in summary.splits.items()} == {
        "train": {"images": 8, "boxes": 8, "masks": 0, "ignore_masks": 0, "skipped": 0},
        "test": {"images": 4, "boxes": 4, "masks": 4, "ignore_masks": 0, "skipped": 0},
    }
    assert summary.notes == ("There is no split val.",)
    assert summary.new
    found = again(builder)
    assert found.is_prepared()
    assert found.info.splits["train"].num_shards > 2
    assert found.info.features["label"].names == ["crow", "jay"]
    assert found.info.metadata["splits"]["test"]["masks"] == 4
    train, test = examples(found, "train"), examples(found, "test")
    listed = [f"train/{number % 2}_{number}.jpg" for number in (0, 2, 4, 6, 1, 3, 5, 7)]
    assert [example["image_id"].decode() for example in train] != listed
    train.sort(key=lambda example: listed.index(example["image_id"].decode()))
    for number, example in enumerate(test + train):
        source = (toys / example["image_id"].decode()).read_bytes()
        np.testing.assert_array_equal(example["image"], tf.io.decode_image(source))
        np.testing.assert_array_equal(example["boxes"], [[number, 1, number + 2.5, 9]])
    assert [int(example["mask"].sum()) for example in test] == [21, 15, 18, 12]
    assert {example["mask"].max() for example in test} == {1}
    assert {(example["mask"].min(), example["mask"].shape) for example in train} == {
        (255, (20, 30, 1))
    }


@pytest.mark.usefixtures("small_shards")
def test_nothing_but_the_finished_folder_stays(builder, toys):
    prepare_builder("toys", builder, toys)
    (folder,) = Path(builder.data_dir_root, "toy_birds").iterdir()
    assert folder == Path(builder.data_dir)
    assert sorted({file.name.partition("-")[0] for file in folder.iterdir()}) == [
        "dataset_info.json",
        "features.json",
        "label.labels.txt",
        "metadata.json",
        "toy_birds",
    ]


def test_a_fresh_process_reads_it_with_plain_tfds(builder, toys):
    prepare_builder("toys", builder, toys)
    script = (
        "import sys, tensorflow_datasets as tfds\n"
        "builder = tfds.builder_from_directory(sys.argv[1])\n"
        "named = tfds.load('toy_birds', split='test', data_dir=sys.argv[2])\n"
        "ids = [e['image_id'].decode() for e in tfds.as_numpy(builder.as_dataset(split='test'))]\n"
        "assert ids == [e['image_id'].decode() for e in tfds.as_numpy(named)]\n"
        "assert 'tfwsol' not in sys.modules\n"
        "print(*ids, *builder.info.features['label'].names)\n"
    )
    command = [sys.executable, "-c", script, builder.data_dir, str(builder.data_dir_root)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ids = "test/0_0.jpg test/0_2.jpg test/1_1.jpg test/1_3.jpg"
    assert done.stdout.strip() == f"{ids} crow jay"


def test_plain_tfds_prepares_the_same_examples(builder, toys, tmp_path):
    prepare_builder("toys", builder, toys)
    plain = type(builder)(data_dir=tmp_path / "plain")
    plain.download_and_prepare(
        download_config=tfds.download.DownloadConfig(manual_dir=toys, try_download_gcs=False)
    )
    assert plain.info.metadata == again(builder).info.metadata
    for split in ("train", "test"):
        for one, other in zip(examples(builder, split), examples(plain, split), strict=True):
            np.testing.assert_equal(one, other)


def test_plain_tfds_says_where_to_get_it(builder, tmp_path):
    with pytest.raises(AssertionError, match="A folder of toys"):
        builder.download_and_prepare(
            download_config=tfds.download.DownloadConfig(manual_dir=tmp_path / "none")
        )


_KILLED = """
import os, signal, sys
from conftest import ToyBirds
from tfwsol.data.preparation import prepare, shards
prepare.SHARD_BYTES = 4000
write = prepare.write_shard
def write_or_die(shard, *rest):
    if shard.path.name.endswith("train.tfrecord-00002-of-00004"):
        shard.path.with_name(shard.path.name + ".partial").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    return write(shard, *rest)
prepare.write_shard = write_or_die
prepare.prepare_builder("toys", ToyBirds(data_dir=sys.argv[1]), sys.argv[2])
"""


@pytest.mark.usefixtures("small_shards")
def test_a_killed_preparation_goes_on_where_it_was(builder, toys, tmp_path, monkeypatch):
    command = [sys.executable, "-c", _KILLED, str(builder.data_dir_root), str(toys)]
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    final = Path(builder.data_dir)
    work = final.with_name("1.0.0.preparing")
    assert not final.exists()
    kept = {file: file.stat().st_ino for file in (work / "data").iterdir()}
    assert len(kept) == 3  # two whole files and a partial one
    written = []
    write = prepare.write_shard
    monkeypatch.setattr(
        prepare, "write_shard", lambda shard, *rest: written.append(shard) or write(shard, *rest)
    )
    prepare_builder("toys", again(builder), toys)
    assert [shard.path.name[-14:] for shard in written[:2]] == ["00002-of-00004", "00003-of-00004"]
    assert {shard.split for shard in written[2:]} == {"test"}
    inodes = {file.name: file.stat().st_ino for file in final.iterdir()}
    assert all(inodes[file.name] == kept[file] for file in kept if file.suffix != ".partial")
    assert not work.exists()

    whole = type(builder)(data_dir=tmp_path / "whole")
    prepare_builder("toys", whole, toys)
    assert contents(final) == contents(whole.data_dir)


@pytest.mark.usefixtures("small_shards")
def test_a_changed_source_is_noticed(builder, toys, monkeypatch):
    def stop(*args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "_finish", stop)
        with pytest.raises(KeyboardInterrupt):
            prepare_builder("toys", again(builder), toys)
    os.utime(toys / "train" / "0_4.jpg", (1, 1))
    written = []
    write = prepare.write_shard
    monkeypatch.setattr(
        prepare, "write_shard", lambda shard, *rest: written.append(shard) or write(shard, *rest)
    )
    prepare_builder("toys", builder, toys)
    (shard,) = written
    assert "train/0_4.jpg" in [record.image_id for record in shard.records]


def damage(toys):
    """Two pictures that cannot be used and one of another size than annotated."""
    cut = toys / "train" / "0_2.jpg"
    cut.write_bytes(cut.read_bytes()[:-100])
    (toys / "test" / "1_1.jpg").write_bytes(b"<html>")
    (toys / "train" / "0_0.jpg").write_bytes((toys / "train" / "1_1.jpg").read_bytes())


def test_corrupt_pictures_are_refused_all_at_once(builder, toys):
    damage(toys)
    with pytest.raises(SourceError) as caught:
        prepare_builder("toys", builder, toys)
    words = str(caught.value)
    assert words.startswith("toys: 2 pictures are corrupt: ")
    assert "train/0_2.jpg (" in words
    assert "test/1_1.jpg (it is no picture)" in words
    assert "--on_corrupt=skip" in words
    assert not Path(builder.data_dir_root).exists()


@pytest.mark.usefixtures("small_shards")
def test_corrupt_pictures_are_skipped_and_counted(builder, toys):
    damage(toys)
    summary = prepare_builder("toys", builder, toys, on_corrupt="skip")
    assert set(summary.skipped) == {"train/0_2.jpg", "test/1_1.jpg"}
    assert (summary.splits["train"].images, summary.splits["train"].skipped) == (7, 1)
    assert (summary.splits["test"].images, summary.splits["test"].skipped) == (3, 1)
    found = again(builder)
    assert [example["image_id"] for example in examples(found, "test")] == [
        b"test/0_0.jpg",
        b"test/0_2.jpg",
        b"test/1_3.jpg",
    ]
    assert set(found.info.metadata["skipped"]) == set(summary.skipped)
    assert "Skipped: test/1_1.jpg: it is no picture." in summary.text()


def test_a_mask_of_another_size_is_corrupt(builder, toys):
    mask = tf.io.encode_png(np.zeros((20, 31, 1), np.uint8)).numpy()
    (toys / "test" / "0_0.png").write_bytes(mask)
    words = (
        r"1 picture is corrupt: test/0_0\.jpg \(its mask is 31 × 20 pixels, the picture 30 × 20\)"
    )
    with pytest.raises(SourceError, match=words):
        prepare_builder("toys", builder, toys)


def test_pictures_of_another_size_than_annotated_are_noted(builder, toys):
    image = tf.io.encode_jpeg(np.zeros((21, 30, 3), np.uint8)).numpy()
    (toys / "train" / "1_3.jpg").write_bytes(image)
    summary = prepare_builder("toys", builder, toys)
    words = "1 picture has another size than annotated, first train/1_3.jpg."
    assert words in summary.notes
    assert words in summary.text()


def test_wrong_counts_are_refused_or_noted(builder, toys):
    (toys / "train" / "0_0.jpg").unlink()
    with pytest.raises(SourceError, match="train has 7 pictures instead of 8 as published"):
        prepare_builder("toys", builder, toys)
    assert not Path(builder.data_dir_root).exists()
    summary = prepare_builder("toys", builder, toys, on_wrong_count="accept")
    assert "train has 7 pictures instead of 8 as published." in summary.notes


def test_a_wrong_source_leaves_earlier_work_alone(builder, toys, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(prepare, "_finish", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            prepare_builder("toys", again(builder), toys)
    (tmp_path / "empty").mkdir()
    work = Path(builder.data_dir).with_name("1.0.0.preparing")
    before = contents(work / "data")
    with pytest.raises(SourceError, match="holds no toys"):
        prepare_builder("toys", again(builder), tmp_path / "empty")
    with pytest.raises(SourceError, match="does not exist"):
        prepare_builder("toys", again(builder), tmp_path / "none")
    assert contents(work / "data") == before


def test_a_wrong_source_leaves_nothing_of_its_own(builder, tmp_path):
    (tmp_path / "empty").mkdir()
    Path(builder.data_dir_root).mkdir()
    with pytest.raises(SourceError, match="holds no toys"):
        prepare_builder("toys", builder, tmp_path / "empty")
    assert list(Path(builder.data_dir_root).iterdir()) == []


@pytest.mark.parametrize("name", ["readonly", "file"])
def test_a_folder_that_cannot_be_written(builder, toys, name, monkeypatch):
    root = Path(builder.data_dir_root)
    if name == "file":
        root.write_text("")
    else:

        def refuse(path, *_, **__):
            raise OSError(errno.EROFS, "Read-only file system", str(path))

        monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(ValueError, match=r"cannot take the prepared data .*--data_dir"):
        prepare_builder("toys", builder, toys)


def test_two_runs_at_once_are_refused(builder, toys):
    work = Path(builder.data_dir).with_name("1.0.0.preparing")
    work.mkdir(parents=True)
    with (work / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(SourceError, match="Another run"):
            prepare_builder("toys", builder, toys)
    assert prepare_builder("toys", builder, toys).new


def test_few_pictures_are_in_memory_at_a_time(builder, toys, monkeypatch):
    started = []
    real = shards.example_of

    def count(record, fields):
        started.append(record)
        return real(record, fields)

    monkeypatch.setattr(shards, "example_of", count)
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    index = builder.index(toys, None)
    builder.name_classes(index.class_names)
    most = []

    def progress():
        done.append(1)
        most.append(len(started) - len(done))

    done = []
    (shard, _) = shards.plan_shards("toy_birds", index.splits, toys, 1 << 30)
    with prepare.ThreadPoolExecutor(1) as pool:
        journal = toys / "journal.json"
        shards.write_shard(shard, "x", journal, builder.info.features, pool, progress)
    assert len(done) == 8
    assert max(most) <= 4
    assert json.loads(journal.read_text())["examples"] == 8


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_leaves_the_work_for_the_next_run(builder, toys, monkeypatch):
    real = tf.io.TFRecordWriter
    with monkeypatch.context() as patch:
        patch.setattr(
            tf.io,
            "TFRecordWriter",
            lambda path: real("/dev/full" if "test.tfrecord" in path else path),
        )
        with pytest.raises(OSError, match="No space left") as caught:
            prepare_builder("toys", again(builder), toys)
    assert caught.value.errno == errno.ENOSPC
    work = Path(builder.data_dir).with_name("1.0.0.preparing")
    assert [file.name for file in (work / "journal").iterdir()] == [
        "toy_birds-train.tfrecord-00000-of-00001.json"
    ]
    assert not Path(builder.data_dir).exists()
    assert prepare_builder("toys", builder, toys).splits["test"].images == 4
