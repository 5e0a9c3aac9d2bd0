import pytest

from tfwsol import backbones
from tfwsol.backbones import registry


def test_every_name_is_a_function_of_the_package():
    assert registry.names() == sorted(registry.names())
    for name in registry.names():
        assert getattr(backbones, name).__name__ == name


def test_options_go_to_the_function():
    trunk = registry.build("squeezenet", num_classes=None, version="1.1", input_shape=(40, 40, 3))
    assert trunk.get_layer("conv1").filters == 64


def test_near_names_are_suggested():
    with pytest.raises(ValueError, match="did you mean googlenet"):
        registry.build("googlnet")
