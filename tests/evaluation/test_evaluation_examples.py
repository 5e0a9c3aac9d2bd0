import numpy as np
import pytest

from tfwsol.evaluation.dataset_source import DatasetSource
from tfwsol.evaluation.evaluation_examples import example_tables
from tfwsol.evaluation.one_pass import EvaluationSettings, evaluate

SETTINGS = EvaluationSettings(step=0.05, bootstrap=0, examples=2)
TITLES = {"full_image": "full image", "random": "random noise"}


@pytest.fixture(scope="module")
def source(examples):
    dataset, _ = examples(without_box=(3,))
    names = list("abcdefg")
    return DatasetSource(dataset, None, ("full_image", "random"), class_names=names, batch_size=4)


def figures(table):
    return [(row[0], cell) for row in table.rows for cell in row[1:] if cell is not None]


def test_each_method_has_its_best_worst_and_random_images(source):
    evaluation = evaluate(source, ("wsoleval",), SETTINGS)
    tables = example_tables(evaluation, source, TITLES)
    assert [table.caption.split(" under")[0] for table in tables] == list(TITLES.values())
    for table in tables:
        kinds = [kind for kind, _ in figures(table)]
        assert kinds[:4] == ["best"] * 2 + ["worst"] * 2
        fits = [int(f.caption.split(":")[1].split("%")[0]) for _, f in figures(table)]
        assert min(fits[:2]) >= max(fits[2:4])
        for _, figure in figures(table):
            assert figure.image.shape == (224, 2 * 224 + 6, 3)
            assert figure.caption[0] in "abcdefg"


def test_true_and_predicted_boxes_are_drawn(source):
    evaluation = evaluate(source, ("wsoleval",), SETTINGS)
    full, _ = example_tables(evaluation, source, TITLES)
    _, figure = figures(full)[0]
    image, heat = figure.image[:, :224], figure.image[:, 230:]
    green, red = np.array([0x35, 0xC2, 0x4A]), np.array([0xFF, 0x3B, 0x30])
    for picture in (image, heat):
        assert (picture == green).all(axis=-1).sum() > 50
    # The box of the whole image runs along its border.
    assert (heat[1] == red).all(axis=-1).sum() > 150


def test_objects_are_tinted_where_there_are_only_masks(source):
    evaluation = evaluate(source, ("pxap",), SETTINGS)
    table = example_tables(evaluation, source, TITLES)[0]
    place = evaluation.running.choices["full_image"].places(0)["best"][0]
    (batch,) = source.at({place})
    picture = np.rint(batch.pictures["whole"][0]).astype(int)
    shown = figures(table)[0][1].image[:, :224].astype(int)
    inside = batch.masks[0] == 1
    np.testing.assert_array_equal(shown[~inside], picture[~inside])
    np.testing.assert_array_equal(shown[inside], picture[inside] // 2 + [20, 90, 30])


def test_no_examples(source):
    none = EvaluationSettings(step=0.05, bootstrap=0, examples=0)
    assert example_tables(evaluate(source, ("wsoleval",), none), source, TITLES) == []
