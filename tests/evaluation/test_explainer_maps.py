import dataclasses

import numpy as np
import pytest

from tfwsol.evaluation.explainer_maps import TEN_CROP, ExplainerMaps
from tfwsol.evaluation.protocols import PROTOCOLS
from tfwsol.evaluation.stnet_hypotheses import comparable_maps
from tfwsol.methods.explainer_names import build_explainer


@pytest.fixture(scope="module")
def explainers(small_classifier):
    return {name: build_explainer(name, small_classifier.model) for name in ("cam", "gradcam")}


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 255, (3, 16, 16, 3), np.uint8)


def test_maps_are_those_of_the_explainers(small_classifier, explainers, pictures):
    labels = np.array([2, 0, 6])
    found = ExplainerMaps(small_classifier, explainers).ask({"whole": pictures}, labels, ["whole"])
    for name, explainer in explainers.items():
        alone = explainer.localize(pictures.astype(np.float32), class_ids=labels)
        np.testing.assert_array_equal(found.maps[name]["whole"], np.asarray(alone.maps)[:, 0])
    np.testing.assert_array_equal(found.scores["whole"], np.asarray(alone.scores))
    np.testing.assert_array_equal(found.class_ids["whole"], labels)


def test_predicted_classes_and_those_among_a_few(small_classifier, explainers, pictures):
    labels = np.array([2, 0, 500])
    free = ExplainerMaps(small_classifier, explainers, "predicted")
    scores = free.ask({"whole": pictures}, labels, ["whole"]).scores["whole"]
    few = [4, 1]
    bound = ExplainerMaps(small_classifier, explainers, "predicted", few)
    found = bound.ask({"whole": pictures}, labels, ["whole"])
    expected = [few[place] for place in scores[:, few].argmax(axis=1)]
    np.testing.assert_array_equal(found.class_ids["whole"], expected)
    # They cannot be compared with labels, so there are none.
    assert found.scores == {}
    free_ids = free.ask({"whole": pictures}, labels, ["whole"]).class_ids["whole"]
    np.testing.assert_array_equal(free_ids, scores.argmax(axis=1))


def test_ten_crops(small_classifier, explainers, pictures):
    ten = np.random.default_rng(1).uniform(0, 255, (3, 10, 16, 16, 3))
    asked = ExplainerMaps(small_classifier, explainers, ten_crop=True)
    found = asked.ask({"whole": pictures, TEN_CROP: ten}, np.zeros(3, int), ["whole"])
    assert found.scores[TEN_CROP].shape == (3, 10, 7)
    one = np.asarray(asked.see(ten[:, 4]).logits)
    np.testing.assert_array_equal(found.scores[TEN_CROP][:, 4], one)


def test_the_mean_of_several_predicted_classes(small_classifier, explainers, pictures):
    bas = dataclasses.replace(PROTOCOLS["bas"], mean_of_top=3)
    asked = ExplainerMaps(small_classifier, explainers, protocols=[bas, PROTOCOLS["adl"]])
    both = {"whole": pictures, "centre": pictures}
    found = asked.ask(both, np.zeros(3, int), ["whole", "centre"])
    assert found.maps["cam"].keys() == {"whole", "centre", "centre, mean of 3"}
    three = explainers["cam"].localize(pictures.astype(np.float32), top_k=3).maps
    np.testing.assert_allclose(found.maps["cam"][bas.maps], np.mean(three, axis=1), rtol=1e-6)


def test_probabilities_sum_to_one(small_classifier, explainers, pictures):
    shares = ExplainerMaps(small_classifier, explainers).probabilities(pictures)
    np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=1e-12)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"explain": "truth"}, "Expected to explain one of"),
        ({"among": [1]}, "use --explain=predicted"),
        ({"explain": "predicted", "among": [7]}, "go up to 7, but the model has 7, 0 to 6"),
    ],
)
def test_bad_arguments(small_classifier, explainers, given, words):
    with pytest.raises(ValueError, match=words):
        ExplainerMaps(small_classifier, explainers, **given)


def test_a_model_of_oblong_pictures(small_classifier, explainers):
    oblong = dataclasses.replace(small_classifier, image_size=(16, 20))
    with pytest.raises(ValueError, match="square views, but this model takes 16 × 20"):
        ExplainerMaps(oblong, explainers)


def test_labels_beyond_the_model(small_classifier, explainers, pictures):
    asked = ExplainerMaps(small_classifier, explainers)
    with pytest.raises(ValueError, match="a class 7, but the model has 7"):
        asked.ask({"whole": pictures}, np.array([0, 1, 7]), ["whole"])


def test_explainers_of_different_layers_have_their_own_forward_pass(small_classifier, pictures):
    model, labels = small_classifier.model, np.array([2, 0, 6])
    chosen = {name: build_explainer(name, model) for name in ("cam", "stnet", "gradcam")}
    asked = ExplainerMaps(small_classifier, chosen)
    # What is known only after the first batch changes nothing.
    for _ in range(2):
        found = asked.ask({"whole": pictures}, labels, ["whole"])
        for name, explainer in chosen.items():
            alone = explainer.localize(pictures.astype(np.float32), class_ids=labels)
            alone = comparable_maps(explainer, np.asarray(alone.maps)[:, 0], (16, 16))
            np.testing.assert_array_equal(found.maps[name]["whole"], alone)
    assert found.maps["stnet"]["whole"].shape == (3, 16, 16)
    assert found.maps["cam"]["whole"].shape != (3, 16, 16)
