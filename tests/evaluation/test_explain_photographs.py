"""A folder in, pictures and a record out; twice is once; bad files are named."""

import dataclasses
import json
import pathlib

import keras
import numpy as np
import pytest
from keras import layers
from PIL import Image

from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.boxes import class_hypothesis_maps
from tfwsol.boxes import of as boxes_of
from tfwsol.data.model_view import model_view
from tfwsol.data.photograph import PhotographError, read_image
from tfwsol.evaluation.explain_photographs import explain_photographs
from tfwsol.evaluation.explanation_settings import ExplanationSettings
from tfwsol.methods import STNet

SETTINGS = ExplanationSettings(methods=("l2caf", "gradcam", "cam"), top_k=2)


@pytest.fixture(scope="module")
def classifier():
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(6, 3, 2, activation="relu", name="map")(layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, layers.Dense(4)(layers.GlobalAveragePooling2D()(x)))
    return TrainedClassifier(model, "small", np.asarray, "none", (16, 16), ["a/b", "b", "c", "d"])


@pytest.fixture
def photographs(tmp_path):
    folder = tmp_path / "photographs"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i, size in enumerate([(20, 30), (40, 24), (33, 33)]):
        Image.fromarray(rng.integers(0, 255, (*size, 3), np.uint8)).save(folder / f"{i}.png")
    return sorted(folder.iterdir())


def results(folder):
    return json.loads((folder / "results.json").read_text())


def test_everything_is_written_at_the_photographs_own_size(classifier, photographs, tmp_path):
    out = tmp_path / "out"
    summary = explain_photographs(photographs, lambda: classifier, SETTINGS, out, batch_size=2)
    assert (summary.explained, summary.known, summary.skipped) == (3, 0, {})
    entries = results(out)["images"]
    assert [entry["image"] for entry in entries] == [str(path) for path in photographs]
    for entry in entries:
        assert len(entry["maps"]) == 6
        for found in entry["maps"]:
            with Image.open(out / found["picture"]) as picture:
                assert picture.size == (entry["width"], entry["height"])
        assert entry["predictions"][0]["class_id"] == entry["maps"][0]["class_id"]
        assert {"loss", "iterations", "converged", "negative_share"} <= entry["maps"][0].keys()
    assert summary.report.read_text().count("<img") >= 3 + 18


def test_boxes_are_in_pixels_of_the_photograph(classifier, photographs, tmp_path):
    out = tmp_path / "out"
    explain_photographs(photographs, lambda: classifier, SETTINGS, out)
    for entry in results(out)["images"]:
        for found in entry["maps"]:
            x0, y0, x1, y1 = found["box"]
            assert 0 <= x0 < x1 <= entry["width"]
            assert 0 <= y0 < y1 <= entry["height"]
    everything = ExplanationSettings(methods=("cam",), box_threshold=0.0)
    explain_photographs(photographs[:1], lambda: classifier, everything, tmp_path / "all")
    (entry,) = results(tmp_path / "all")["images"]
    x0, y0, x1, y1 = entry["maps"][0]["box"]
    area = (x1 - x0) * (y1 - y0)
    assert area > 0.9 * entry["width"] * entry["height"]


def test_a_batch_finds_what_singles_find(classifier, photographs, tmp_path):
    explain_photographs(photographs, lambda: classifier, SETTINGS, tmp_path / "a", batch_size=8)
    explain_photographs(photographs, lambda: classifier, SETTINGS, tmp_path / "b", batch_size=1)
    for one, other in zip(results(tmp_path / "a")["images"], results(tmp_path / "b")["images"],
                          strict=True):  # fmt: skip
        for left, right in zip(one["maps"], other["maps"], strict=True):
            assert left["picture"] == right["picture"]
            assert left["score"] == pytest.approx(right["score"], abs=1e-4)


def test_a_finished_run_is_not_repeated_and_an_interrupted_one_goes_on(
    classifier, photographs, tmp_path
):
    def never():
        raise AssertionError("the model was loaded again")

    out = tmp_path / "out"
    explain_photographs(photographs[:2], lambda: classifier, SETTINGS, out)
    again = explain_photographs(photographs[:2], never, SETTINGS, out)
    assert (again.explained, again.known) == (0, 2)
    more = explain_photographs(photographs, lambda: classifier, SETTINGS, out)
    assert (more.explained, more.known) == (1, 2)
    assert len(results(out)["images"]) == 3
    (out / results(out)["images"][0]["maps"][0]["picture"]).unlink()
    assert explain_photographs(photographs, lambda: classifier, SETTINGS, out).explained == 1
    other = ExplanationSettings(methods=("cam",))
    assert explain_photographs(photographs, lambda: classifier, other, out).explained == 3


