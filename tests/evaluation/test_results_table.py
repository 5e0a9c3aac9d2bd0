import csv

from tfwsol.evaluation.results_table import summarise, write_results

ROWS = [
    {"method": "cam", "seed": 0, "score": 1.0},
    {"method": "cam", "seed": 1, "score": 3.0, "loss": 0.125},
    {"method": "adl", "seed": 0, "score": 5.0},
]


def test_the_file_has_all_columns_and_empty_cells(tmp_path):
    file = tmp_path / "new" / "rows.csv"
    write_results(file, ROWS)
    with file.open(newline="") as stream:
        found = list(csv.DictReader(stream))
    assert list(found[0]) == ["method", "seed", "score", "loss"]
    assert [row["loss"] for row in found] == ["", "0.12", ""]
    assert [row["score"] for row in found] == ["1.00", "3.00", "5.00"]


def test_means_and_sample_deviations_in_the_order_of_the_rows():
    assert summarise(ROWS, ("method",), ("score", "loss")).splitlines() == [
        "| method | runs | score | loss |",
        "| --- | --- | ---: | ---: |",
        "| cam | 2 | 2.0 ± 1.4 | 0.1 |",
        "| adl | 1 | 5.0 | – |",
    ]
