import json

import pytest

from tfwsol.evaluation.box_record import CSV, JSON, OVERLAYS, REPORT, BoxRecord

SETTINGS = {"rule": "wsoleval", "classes": (1, 2)}


class Numbered:
    """So many pictures, of which some have changed since."""

    has_labels, words = False, "pictures"

    def __init__(self, count, changed=()):
        self._count, self._changed = count, changed

    def __len__(self):
        return self._count

    def same(self, place, image_id, state):
        return image_id == f"{place}.png" and place not in self._changed


def entry(place, overlay=False):
    found = {"class_id": 0, "class_name": "cat", "score": 0.5, "boxes": [[0, 0, 2, 2]]}
    shown = {"overlay": f"{OVERLAYS}/{place:06d}_x.png"} if overlay else {}
    return {"image_id": f"{place}.png", "height": 3, "width": 4, "found": [found], **shown}


def skipped(place):
    return {"image_id": f"{place}.png", "state": [1, 2], "skipped": "it is broken"}


def finished(folder, entries, settings=SETTINGS):
    record = BoxRecord(folder, settings)
    record.begin()
    record.add(entries)
    record.finish(["cat"], "words", {"seed": 0})
    (folder / REPORT).touch()
    return record


def test_a_finished_run_is_known(tmp_path):
    finished(tmp_path, [entry(0), entry(1)])
    record = BoxRecord(tmp_path, SETTINGS)
    assert record.keep(Numbered(2), 0) == 2
    assert record.finished(2)
    assert not (tmp_path / "progress.jsonl").exists()
    content = json.loads((tmp_path / JSON).read_text())
    assert content["images"] == [entry(0), entry(1)]
    assert content["made"] == {"seed": 0}


def test_a_missing_file_is_written_again_without_asking_the_model_anew(tmp_path):
    finished(tmp_path, [entry(0), entry(1)])
    (tmp_path / CSV).unlink()
    record = BoxRecord(tmp_path, SETTINGS)
    assert record.keep(Numbered(2), 0) == 2
    assert not record.finished(2)


def test_a_run_that_was_cut_short_goes_on_behind_its_last_whole_line(tmp_path):
    record = BoxRecord(tmp_path, SETTINGS)
    record.begin()
    record.add([entry(0), entry(1)])
    with (tmp_path / "progress.jsonl").open("a") as file:
        file.write('{"image_id": "2.pn')
    again = BoxRecord(tmp_path, SETTINGS)
    assert again.keep(Numbered(4), 0) == 2
    assert not again.finished(4)
    again.begin()
    again.add([entry(2)])
    assert BoxRecord(tmp_path, SETTINGS).images == [entry(0), entry(1), entry(2)]


def test_other_settings_begin_anew_and_leave_the_old_files_until_they_are_done(tmp_path):
    finished(tmp_path, [entry(0), entry(1)])
    before = (tmp_path / JSON).read_text()
    record = BoxRecord(tmp_path, {**SETTINGS, "rule": "adl"})
    assert record.keep(Numbered(2), 0) == 0
    record.begin()
    record.add([entry(0)])
    assert (tmp_path / JSON).read_text() == before
    # Overlays may be of either run by now, so the finished one is not trusted any more.
    assert BoxRecord(tmp_path, SETTINGS).images == []


@pytest.mark.parametrize(("count", "changed", "kept"), [(3, (), 2), (2, (1,), 1), (1, (), 1)])
def test_pictures_are_kept_up_to_the_first_that_changed(tmp_path, count, changed, kept):
    finished(tmp_path, [entry(0), entry(1)])
    record = BoxRecord(tmp_path, SETTINGS)
    assert record.keep(Numbered(count, changed), 0) == kept
    assert len(record.images) == kept
    assert not record.finished(count)


def test_overlays_that_are_wanted_now_are_drawn(tmp_path):
    (tmp_path / OVERLAYS).mkdir()
    (tmp_path / OVERLAYS / "000000_x.png").touch()
    finished(tmp_path, [entry(0, overlay=True), entry(1, overlay=True), entry(2)])
    for wanted, kept in ((0, 3), (1, 3), (2, 1)):
        assert BoxRecord(tmp_path, SETTINGS).keep(Numbered(3), wanted) == kept


def test_overlays_of_an_earlier_run_are_removed_and_no_other_file(tmp_path):
    folder = tmp_path / OVERLAYS
    folder.mkdir()
    for name in ("000000_x.png", "000007_y.png", "mine.png"):
        (folder / name).touch()
    finished(tmp_path, [entry(0, overlay=True)])
    assert sorted(file.name for file in folder.iterdir()) == ["000000_x.png", "mine.png"]


def test_skipped_pictures_stay_skipped_only_while_they_may_be(tmp_path):
    finished(tmp_path, [entry(0), skipped(1)])
    assert "1.png" not in (tmp_path / CSV).read_text()
    assert BoxRecord(tmp_path, SETTINGS).keep(Numbered(2), 2, skip_corrupt=True) == 0, "no overlay"
    assert BoxRecord(tmp_path, SETTINGS).keep(Numbered(2), 0, skip_corrupt=True) == 2
    assert BoxRecord(tmp_path, SETTINGS).keep(Numbered(2), 0, skip_corrupt=False) == 1


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match=r"cannot be written .*name another one"):
        BoxRecord(tmp_path / "file" / "out", SETTINGS)


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_file_that_is_not_ours(tmp_path, text):
    (tmp_path / JSON).write_text(text)
    with pytest.raises(ValueError, match="not the JSON of found boxes"):
        BoxRecord(tmp_path, SETTINGS)