def test_unreadable_photographs_are_named_or_refused(classifier, photographs, tmp_path):
    photographs[1].write_bytes(b"no image")
    out = tmp_path / "out"
    summary = explain_photographs(photographs, lambda: classifier, SETTINGS, out)
    assert list(summary.skipped) == [str(photographs[1])]
    assert summary.explained == 2
    assert str(photographs[1]) in results(out)["skipped"]
    assert "Left out" in summary.report.read_text()
    with pytest.raises(PhotographError, match=r"1\.png"):
        explain_photographs(
            photographs, lambda: classifier, SETTINGS, tmp_path / "b", on_unreadable="fail"
        )
    with pytest.raises(PhotographError):
        explain_photographs(photographs[1:2], lambda: classifier, SETTINGS, tmp_path / "c")
    assert not (tmp_path / "c" / "report.html").exists()


def test_film_ends_where_the_loop_stopped(classifier, photographs, tmp_path):
    settings = ExplanationSettings(gif=True, class_ids=(1, 3))
    out = tmp_path / "out"
    explain_photographs(photographs[:1], lambda: classifier, settings, out)
    films = results(out)["images"][0]["films"]
    assert [film["class_id"] for film in films] == [1, 3]
    for film in films:
        with Image.open(out / film["picture"]) as picture:
            assert picture.n_frames <= film["frames"]


def test_files_of_the_same_stem_do_not_overwrite_each_other(classifier, photographs, tmp_path):
    twin = photographs[0].with_suffix(".jpg")
    Image.open(photographs[0]).save(twin)
    paths = [photographs[0], twin]
    out = tmp_path / "out"
    explain_photographs(paths, lambda: classifier, SETTINGS, out)
    pictures = [m["picture"] for entry in results(out)["images"] for m in entry["maps"]]
    assert len(set(pictures)) == len(pictures) == 12


def test_stnet_shows_what_the_gated_cells_see(classifier, photographs, tmp_path):
    """Gates at the image are single pixels, which nobody sees in a picture."""
    explain_photographs(photographs, lambda: classifier, ExplanationSettings(("stnet",)), tmp_path)
    explainer, threshold = STNet(classifier.model), ExplanationSettings(("stnet",)).box_threshold
    for photo, entry in zip(photographs, results(tmp_path)["images"], strict=True):
        view = model_view(read_image(photo), (16, 16))[None]
        found = explainer.localize(view)
        gates = np.asarray(found.maps)[:, 0]
        seen = class_hypothesis_maps(gates, explainer.grids, (16, 16))
        assert (seen > 0).sum() > (gates > 0).sum()
        whole = np.float32([[0, 0, entry["width"], entry["height"]]])
        found = dataclasses.replace(found, maps=seen[:, None], regions=whole)
        wanted = boxes_of(found, "wsoleval", threshold)[0, 0]
        np.testing.assert_allclose(entry["maps"][0]["box"], wanted, atol=0.01)


def test_class_oblivious_beside_class_specific(classifier, photographs, tmp_path):
    settings = ExplanationSettings(methods=("l2caf", "cam"), objective="class_oblivious")
    out = tmp_path / "out"
    explain_photographs(photographs[:1], lambda: classifier, settings, out)
    first, second = results(out)["images"][0]["maps"]
    assert (first["class_id"], first["score"]) == (-1, None)
    assert second["class_id"] >= 0


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"methods": ("l2cap",)}, "did you mean l2caf"),
        ({"methods": ()}, "at least one"),
        ({"box_threshold": 1.0}, "box threshold"),
        ({"objective": "class_oblivious", "class_ids": (1,)}, "belongs to no class"),
    ],
)
def test_wrong_settings(wrong, words):
    with pytest.raises(ValueError, match=words):
        ExplanationSettings(**wrong)


def test_class_id_out_of_range_writes_nothing(classifier, photographs, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ValueError, match="out of range"):
        explain_photographs(
            photographs, lambda: classifier, ExplanationSettings(class_ids=(4,)), out
        )
    assert list(pathlib.Path(out).iterdir()) == []
