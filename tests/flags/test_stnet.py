import pytest
from absl import flags
from absl.testing import flagsaver

from tfwsol.flags import evaluate, stnet


@pytest.fixture
def given():
    """Parses flags for the length of a test."""
    with flagsaver.flagsaver():
        yield lambda *arguments: flags.FLAGS(["test", *arguments])


def test_only_what_was_given_is_an_option(given):
    given()
    assert stnet.stnet_options() == {}
    given("--stnet_preset=vgg16", "--stnet_modes=dense=699:3, bridge=ALL", "--stnet_literal")
    modes = {"dense": ("699", 3), "bridge": "ALL"}
    expected = {"preset": "vgg16", "modes": modes, "literal": True}
    assert stnet.stnet_options() == expected
    expected = {f"stnet_{name}": value for name, value in expected.items()}
    assert stnet.stnet_options("stnet_") == expected


@pytest.mark.parametrize("wrong", ["dense", "=699", "dense=", "dense=699:", "dense=699:few"])
def test_modes_are_names_and_modes(given, wrong):
    given(f"--stnet_modes={wrong}")
    with pytest.raises(ValueError, match="Expected --stnet_modes=dense=699:3"):
        stnet.stnet_options()


def test_an_evaluation_has_them_only_with_stnet(given):
    shared = ("--dataset=critters", "--stnet_alpha=0.5", "--stnet_collapse=max")
    given("--method=cam", *shared)
    assert not [name for name in evaluate.job_from_flags().explainer_options if "stnet" in name]
    given("--method=stnet,cam", *shared)
    options = evaluate.job_from_flags().explainer_options
    assert (options["stnet_alpha"], options["stnet_collapse"]) == (0.5, "max")
