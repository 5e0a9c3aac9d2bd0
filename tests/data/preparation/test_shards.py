import dataclasses
import os

import pytest

from tfwsol.data.preparation.record import Record
from tfwsol.data.preparation.shards import Shard, finished, plan_shards
from tfwsol.data.preparation.source_tree import open_source


@pytest.fixture
def tree(tmp_path):
    for number in range(7):
        (tmp_path / f"{number}.jpg").write_bytes(b"x" * 100)
    return open_source(tmp_path)


@pytest.fixture
def records(tree):
    return [Record(name, 0, tree.file(name)) for name in tree.names()]


def test_shards_hold_all_records_in_order(records, tmp_path):
    splits = {"train": records, "test": records[:1]}
    shards = plan_shards("toys", splits, tmp_path, 250)
    assert [shard.path.name for shard in shards] == [
        "toys-train.tfrecord-00000-of-00003",
        "toys-train.tfrecord-00001-of-00003",
        "toys-train.tfrecord-00002-of-00003",
        "toys-test.tfrecord-00000-of-00001",
    ]
    assert [record for shard in shards[:3] for record in shard.records] == records
    assert {len(shard.records) for shard in shards[:3]} == {2, 3}


def test_there_are_never_more_shards_than_records(records, tmp_path):
    assert len(plan_shards("toys", {"train": records}, tmp_path, 1)) == 7


def test_masks_count_as_bytes(records, tmp_path):
    drawn = [dataclasses.replace(record, masks=(records[0].image,)) for record in records]
    assert len(plan_shards("toys", {"train": drawn}, tmp_path, 350)) == 4


@pytest.mark.parametrize(
    "change",
    [
        {"image_id": "other"},
        {"label": 1},
        {"boxes": ((0, 0, 1, 1),)},
        {"size": (3, 4)},
        {"labels": (1,)},
        {"masks": "image"},
        {"ignore_mask": "image"},
        {"scaled_masks": True},
    ],
)
def test_the_digest_knows_every_field(records, tmp_path, change):
    file = records[0].image
    change = {
        key: {"masks": (file,), "ignore_mask": file}.get(key, value)
        for key, value in change.items()
    }
    before = Shard("train", tmp_path / "s", records).digest()
    assert Shard("train", tmp_path / "s", list(records)).digest() == before
    changed = [dataclasses.replace(records[0], **change), *records[1:]]
    assert Shard("train", tmp_path / "s", changed).digest() != before


def test_the_digest_knows_the_files_and_the_place(records, tmp_path):
    before = Shard("train", tmp_path / "s", records).digest()
    assert Shard("train", tmp_path / "t", records).digest() != before
    os.utime(tmp_path / "3.jpg", (1, 1))
    assert Shard("train", tmp_path / "s", records).digest() != before


def test_a_file_without_a_journal_is_not_finished(records, tmp_path):
    shard = Shard("train", tmp_path / "shard", records)
    assert finished(shard, "d", tmp_path / "journal") is None
    shard.path.touch()
    assert finished(shard, "d", tmp_path / "journal") is None
    (tmp_path / "journal").write_text('{"digest": "d", "examples": 7}')
    assert finished(shard, "d", tmp_path / "journal").examples == 7
    assert finished(shard, "e", tmp_path / "journal") is None
