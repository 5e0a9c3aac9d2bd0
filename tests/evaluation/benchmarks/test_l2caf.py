import numpy as np
import pytest

from tfwsol.evaluation.benchmarks import SuiteOptions
from tfwsol.evaluation.benchmarks.l2caf import FORWARD, NAIVE_LOOP, build_model, l2caf

TINY = SuiteOptions(
    "critter_net", (24, 32), batch_sizes=(1, 2), intermediate_layer="relu3", iterations=3
)


@pytest.fixture(scope="module")
def groups():
    return list(l2caf(TINY))


def test_one_group_for_each_batch_size(groups):
    assert [group.batch_size for group in groups] == [1, 2]
    assert {group.subject for group in groups} == {"critter_net 24×32"}
    assert len({tuple(case.name for case in group.cases) for group in groups}) == 1


def test_the_cases_of_the_issue_are_there(groups):
    names = [case.name for case in groups[0].cases]
    assert names == [
        "forward pass",
        "L2-CAF exact",
        "L2-CAF exact, class-oblivious",
        "L2-CAF reference, 3 iterations",
        "L2-CAF lbfgs at relu3",
        "CAM",
        "GradCAM",
        "LayerCAM",
        "L2-CAF exact, 5 classes",
        "GradCAM, 5 classes",
        "naive eager loop, 3 iterations",
        "loop alone: naive, eager",
        "loop alone: reference, compiled",
    ]


def test_only_the_loops_alone_are_not_compared_with_the_forward_pass(groups):
    baselines = {case.name: case.baseline for case in groups[0].cases}
    assert baselines.pop(FORWARD) is None
    assert baselines.pop(NAIVE_LOOP) is None
    assert baselines.pop("loop alone: reference, compiled") == NAIVE_LOOP
    assert set(baselines.values()) == {FORWARD}


def test_what_is_compared_is_the_same_work(groups):
    results = {case.name: case.run() for case in groups[1].cases}
    assert results[FORWARD].shape == (2, 10)
    assert results["L2-CAF exact"][0].shape == (2, 1, 3, 4)
    assert results["L2-CAF lbfgs at relu3"][0].shape == (2, 1, 3, 4)
    assert results["L2-CAF exact, 5 classes"][0].shape == (2, 5, 3, 4)
    reference, iterations = results["L2-CAF reference, 3 iterations"]
    np.testing.assert_array_equal(iterations, 3)
    np.testing.assert_allclose(results["loop alone: reference, compiled"], reference, atol=1e-6)
    naive = results["naive eager loop, 3 iterations"]
    np.testing.assert_allclose(np.abs(naive), reference[:, 0], atol=2e-5)
    np.testing.assert_allclose(results[NAIVE_LOOP], naive, atol=1e-6)


def test_without_a_known_layer_the_general_solver_is_left_out():
    (group,) = l2caf(SuiteOptions("critter_net", (24, 32), batch_sizes=(1,), iterations=1))
    assert not [case.name for case in group.cases if "lbfgs" in case.name]


def test_seed_decides_the_weights():
    first, again, other = (
        build_model(SuiteOptions("critter_net", (24, 32), seed=seed)).get_weights()
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first[0], again[0])
    assert np.abs(first[0] - other[0]).max() > 0.01


def test_models_of_keras_applications_give_logits():
    model = build_model(SuiteOptions("MobileNet", (64, 64)))
    assert model.input_shape == (None, 64, 64, 3)
    activations = [getattr(layer, "activation", None) for layer in model.layers]
    assert "softmax" not in [getattr(a, "__name__", None) for a in activations]


def test_a_saved_model(tmp_path):
    model = build_model(TINY)
    model.save(tmp_path / "mine.keras")
    loaded = build_model(SuiteOptions(str(tmp_path / "mine.keras")))
    np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])


@pytest.mark.parametrize("name", ["ResNet5000", "resnet_50", "imagenet_utils"])
def test_an_unknown_model_is_named(name):
    with pytest.raises(ValueError, match=f"'{name}' came"):
        build_model(SuiteOptions(name))


def test_any_backbone_is_drawn_from_the_seed():
    options = SuiteOptions(model="squeezenet", image_size=(33, 33), seed=3)
    first, second = (build_model(options).get_weights() for _ in range(2))
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
