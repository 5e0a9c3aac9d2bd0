import pytest

from tfwsol.evaluation.stnet_table import (
    HEADER,
    NAMES,
    STNetNumber,
    published_rows,
    stnet_numbers,
    table_text,
)


def entry(iou, label=1, predicted=1):
    return {"label": label, "predicted": predicted, "found": [{"iou": iou}]}


def test_numbers_by_hand():
    entries = [entry(0.25), entry(0.5, 2), entry(0.8), entry(0.1, 1, 0), entry(None)]
    found = stnet_numbers([*entries, {"skipped": "corrupt"}])
    assert [number.name for number in found] == list(NAMES)
    assert [number.value for number in found] == pytest.approx([75, 50, 25, 60])
    # The fifth has no true box, which its label does not need.
    assert [number.images for number in found] == [4, 4, 4, 5]
    low, high = found[1].interval
    assert low < 50 < high
    assert found[3].interval is None


def test_without_true_boxes_there_is_no_number():
    with pytest.raises(ValueError, match="None of 2 pictures has a true box"):
        stnet_numbers([entry(None), entry(None)])


@pytest.mark.parametrize(
    ("network", "row"), [("AlexNet", 0), ("tfwsol:vgg16", 1), ("inception_v1", 2), ("ResNet50", 3)]
)
def test_what_was_measured_stands_in_the_row_of_its_network(network, row):
    numbers = [STNetNumber(name, 10.0 + k, None, 1) for k, name in enumerate(NAMES)]
    rows = published_rows(network, numbers)
    assert [cells[0] for cells in rows[:3]] == ["AlexNet", "VGG-16", "GoogLeNet"]
    assert rows[0][1::2] == ["77.50", "55.30", "29.10", "55.64"]
    assert len(rows) == max(row + 1, 3)
    assert rows[row][2::2] == ["10.00", "11.00", "12.00", "13.00"]
    others = [cells[2::2] for place, cells in enumerate(rows) if place != row]
    assert others == [["-"] * 4] * (len(rows) - 1)


def test_the_columns_of_the_text_stand_below_each_other():
    numbers = [STNetNumber(name, 100.0, None, 1) for name in NAMES]
    lines = table_text(published_rows("ResNet50", numbers)).splitlines()
    assert lines[0].split() == " ".join(HEADER).split()
    assert len({len(line) for line in lines}) == 1


def test_other_methods_stand_below_with_their_own_overlaps():
    entries = [{**entry(iou), "beside": {"cam": 0.8}} for iou in (0.1, 0.6)]
    beside = stnet_numbers(entries, "cam")
    assert [number.value for number in beside] == [100.0] * 4
    rows = published_rows("AlexNet", stnet_numbers(entries), {"CAM": beside})
    assert [cells[0] for cells in rows] == ["AlexNet", "VGG-16", "GoogLeNet", "AlexNet, CAM"]
    assert rows[0][4] == "50.00"
    assert rows[3][1:5] == ["-", "100.00", "-", "100.00"]
