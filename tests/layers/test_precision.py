"""Tensors in the type of a layer."""

import keras
import numpy as np
from keras import ops

from tfwsol.layers.precision import in_precision


def test_a_tensor_of_the_type_comes_back_itself():
    tensor = ops.convert_to_tensor(np.float32([1.5]))
    assert in_precision(tensor, "float32") is tensor


def test_other_types_are_cast():
    for values in (np.uint8([1, 200]), np.float64([1, 200]), [1, 200]):
        result = in_precision(values, "float16")
        assert keras.backend.standardize_dtype(result.dtype) == "float16"
        np.testing.assert_array_equal(result, [1, 200])
