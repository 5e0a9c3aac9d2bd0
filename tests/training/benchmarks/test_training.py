import json

import pytest

from tfwsol.evaluation.benchmarks import SuiteOptions
from tfwsol.training.benchmarks.training import CLASSES, KERAS, KERAS_STEP, _Suite, training

SMALL = SuiteOptions(
    image_size=(24, 24), batch_sizes=(3,), backbones=("critter_net",), methods=("adl",), steps=2
)


@pytest.fixture
def suite(tmp_path):
    return _Suite(tmp_path, "critter_net", 3, SMALL)


def test_every_way_goes_through_all_pictures(suite, tmp_path):
    assert suite.subject == "critter_net 24×24, 2 steps"
    cases = {case.name: case for case in suite.epochs()}
    assert {name: case.baseline for name, case in cases.items()} == {
        KERAS: None,
        "input pipeline alone": KERAS,
        "our loop, same network": KERAS,
        "our loop, adl": KERAS,
    }
    for case in cases.values():
        for _ in range(2):
            assert case.run() is None
        assert "images/s" in case.remark(None)
    for name in ("same network", "adl"):
        metrics = json.loads((tmp_path / name / "metrics.json").read_text("utf-8"))
        assert [epoch["step"] for epoch in metrics["epochs"]] == [2, 4]
        assert "best_epoch" not in metrics, "it goes on"
    assert len(list((tmp_path / "pictures").rglob("*.jpg"))) == 6


def test_a_pass_has_all_pictures_at_the_size_asked_for(suite):
    data = suite._pictures()
    first, again, other = (list(suite._pass(data, number)) for number in (0, 0, 1))
    assert [images.shape for images, _ in first] == [(3, 24, 24, 3)] * 2
    labels = sorted(int(label) for _, labels in first for label in labels)
    assert labels == list(range(6))
    assert (first[0][0].numpy() == again[0][0].numpy()).all()
    assert (first[0][0].numpy() != other[0][0].numpy()).any()
    assert suite._network().output.shape[-1] == CLASSES


def test_bare_steps_compare_adl_with_the_network_without_it(suite):
    cases = list(suite.bare_steps())
    assert [(case.name, case.baseline) for case in cases] == [
        (KERAS_STEP, None),
        ("our step, same network", KERAS_STEP),
        ("our step, adl", "our step, same network"),
    ]
    for case in cases:
        case.run()
    both = SuiteOptions(methods=("adl", "cam", "has"), steps=1)
    names = [case.name for case in _Suite(suite._folder, "critter_net", 2, both).bare_steps()]
    assert names[-2:] == ["our step, cam", "our step, adl"]


def test_the_remark_is_of_the_median_without_the_first(suite, monkeypatch):
    case = suite._case("", lambda: None)
    wall = iter([0.0, 9.0, 10.0, 12.0, 20.0, 21.0, 30.0, 34.0])
    processor = iter([0.0, 9.0, 10.0, 13.0, 20.0, 22.0, 30.0, 38.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(wall))
    monkeypatch.setattr("time.process_time", lambda: next(processor))
    for _ in range(4):
        case.run()
    monkeypatch.undo()
    assert case.remark(None) == "3.0 images/s, 1.500 CPU s per step"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"backbones": ("vgg17",)}, "each backbone to be one of .*vgg16.*'vgg17' came"),
        ({"methods": ("cam", "camm")}, "each method to be one of acol, .*'camm' came"),
        ({"image_size": (24, 32)}, "square image size; got 24×32"),
    ],
)
def test_what_there_is_not_is_one_sentence(options, words):
    with pytest.raises(ValueError, match=words):
        next(training(SuiteOptions(**options)))


def test_other_networks_have_a_size_of_their_own(tmp_path):
    assert _Suite(tmp_path, "resnet50", 2, SuiteOptions()).subject == "resnet50 224×224, 6 steps"
    named = _Suite(tmp_path, "mobilenet_v1", 2, SuiteOptions(steps=3)).subject
    assert named == "mobilenet_v1 alpha=0.75 224×224, 3 steps"
