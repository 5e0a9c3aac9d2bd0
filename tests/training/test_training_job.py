"""A job on a handful of critters, and how images reach a network."""

import dataclasses
import json
import os

import numpy as np
import pytest
import tensorflow as tf

from tfwsol import data
from tfwsol.training import CosineDecay, SGDRecipe, TrainingOptions
from tfwsol.training.training_job import TrainingJob, preprocessing, run_training, summary_of

MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
CAFFE = np.float32([103.939, 116.779, 123.68])


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    sizes = {"train_size": 20, "val_size": 6, "test_size": 8, "image_size": 48}
    folder = tmp_path_factory.mktemp("job")
    data.prepare("critters", None, folder / "data", **sizes)
    return TrainingJob(
        "adl",
        "critter_net",
        "critters",
        folder / "run",
        SGDRecipe(2, 8, CosineDecay(0.01)),
        TrainingOptions(pictures=False),
        data_dir=folder / "data",
        data_options=sizes,
        resize=50,
        image_size=48,
    )


@pytest.fixture(scope="module")
def result(job):
    return run_training(job, quiet=True)


def test_it_trains_and_scores_the_chosen_epoch_on_both_splits(job, result):
    assert result.steps_run == 6
    assert result.model.method == "adl"
    assert result.model.input_shape == (None, 48, 48, 3)
    assert list(result.metrics["best"]) == ["val", "test"]
    assert result.metrics["selected_on"] == "val"
    test = json.loads((job.run_dir / "test.json").read_text())
    assert result.metrics["best"]["test"] == test
    assert 0 <= test["wsoleval MaxBoxAccV2"] <= 100
    lines = summary_of(result)
    assert lines[0].endswith("highest wsoleval MaxBoxAccV2 on val.")
    assert f"test wsoleval MaxBoxAccV2: {test['wsoleval MaxBoxAccV2']:.2f}" in lines


def test_a_machine_that_is_not_the_first_has_nothing_to_tell(result):
    assert summary_of(dataclasses.replace(result, metrics={})) == []


def test_a_finished_run_is_not_repeated(job, result):
    before = (job.run_dir / "test.json").stat().st_mtime_ns
    again = run_training(job, quiet=True)
    assert again.steps_run == 0
    assert again.metrics == result.metrics
    assert (job.run_dir / "test.json").stat().st_mtime_ns == before


def test_the_test_scores_of_an_earlier_run_do_not_count(job, result):
    file = job.run_dir / "test.json"
    file.write_text('{"wsoleval MaxBoxAccV2": -1.0}')
    os.utime(file, (0, 0))
    again = run_training(job, quiet=True)
    assert again.steps_run == 0
    assert again.metrics == result.metrics


def test_another_option_of_the_method_is_another_run(job, result):
    with pytest.raises(ValueError, match=r"other settings \(job.method_options.drop_rate is"):
        run_training(dataclasses.replace(job, method_options={"drop_rate": 0.5}), quiet=True)


def test_without_scores_the_last_epoch_is_tested(job, tmp_path, capsys):
    options = TrainingOptions(score_every=0)
    recipe = dataclasses.replace(job.recipe, epochs=1)
    last = dataclasses.replace(job, run_dir=tmp_path, options=options, recipe=recipe, method="has")
    result = run_training(last, quiet=True)
    assert not any(capsys.readouterr())
    assert list(result.metrics["best"]) == ["test"]
    assert "the last epoch" in summary_of(result)[0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"method": "adll"}, "Expected method to be one of acol, adl, cam"),
        ({"backbone": "vgg19"}, "Expected backbone to be one of "),
        ({"dataset": "cars"}, "Expected dataset to be one of critters"),
        ({"strategy": "two"}, "Expected strategy to be one of none"),
        ({"preprocess": "bgr"}, "Expected preprocess to be one of auto"),
        ({"image_size": 60}, "cannot be cut out of images resized to 50"),
    ],
)
def test_what_is_wrong_is_known_at_once(job, change, reason):
    with pytest.raises(ValueError, match=reason):
        dataclasses.replace(job, **change)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"splits": {"train": "train", "val": "vall", "test": "test"}}, "set score_every to 0"),
        ({"splits": {"train": "train", "val": "val", "test": "no"}}, "leave score_test out"),
        ({"num_classes": 2}, "classes"),
        ({"weights": "imagenet"}, "No ImageNet weights of Keras fit backbone 'critter_net'"),
        ({"data_options": {"bodi": 1}}, "option of critters called 'bodi'"),
        ({"weights": "old.keras", "backbone": "vgg16"}, "say so by preprocess=none|tf"),
        (
            {"options": TrainingOptions(select_by="MaxBoxAcc")},
            "cannot be chosen by 'MaxBoxAcc'; the scores are wsoleval MaxBoxAccV2, ",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(job, change, reason, tmp_path):
    with pytest.raises(ValueError, match=reason) as caught:
        run_training(dataclasses.replace(job, run_dir=tmp_path, **change), quiet=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"backbone": "critter_net"}, lambda x: x),
        ({"preprocess": "none", "backbone": "vgg16"}, lambda x: x),
        ({"backbone": "mobilenet_v1", "weights": "imagenet"}, lambda x: x / 127.5 - 1),
        ({"backbone": "vgg16", "weights": "imagenet"}, lambda x: x[..., ::-1] - CAFFE),
        ({"backbone": "vgg16", "weights": "vgg16.npz"}, lambda x: x[..., ::-1] - CAFFE),
        ({"backbone": "vgg16", "weights": "vgg16.pth"}, lambda x: (x / 255 - MEAN) / DEVIATION),
        ({"backbone": "resnet50", "weights": "r.pth"}, lambda x: (x / 255 - MEAN) / DEVIATION),
        (
            {"backbone": "resnet50_se", "weights": "ResNet50-SE.npz"},
            lambda x: ((x / 255 - MEAN) / DEVIATION)[..., ::-1],
        ),
        (
            {"backbone": "application", "backbone_options": {"network": "MobileNetV2"}},
            lambda x: x / 127.5 - 1,
        ),
    ],
)
def test_images_are_scaled_as_the_weights_want_them(job, change, expected):
    scale = preprocessing(dataclasses.replace(job, **change)) or (lambda images: images)
    images = np.random.default_rng(0).uniform(0, 255, (2, 3, 4, 3)).astype(np.float32)
    before = images.copy()
    np.testing.assert_allclose(scale(images), expected(images), atol=2e-4)
    np.testing.assert_array_equal(images, before)
    np.testing.assert_allclose(scale(tf.constant(images)), expected(images), atol=2e-4)


def test_options_of_a_keras_network_reach_it(job):
    options = {"network": "MobileNetV2", "alpha": 0.35, "output_stride": 16}
    job = dataclasses.replace(job, backbone="application", backbone_options=options, method="cam")
    model = job.build_model(10)
    assert model.get_layer("Conv1").filters == 16
    assert model.network.output["class_maps"].shape[1] == 3
