"""A described evaluation on a real data set: killed, taken up again, and not repeated."""

import json

import numpy as np
import pytest

from tfwsol.backbones.critter_net import critter_net
from tfwsol.backbones.trained_classifier import TrainedClassifier
from tfwsol.data import registry
from tfwsol.evaluation import run_evaluation as module
from tfwsol.evaluation.dataset_source import DatasetSource
from tfwsol.evaluation.evaluation_job import DatasetSplit, EvaluationJob
from tfwsol.evaluation.one_pass import EvaluationSettings
from tfwsol.evaluation.protocols import choose_protocols

OPTIONS = {"image_size": 48, "train_size": 10, "val_size": 10, "test_size": 20}


@pytest.fixture(scope="module")
def classifier():
    model = critter_net(input_shape=(32, 32, 3), seed=0)
    return TrainedClassifier(model, "critter_net", np.asarray, "none", (32, 32), None)


@pytest.fixture(scope="module")
def job(tmp_path_factory):
    data = DatasetSplit("critters", "test", str(tmp_path_factory.mktemp("data")), options=OPTIONS)
    return EvaluationJob(
        data,
        ("gradcam", "centred_gaussian"),
        choose_protocols(["wsoleval", "adl", "pxap"]),
        EvaluationSettings(step=0.05, bootstrap=4, examples=2, save_every=1),
        validation=DatasetSplit("critters", "val", data.data_dir, options=OPTIONS),
        batch_size=6,
    )


def test_a_killed_run_is_taken_up_and_a_finished_one_is_not_repeated(
    job, classifier, tmp_path, monkeypatch
):
    whole = module.run_evaluation(job, lambda: classifier, tmp_path / "whole")
    give = DatasetSource._batch
    seen = []

    def broken(self, found):
        if len(seen) == 4:
            raise KeyboardInterrupt
        seen.append(len(found["place"]))
        return give(self, found)

    monkeypatch.setattr(DatasetSource, "_batch", broken)
    with pytest.raises(KeyboardInterrupt):
        module.run_evaluation(job, lambda: classifier, tmp_path / "killed")
    # Two batches of ten validation images and two of the test images; prefetching may be ahead.
    assert (tmp_path / "killed" / "progress.npz").exists()
    assert not (tmp_path / "killed" / "metrics.json").exists()
    monkeypatch.setattr(DatasetSource, "_batch", give)
    again = module.run_evaluation(job, lambda: classifier, tmp_path / "killed")
    assert again.rows == whole.rows
    assert not (tmp_path / "killed" / "progress.npz").exists()

    def refuse():
        raise AssertionError("the model was loaded again")

    known = module.run_evaluation(job, refuse, tmp_path / "whole")
    assert not known.is_new
    assert known.rows == whole.rows
    for name in ("curves.csv", "per_class.csv"):
        texts = [(tmp_path / run / name).read_text() for run in ("whole", "killed")]
        assert texts[0] == texts[1]
    assert json.loads((tmp_path / "whole" / "metrics.json").read_text())["images"] == 20


def test_labels_that_are_no_classes_of_the_model(job, tmp_path):
    model = critter_net(num_classes=3, input_shape=(32, 32, 3), seed=0)
    small = TrainedClassifier(model, "three", np.asarray, "none", (32, 32), None)
    with pytest.raises(ValueError, match=r"10 classes .* but the model has 3; use a model"):
        module.run_evaluation(job, lambda: small, tmp_path)


def test_facts_name_classes_and_folder(job):
    data = job.data
    facts = registry.facts(data.name, data.data_dir, **data.options)
    assert len(facts.class_names) == 10
    assert "48px" in facts.folder
    assert job.identity()["data"]["folder"] == facts.folder
    with pytest.raises(ValueError, match="no data set called 'crittrs'"):
        registry.facts("crittrs")


def test_a_job_that_makes_no_sense(job):
    data = job.data
    with pytest.raises(ValueError, match="neither came"):
        EvaluationJob(data, (), job.protocols)
    with pytest.raises(ValueError, match="did you mean gradcam"):
        EvaluationJob(data, ("gradkam",), job.protocols)
