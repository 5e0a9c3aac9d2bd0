import numpy as np
import pytest

from tfwsol.training import TrainingOptions
from tfwsol.training.epoch_scores import EpochScores


def scores(*values, name="top1", split="val"):
    return [{"epoch": place, split: {name: v}} for place, v in enumerate(values, 1)]


def nothing(model):
    return {}


def test_numbers_and_pictures_are_told_apart():
    picture = np.zeros((1, 2, 2, 3), np.uint8)
    asked = EpochScores(
        {"val": lambda model: {"top1": np.float32(50), "none": np.nan, "maps": picture}},
        TrainingOptions(),
    )
    numbers, pictures = asked(None)
    assert numbers == {"val": {"top1": 50.0}}
    assert list(pictures) == ["val/maps"]


def test_the_first_of_the_highest_is_the_best():
    epochs = [*scores(1.0, 3.0), {"epoch": 3, "val": {"other": 9.0}}, *scores(3.0)]
    best = EpochScores({"val": nothing}, TrainingOptions()).best(epochs)
    assert best["best_epoch"] == 2
    assert best["chosen"] == "highest top1 on val"
    assert best["best"] == {"val": {"top1": 3.0}}


def test_another_number_may_choose():
    epochs = [{"epoch": 1, "val": {"a": 2, "b": 1}}, {"epoch": 2, "val": {"a": 1, "b": 2}}]
    asked = {by: EpochScores({"val": nothing}, TrainingOptions(select_by=by)) for by in "ab"}
    assert asked["a"].best(epochs)["best_epoch"] == 1
    assert asked["b"].best(epochs)["best_epoch"] == 2


def test_a_choice_on_the_test_split_says_so():
    chosen = EpochScores({"test": nothing}, TrainingOptions(select_on="test"))
    best = chosen.best(scores(1.0, 2.0, split="test"))
    assert best["selected_on"] == "test"
    assert "chosen on the test split" in best["chosen"]


def test_without_scores_it_is_the_last_epoch():
    best = EpochScores({}, TrainingOptions()).best([{"epoch": 1}, {"epoch": 2}])
    assert best == {"best_epoch": 2, "chosen": "the last epoch; none was scored"}


@pytest.mark.parametrize(
    ("every", "asks", "due"), [(2, True, [2, 4, 5]), (0, True, []), (1, False, [])]
)
def test_when_to_score(every, asks, due):
    found = EpochScores({"val": nothing}, TrainingOptions(score_every=every), asks)
    assert [epoch for epoch in range(1, 6) if found.due(epoch, 5)] == due


class Named:
    """A score that says what it gives, and is told whether to be quiet."""

    def __init__(self, *names):
        self._names = names or None
        self.told = []

    def names(self, model):
        return self._names

    def __call__(self, model, quiet=False):
        self.told.append(quiet)
        return {}


def test_a_number_that_a_score_does_not_have_is_noticed_before_the_first_epoch():
    def check(score, **options):
        EpochScores({"val": score}, TrainingOptions(select_by="box", **options)).check(None)

    with pytest.raises(ValueError, match="cannot be chosen by 'box'; the scores are a, b"):
        check(Named("a", "b"))
    check(Named("a", "box"))
    check(Named())
    check(nothing)
    check(Named("a"), score_every=0)
    EpochScores({"val": Named("a")}, TrainingOptions()).check(None)


@pytest.mark.parametrize("quiet", [True, False])
def test_a_score_is_told_to_be_quiet(quiet):
    score = Named()
    EpochScores({"val": score, "test": nothing}, TrainingOptions(), quiet=quiet)(None)
    assert score.told == [quiet]


def test_a_split_or_number_that_is_not_there_is_one_sentence():
    with pytest.raises(ValueError, match="chosen on 'test', but only val is scored"):
        EpochScores({"val": nothing}, TrainingOptions(select_on="test"))
    with pytest.raises(ValueError, match="cannot be chosen by 'box'; the scores are top1"):
        EpochScores({"val": nothing}, TrainingOptions(select_by="box")).best(scores(1.0))
