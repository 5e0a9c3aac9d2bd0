import numpy as np
import pytest

from tfwsol.evaluation.demo_report_result import DemoResult, Trained
from tfwsol.evaluation.demo_report_words import findings, lead
from tfwsol.evaluation.map_diagnostics import Diagnosis, MaskedExamples

NUMBERS = {"peak_on_part": 70.0, "mean_iou": 30.0, "part_only": 55.0, "PxAP": 40.0}
NUMBERS |= {"peak_on_object": 80.0, "MaxBoxAccV2": 40.0}


def result_of(accuracy=(90.0, 88.0), **changes):
    """One image whose animal covers 12 % of it; `changes` of the numbers by method."""
    masks = np.zeros((1, 10, 10), bool)
    masks[0, :3, :4] = True
    boxes = np.array([[0.0, 0, 4, 3]], np.float32)
    images = np.zeros((1, 10, 10, 3), np.uint8)
    examples = MaskedExamples(images, np.array([0]), boxes, masks, boxes, masks & False)
    names = {"CAM": "CAM", "ADL": "ADL", "L2CAF": "L2-CAF", "gaussian": "centred Gaussian"}
    scores = {
        title: Diagnosis(NUMBERS | changes.get(key, {}), np.ones((1, 3, 5), bool), np.zeros(1))
        for key, title in names.items()
    }
    trained = {
        name: Trained(value, 10.0, 1, "the last epoch")
        for name, value in zip(("CAM", "ADL"), accuracy, strict=True)
    }
    return DemoResult(trained, scores, {}, examples, ["a"], 3, "none")


def test_a_map_that_lights_the_face():
    words = " ".join(findings(result_of()))
    assert "The map lights the face" in words
    assert "misses most of the animal" in words


def test_a_map_of_the_animal():
    found = {"peak_on_part": 0.0, "mean_iou": 80.0, "part_only": 1.0}
    words = " ".join(findings(result_of(L2CAF=found)))
    assert "does not single out the face" in words
    assert "covers much of the animal" in words


@pytest.mark.parametrize(
    ("part_only", "px_ap", "words"),
    [
        (20.0, 50.0, "leaves the face more often, and its maps tell animals"),
        (20.0, 30.0, "leaves the face more often, but"),
        (60.0, 50.0, "stays on the face"),
        (52.0, 40.0, "does not leave the face"),
    ],
)
def test_what_adl_changed(part_only, px_ap, words):
    found = findings(result_of(ADL={"part_only": part_only, "PxAP": px_ap}))
    assert words in " ".join(found)


def test_the_lead_says_whether_classification_worked():
    assert lead(result_of())[1].startswith("Classification succeeds: of 1 held-out critters")
    assert "90.0 % correctly and the one trained with ADL 88.0 %" in lead(result_of())[1]
    assert lead(result_of(accuracy=(90.0, 30.0)))[1].startswith("Classification is weak")
    assert "cannot be told apart" in lead(result_of())[-1]
