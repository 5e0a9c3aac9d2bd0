import pytest

from tfwsol.boxes import PRESETS
from tfwsol.evaluation.protocols import PROTOCOLS, VIEWS, choose_protocols


def test_every_protocol_has_a_rule_and_a_view():
    for name, protocol in PROTOCOLS.items():
        assert protocol.name == name
        assert protocol.rule in PRESETS
        assert protocol.view in VIEWS


def test_views_are_those_that_the_rules_scale_true_boxes_to():
    # 256 resized and cropped means the centre; the crop of 224 alone the whole image.
    for protocol in PROTOCOLS.values():
        truth = PRESETS[protocol.rule].truth
        assert (truth.resize == 256) == (protocol.view == "centre")
        assert truth.crop == 224


def test_choice():
    assert choose_protocols(["all"]) == tuple(PROTOCOLS.values())
    chosen = choose_protocols(["bas", "wsoleval"])
    assert [protocol.name for protocol in chosen] == ["wsoleval", "bas"]
    assert [protocol.truth for protocol in choose_protocols(["pxap", "adl"])] == ["boxes", "masks"]


@pytest.mark.parametrize(
    ("names", "words"), [(["wsol_eval"], "did you mean wsoleval"), ([], "at least one protocol")]
)
def test_bad_choice(names, words):
    with pytest.raises(ValueError, match=words):
        choose_protocols(names)
