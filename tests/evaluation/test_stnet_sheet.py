import numpy as np
import pytest

from tfwsol.evaluation.stnet_sheet import HypothesisRow, hypothesis_colours, stnet_sheet

RED, BLUE = (232, 32, 28), (47, 107, 255)


def extent(picture, colour):
    """Of the pixels of a colour: x0, y0, x1, y1."""
    rows, columns = np.nonzero((picture == colour).all(axis=2))
    return np.array([columns.min(), rows.min(), columns.max(), rows.max()])


def test_proposed_and_true_boxes_are_drawn_where_they_are():
    """A view of 112 pixels is shown three times as large."""
    view = np.full((112, 112, 3), 90, np.float32)
    row = HypothesisRow("cat", np.zeros((112, 112), np.float32), np.array([20, 30, 60, 80]))
    sheet = stnet_sheet(view, "a.png", [row], np.array([[10, 10, 100, 100]]))
    half = sheet[:, : sheet.shape[1] // 2]
    proposed, true = extent(half, RED), extent(half, BLUE)
    assert (proposed[2:] - proposed[:2]).tolist() == [120, 150]
    assert (proposed - true)[:2].tolist() == [30, 60]


def test_hypotheses_stand_alone_and_on_the_view_without_boxes():
    view = np.full((64, 64, 3), 90, np.float32)
    rows = [HypothesisRow(name, np.eye(64, dtype=np.float32)) for name in "ab"]
    sheet = stnet_sheet(view, "a.png", rows, np.array([[0, 0, 60, 60]]), with_map=True)
    plain = stnet_sheet(view, "a.png", rows[:1])
    assert sheet.shape[1] > plain.shape[1] + 300
    assert sheet.shape[0] > plain.shape[0] + 300
    assert not (sheet == BLUE).all(axis=2).any()


def test_colours_reach_from_two_fifths_of_the_least_to_four_fifths_of_the_most():
    """jet begins and ends dark; 0.8 of the most has the colour of the most, 0.4 not the least's."""
    found = hypothesis_colours(np.float32([[0, 4, 8, 10]]))[0].astype(int)
    assert found[0].tolist() == pytest.approx([0, 0, 127], abs=1)
    assert (found[2] == found[3]).all()
    assert found[3][2] == 0
    assert abs(found[1][1] - 255) < 8
    assert (hypothesis_colours(np.full((2, 2), 3.0)) == found[0]).all()
