import math

import pytest

from tfwsol.data.preparation.index_checks import check_index
from tfwsol.data.preparation.record import Index, Record, SourceError


def index(*records, expected=(), problems=()):
    records = records or (Record("a", 0, None), Record("b", 1, None))
    return Index({"train": records}, ["crow", "jay"], dict(expected), problems)


def test_a_sound_index_passes():
    assert check_index("toys", index(expected={"train": 2})) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Index({}, []), "toys: the source holds no picture;"),
        (Index({"train": [], "test": []}, []), "no picture of train, test;"),
        (index(Record("a", 0, None), Record("a", 1, None)), "toys train: a is listed 2 times"),
        (Index({"x": [Record("a", 0, None)]}, ["jay", "jay"]), "2 classes are called 'jay'"),
        (index(Record("a", 2, None)), "a is of class 2, but there are only 2 classes"),
        (index(Record("a", -1, None)), "of class -1"),
        (index(Record("a", 0, None, labels=(0, 5))), "of class 5"),
        (
            index(Record("a", 0, None, ((5, 0, 4, 9),))),
            r"the box \(5, 0, 4, 9\) of a has no extent",
        ),
        (index(Record("a", 0, None, ((0, math.nan, 4, 9),))), "no extent"),
    ],
)
def test_what_cannot_be_is_refused(found, words):
    with pytest.raises(SourceError, match=words):
        check_index("toys", found, "accept")


def test_wrong_counts_come_with_what_was_noticed():
    found = index(expected={"train": 3, "test": 1}, problems=["c.jpg is missing."])
    words = (
        r"toys: train has 2 pictures instead of 3, test has 0 pictures instead of 1 as published "
        r"\(c\.jpg is missing\.\); complete the download"
    )
    with pytest.raises(SourceError, match=words):
        check_index("toys", found)
    assert check_index("toys", found, "accept") == [
        "train has 2 pictures instead of 3 as published.",
        "test has 0 pictures instead of 1 as published.",
    ]
