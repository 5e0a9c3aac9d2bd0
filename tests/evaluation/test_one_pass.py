"""One pass over the data: right numbers, nothing traced twice, nothing lost when killed."""

import dataclasses

import numpy as np
import pytest

import tfwsol.evaluation
from tfwsol.boxes import score_maps
from tfwsol.data.views import Resize, ResizeCrop, see
from tfwsol.evaluation.dataset_source import DatasetSource
from tfwsol.evaluation.explainer_maps import ExplainerMaps
from tfwsol.evaluation.insertion_deletion import InsertionDeletionSettings
from tfwsol.evaluation.one_pass import EvaluationSettings, evaluate
from tfwsol.evaluation.run_folder import RunFolder
from tfwsol.methods.explainer_names import build_explainer
from tfwsol.metrics import LocalizationAccuracy, MaxBoxAcc, PxAP

SETTINGS = EvaluationSettings(step=0.02, bootstrap=5, examples=2, save_every=1)
PROTOCOLS = ("wsoleval", "wsoleval_v1", "adl", "tscam", "bas", "pxap", "corloc", "pointing")


@pytest.fixture(scope="module")
def explained(small_classifier):
    explainers = {
        name: build_explainer(name, small_classifier.model, contrast="mean")
        for name in ("cam", "l2caf")
    }
    return ExplainerMaps(small_classifier, explainers)


@pytest.fixture(scope="module")
def make_source(explained, examples):
    def make(trivial=("random",), batch_size=4, views=("whole", "centre"), maker=explained, **more):
        return DatasetSource(
            examples(**more)[0],
            maker,
            trivial,
            views,
            class_names=list("abcdefg"),
            batch_size=batch_size,
        )

    return make


@pytest.fixture(scope="module")
def evaluation(make_source):
    return evaluate(make_source(), PROTOCOLS, SETTINGS)


def value(evaluation, method, protocol, metric):
    (found,) = [
        row.value
        for row in evaluation.rows
        if (row.method, row.protocol, row.metric) == (method, protocol, metric)
    ]
    return found


def test_every_method_has_every_protocol(evaluation):
    found = {(row.method, row.protocol) for row in evaluation.rows}
    assert found == {
        *((method, name) for method in ("cam", "l2caf", "random") for name in PROTOCOLS),
        ("classifier", "classification"),
    }
    assert all(row.images == 11 for row in evaluation.rows)
    assert all(low <= high for row in evaluation.rows for low, high in [row.interval])
    words = {row.words for row in evaluation.rows if row.protocol == "wsoleval"}
    assert words == {"wsolevaluation V2, all contours, step 0.02"}
    for method in ("cam", "l2caf", "random"):
        mains = [row for row in evaluation.rows if row.main and row.method == method]
        assert len(mains) == len(PROTOCOLS)


def test_numbers_are_those_of_one_image_after_another(evaluation, explained, examples):
    """The plain reading: each image alone through the model, the rules and the metrics."""
    _, found = examples()
    cam = explained.explainers["cam"]
    sweep, pixels = MaxBoxAcc(step=0.02), PxAP(0.02)
    fixed = LocalizationAccuracy("tscam", thresholds=(0.12,))
    for example in found:
        seen = see(Resize(16), {"image": example["image"]})["image"].numpy()
        result = cam.localize(seen[None], class_ids=int(example["label"]))
        maps = score_maps(np.asarray(result.maps)[:, 0])
        sizes = [example["image"].shape[:2]]
        sweep.update_state(maps, [example["boxes"]], sizes)
        view = {"image": example["image"], "mask": example["mask"]}
        pixels.update_state(maps, see(Resize(224), view)["mask"].numpy()[None])
        from_rule = tfwsol.boxes.of(result, "tscam", 0.12) * 14
        boxes = np.rint(from_rule).astype(int)
        labels, scores = np.array([example["label"]]), np.asarray(result.scores)
        fixed.update_state(boxes, [example["boxes"]], sizes, labels, scores)
    assert value(evaluation, "cam", "wsoleval", "MaxBoxAccV2") == sweep.result()["MaxBoxAcc"]
    assert value(evaluation, "cam", "pxap", "PxAP") == pytest.approx(pixels.result(), abs=1e-4)
    for name, metric in (("GT-known", "GT-known"), ("Top-1", "Top-1 Loc"), ("Top-5", "Top-5 Loc")):
        assert value(evaluation, "cam", "tscam", metric) == fixed.result()[name]


def test_the_centre_is_what_its_protocols_see(make_source, examples):
    (_, batch), *_ = make_source(views=("centre",)).batches(0)
    _, found = examples()
    seen = see(ResizeCrop(18, 16), {"image": found[1]["image"]})["image"].numpy()
    np.testing.assert_array_equal(batch.pictures["centre"][1], seen)


@pytest.mark.parametrize("batch_size", [1, 3, 11, 32])
def test_the_batch_size_changes_nothing(make_source, evaluation, batch_size):
    other = evaluate(make_source(batch_size=batch_size), ("wsoleval", "pointing"), SETTINGS)
    for row in other.rows:
        if row.protocol in ("wsoleval", "pointing"):
            assert row.value == value(evaluation, row.method, row.protocol, row.metric)


def test_nothing_is_traced_twice(make_source, explained):
    for batch_size in (4, 4):
        evaluate(make_source(batch_size=batch_size), ("wsoleval", "adl"), SETTINGS)
    traced = [e._explain.experimental_get_tracing_count() for e in explained.explainers.values()]
    # Once per batch size that this module used, for both views and all batches.
    sizes = len({4, 1, 3, 11, 32})
    assert max(traced) <= sizes
    forward = explained.explainers["cam"]._cut.compiled["forward"]
    # Besides, one image alone.
    assert forward.experimental_get_tracing_count() <= sizes + 1


