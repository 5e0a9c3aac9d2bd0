import dataclasses

import pytest

from tfwsol.boxes import PRESETS, Rule, TruthScaling
from tfwsol.boxes.rules import named


def test_presets_know_their_names():
    assert list(PRESETS) == ["wsoleval", "adl", "tscam", "bas", "stnet"]
    for name, rule in PRESETS.items():
        assert rule.name == name
        assert named(name) is rule
        assert named(rule) is rule
        assert dataclasses.replace(rule) == rule


def test_an_unknown_name_lists_the_others():
    with pytest.raises(ValueError, match="wsoleval, adl, tscam, bas, stnet"):
        named("cam")


def test_only_tscam_wants_more_than_half_for_top_k():
    assert [name for name, rule in PRESETS.items() if rule.strict_top_k] == ["tscam"]


def test_only_stnet_wants_boxes_that_share_an_area():
    assert [name for name, rule in PRESETS.items() if not rule.touching_overlaps] == ["stnet"]


@pytest.mark.parametrize(
    "change",
    [
        {"region": "component"},
        {"region": "all"},
        {"grey": "none"},
        {"level": "absolute"},
        {"level": "of_nonzero_mean", "grey": "none"},
    ],
)
def test_parts_that_do_not_belong_together(change):
    with pytest.raises(ValueError, match="belong together"):
        Rule("mine", TruthScaling(), **change)
