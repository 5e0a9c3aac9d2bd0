import numpy as np
import pytest

from tfwsol.evaluation.demo_report_pictures import choices, pictures
from tfwsol.evaluation.demo_report_result import DemoResult
from tfwsol.evaluation.map_diagnostics import Diagnosis, MaskedExamples
from tfwsol.visualization import Figure


def result_of(cam, adl):
    """Images of 16 × 16 whose animal fills a quarter; the overlaps of both networks' boxes."""
    count = len(cam)
    masks = np.zeros((count, 16, 16), bool)
    masks[:, 4:12, 4:12] = True
    boxes = np.tile(np.array([4.0, 4, 12, 12], np.float32), (count, 1))
    images = np.zeros((count, 16, 16, 3), np.uint8)
    examples = MaskedExamples(images, np.arange(count) % 2, boxes, masks, boxes, masks)
    overlaps = {"CAM": np.array(cam), "ADL": np.array(adl), "random maps": np.zeros(count)}
    scores = {name: Diagnosis({}, None, found) for name, found in overlaps.items()}
    maps = dict.fromkeys(scores, np.random.default_rng(0).random((count, 4, 4)))
    return DemoResult({}, scores, maps, examples, ["fox", "bib"], 1, "none")


def test_every_rule_keeps_its_word():
    rng = np.random.default_rng(1)
    cam, adl = rng.random(40), rng.random(40)
    found = choices(result_of(cam, adl))
    by_chance, best, worst, gains, losses = found.values()
    np.testing.assert_array_equal(by_chance, np.random.default_rng(0).choice(40, 4, replace=False))
    left = np.setdiff1d(np.arange(40), by_chance)
    both = (cam + adl)[left]
    assert best == left[np.argsort(-both)[:2]].tolist()
    assert worst == left[np.argsort(both)[:2]].tolist()
    left = np.setdiff1d(left, [*best, *worst])
    assert gains == left[np.argsort((cam - adl)[left])[:2]].tolist()
    left = np.setdiff1d(left, gains)
    assert losses == left[np.argsort((adl - cam)[left])[:2]].tolist()
    assert all("CAM" in rule or "chance" in rule for rule in found)


def test_few_images_are_shown_once():
    found = choices(result_of([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]))
    assert sorted(place for places in found.values() for place in places) == [0, 1, 2]


def test_a_row_holds_the_photograph_under_every_map():
    cam, adl = np.linspace(0.1, 0.9, 20), np.linspace(0.5, 0.3, 20)
    section = pictures(result_of(cam, adl))
    assert [len(table.rows) for table in section.tables] == [4, 2, 2, 2, 2]
    table = section.tables[0]
    assert table.header == ["Image", "CAM", "ADL"]
    place = choices(result_of(cam, adl))[table.caption][0]
    truth, *maps = table.rows[0]
    assert isinstance(truth, Figure)
    assert truth.image.shape == (48, 48, 3)
    assert truth.caption == f"{['fox', 'bib'][place % 2]}, test image {place}"
    assert [figure.caption for figure in maps] == [
        f"{100 * cam[place]:.0f} %",
        f"{100 * adl[place]:.0f} %",
    ]


@pytest.mark.parametrize("count", [1, 2])
def test_a_rule_without_images_makes_no_rows(count):
    section = pictures(result_of([0.5] * count, [0.4] * count))
    assert sum(len(table.rows) for table in section.tables) == count