class Killed(Exception):
    pass


def killed_after(source, batches):
    """The source, which fails after so many batches, and counts those it gave."""
    give = source.batches

    def broken(start):
        for number, found in enumerate(give(start)):
            if number == batches:
                raise Killed
            yield found

    source.batches = broken
    return source


def test_a_killed_run_goes_on_and_ends_with_the_same_numbers(make_source, evaluation, tmp_path):
    folder = RunFolder(tmp_path, {"what": 1})
    with pytest.raises(Killed):
        evaluate(killed_after(make_source(), 2), PROTOCOLS, SETTINGS, folder=folder)
    assert folder.load()[0] == 8
    # One more batch is all that is left.
    source = killed_after(make_source(), 1)
    found = evaluate(source, PROTOCOLS, SETTINGS, folder=RunFolder(tmp_path, {"what": 1}))
    assert found.rows == evaluation.rows
    assert found.chosen == evaluation.chosen
    for mine, theirs in zip(found.running.all(), evaluation.running.all(), strict=True):
        np.testing.assert_array_equal(mine.per_class(), theirs.per_class())
    kept = {name: choice.places(0.3) for name, choice in found.running.choices.items()}
    assert kept == {n: choice.places(0.3) for n, choice in evaluation.running.choices.items()}


def test_other_settings_start_anew(make_source, tmp_path):
    folder = RunFolder(tmp_path, {"what": 1})
    with pytest.raises(Killed):
        evaluate(killed_after(make_source(), 2), ("pointing",), SETTINGS, folder=folder)
    assert RunFolder(tmp_path, {"what": 2}).load() is None


def test_thresholds_of_a_validation_split_stand_beside_the_best_ones(make_source):
    validation = evaluate(make_source(seed=1), ("wsoleval", "bas"), SETTINGS)
    found = evaluate(make_source(), ("wsoleval", "bas"), SETTINGS, validation.chosen)
    oracle, honest = (
        {(r.method, r.protocol, r.metric): r for r in found.rows if r.choice == choice}
        for choice in ("best on these images", "best on the validation split")
    )
    assert oracle.keys() == honest.keys()
    for key, row in honest.items():
        if key[1] == "wsoleval":
            assert row.value <= oracle[key].value
            level = key[2].partition("@")[2]
            if level:
                assert row.thresholds == (validation.chosen[key[0]]["wsoleval"][level],)
        assert not row.main


def test_images_without_a_true_box_are_left_out_and_named(make_source):
    found = evaluate(make_source(without_box=(2, 5)), ("wsoleval", "pxap"), SETTINGS)
    assert set(found.left_out) == {"picture2", "picture5"}
    images = {row.protocol: row.images for row in found.rows}
    assert images == {"wsoleval": 9, "pxap": 11, "classification": 11}


def test_no_image_with_a_true_box(make_source):
    with pytest.raises(ValueError, match="There is no number for wsoleval: No image was counted"):
        evaluate(make_source(without_box=range(11)), ("wsoleval",), SETTINGS)


def test_maps_that_are_constant_or_not_finite_are_counted(make_source, tmp_path):
    source = make_source()
    give = source.batches

    def spoiled(start):
        for end, batch in give(start):
            batch.maps["random"]["whole"][:] = np.nan if end == 4 else batch.maps["random"]["whole"]
            batch.maps["random"]["whole"][-1] = 3.0
            yield end, batch

    source.batches = spoiled
    found = evaluate(source, ("wsoleval", "wsoleval_v1"), SETTINGS)
    assert [n for n in found.notes if n.startswith("6 of 11 maps of random are constant")]


def test_faithfulness(make_source):
    settings = dataclasses.replace(SETTINGS, faithfulness=InsertionDeletionSettings(steps=2))
    found = evaluate(make_source(), ("wsoleval",), settings)
    rows = {(r.method, r.metric): r.value for r in found.rows if r.protocol == "faithfulness"}
    assert set(rows) == {
        (method, f"{name} AUC")
        for method in ("cam", "l2caf", "random")
        for name in ("insertion", "deletion")
    }
    assert all(0 < share < 1 for share in rows.values())


def test_protocols_that_do_not_fit(make_source):
    source = make_source(views=("whole",))
    with pytest.raises(ValueError, match=r"The protocol adl needs maps of the view"):
        evaluate(source, ("wsoleval", "adl"), SETTINGS)
    found = evaluate(source, ("all",), dataclasses.replace(SETTINGS, only_fitting=True))
    assert [note.split()[2] for note in found.notes] == ["adl", "bas"]
    with pytest.raises(ValueError, match="did you mean wsoleval"):
        evaluate(source, ("wsoleva",), SETTINGS)


def test_without_a_model(make_source):
    source = make_source(trivial=("full_image", "centred_gaussian"), maker=None)
    found = evaluate(source, ("wsoleval", "adl", "bas"), SETTINGS)
    assert not [row for row in found.rows if row.metric.startswith("Top")]
    assert any("Top-k" in note for note in found.notes)
    faithful = dataclasses.replace(SETTINGS, faithfulness=InsertionDeletionSettings(steps=2))
    with pytest.raises(ValueError, match="Insertion and deletion ask a model"):
        evaluate(source, ("wsoleval",), faithful)


def test_the_face_of_the_package():
    assert tfwsol.evaluation.evaluate is evaluate
    assert set(tfwsol.evaluation.__all__) <= set(dir(tfwsol.evaluation))
    with pytest.raises(AttributeError, match="nothing"):
        _ = tfwsol.evaluation.nothing
