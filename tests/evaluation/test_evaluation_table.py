import numpy as np

from tfwsol.evaluation.evaluation_table import classes_csv, curves_csv, text_table, with_interval
from tfwsol.evaluation.score import ScoreCurve, ScoreRow

ROW = ScoreRow(
    "cam", "adl", "ADL", "GT-known", 61.234, (60.0, 62.5), (0.15,), "best on these images", 10, True
)
TOP = ScoreRow("cam", "adl", "ADL", "Top-1 Loc", 50.0, None, (), "", 10)
AUC = ScoreRow("cam", "faithfulness", "RISE", "insertion AUC", 0.5, None, (), "", 10)


def test_a_method_and_protocol_is_named_once():
    header, first, second, third = text_table([ROW, TOP, AUC], {"cam": "CAM"}).split("\n")
    assert header.split()[:3] == ["Method", "Protocol", "Number"]
    assert first.startswith("CAM     adl: ADL ")
    assert "61.23  60.00 to 62.50  0.15, best on these images" in first
    assert second.strip().startswith("Top-1 Loc")
    assert "0.5000" in third


def test_intervals_stand_in_brackets():
    assert with_interval(ROW) == "61.23 [60.00, 62.50]"
    assert with_interval(TOP) == "50.00"


def test_curves():
    curve = ScoreCurve("cam", "adl", "a, b", np.array([0.0, 0.1 + 0.2]), np.array([1.0, 2.5]))
    assert curves_csv([curve]).splitlines() == [
        "method,protocol,curve,x,y",
        'cam,adl,"a, b",0.0,1.0',
        'cam,adl,"a, b",0.3,2.5',
    ]


def test_classes_that_do_not_occur_are_left_out():
    columns = {"x": np.array([50.0, np.nan, np.nan])}
    text = classes_csv(columns, np.array([2, 0, 1]), ["cat", "dog"])
    assert text.splitlines() == ["class,name,images,x", "0,cat,2,50.0", "2,,1,"]
