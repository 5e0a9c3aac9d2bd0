from collections import Counter

from tfwsol.data.critters import CLASS_NAMES
from tfwsol.data.critters.classes import COAT_NAMES, KINDS, MARK_NAMES, PATTERN_NAMES


def test_ten_different_classes_in_the_published_order():
    assert " ".join(CLASS_NAMES) == ("bandit blaze panda rosy harlequin tiger star bib cap dapple")


def test_every_mark_colour_and_every_pattern_is_preferred_by_two_classes():
    assert Counter(kind.mark for kind in KINDS) == dict.fromkeys(MARK_NAMES, 2)
    assert Counter(kind.pattern for kind in KINDS) == dict.fromkeys(PATTERN_NAMES, 2)


def test_every_coat_is_preferred_by_some_class():
    assert {kind.coat for kind in KINDS} == set(COAT_NAMES)
