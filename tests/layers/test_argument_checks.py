"""Arguments that are refused, and what comes back for the others."""

import keras
import numpy as np
import pytest

from tfwsol.layers.argument_checks import (
    check_rank,
    check_unit_interval,
    check_whole_number,
    image_data_format,
)


@pytest.mark.parametrize("value", [0, 1, 0.25, np.float32(0.25), np.int64(1)])
def test_shares(value):
    result = check_unit_interval("share", value)
    assert type(result) is float
    assert result == value


@pytest.mark.parametrize("value", [-1e-9, 1.1, float("nan"), None, "a", False])
def test_no_shares(value):
    with pytest.raises(ValueError, match="Expected share to be a number between 0 and 1"):
        check_unit_interval("share", value)


def test_whole_numbers():
    assert check_whole_number("count", np.int32(3), 3) == 3
    for value in (2, 3.0, True, None, "3"):
        with pytest.raises(ValueError, match=f"whole number of at least 3, but {value!r} came"):
            check_whole_number("count", value, 3)


def test_ranks():
    check_rank("Layer", (None, None, 3, 4))
    with pytest.raises(ValueError, match=r"Layer expects .* but shape \(None, 3\) came"):
        check_rank("Layer", (None, 3))


def test_data_formats():
    assert image_data_format(None) == keras.config.image_data_format()
    assert image_data_format("channels_first") == "channels_first"
    with pytest.raises(ValueError, match="but 'nchw' came"):
        image_data_format("nchw")
