"""The words beside a map."""

import numpy as np

from tfwsol import Localization
from tfwsol.visualization import captions, class_name


def test_names_from_a_list_a_mapping_or_none():
    assert class_name(1, ["cat", "dog"]) == "dog"
    assert class_name(2, ["cat", "dog"]) == "class 2"
    assert class_name(7, {7: "bird"}) == class_name(7, {7: "bird", 8: "fish"}) == "bird"
    assert class_name(17) == class_name(17, {}) == "class 17"
    assert class_name(-1, ["cat", "dog"]) == "all classes"


def test_the_share_is_the_softmax_of_the_scores():
    scores = np.log([[0.25, 0.75], [0.001, 0.999]]) + 500
    ids = np.array([[1, 0], [-1, 1]])
    record = Localization(np.zeros((2, 2, 3, 3)), ids, scores, (8, 8))
    assert captions(record, ["cat", "dog"]) == [
        ["dog, 75.0 %", "cat, 25.0 %"],
        ["all classes", "dog, 99.9 %"],
    ]
