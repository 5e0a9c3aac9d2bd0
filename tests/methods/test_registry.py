import pytest

import tfwsol
from tfwsol.methods import names, options_of


def test_own_options_of_each_method():
    found = {name: options_of(name) for name in names()}
    assert found["cam"] == []
    assert found["adl"] == ["positions", "drop_rate", "drop_threshold", "seed"]
    assert found["has"] == ["grid_size", "drop_rate", "seed"]
    assert found["cutmix"] == ["beta", "probability", "seed"]
    assert found["acol"] == ["threshold", "width"]
    assert found["spg"] == ["guides", "width", "thresholds", "guidance_size"]
    with pytest.raises(KeyError):
        options_of("wsddn")


def test_everything_is_reached_through_the_package():
    for name in tfwsol.methods.__all__:
        assert getattr(tfwsol.methods, name).__name__ == name
    assert set(tfwsol.methods.__all__) <= set(dir(tfwsol.methods))
    with pytest.raises(AttributeError, match="no attribute 'Cam'"):
        getattr(tfwsol.methods, "Cam")  # noqa: B009
