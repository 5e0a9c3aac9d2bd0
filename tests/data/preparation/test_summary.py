import json

from tfwsol.data.preparation.summary import PreparationSummary, SplitSummary

SUMMARY = PreparationSummary(
    name="toys",
    folder="data/toys/1.0.0",
    splits={"train": SplitSummary(1200, 1300, 0, 0, 1), "test": SplitSummary(8, 9)},
    skipped={"a.jpg": "it is empty"},
    notes=("There is no split val.",),
    new=True,
)


def test_the_table():
    assert SUMMARY.text().splitlines() == [
        "split           images         boxes         masks       skipped",
        "train             1200          1300             0             1",
        "test                 8             9             0             0",
        "Skipped: a.jpg: it is empty.",
        "There is no split val.",
        "toys is prepared in data/toys/1.0.0.",
    ]


def test_ignore_masks_are_shown_where_there_are_any():
    splits = {"test": SplitSummary(8, 0, 8, 7)}
    text = PreparationSummary("toys", "data", splits, {}, (), False).text()
    assert text.splitlines()[0].split() == ["split", "images", "boxes", "masks", "ignore_masks",
                                            "skipped"]  # fmt: skip
    assert text.splitlines()[1].split() == ["test", "8", "0", "8", "7", "0"]
    assert text.endswith("toys was prepared before in data.")


def test_it_comes_back_from_its_metadata():
    metadata = json.loads(json.dumps(SUMMARY.metadata()))
    found = PreparationSummary.from_metadata("toys", "data/toys/1.0.0", metadata, True)
    assert found == SUMMARY
    assert PreparationSummary.from_metadata("toys", "data", {}, False).splits == {}
