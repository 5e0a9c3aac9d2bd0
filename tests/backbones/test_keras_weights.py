import keras
import numpy as np
import pytest

from tfwsol.backbones.keras_weights import copy_keras_weights
from tfwsol.backbones.trained_classifier import ModelError

OPTIONS = {"alpha": 0.25, "include_top": False, "input_shape": (32, 32, 3)}


@pytest.fixture(scope="module")
def body(tmp_path_factory):
    keras.utils.set_random_seed(0)
    model = keras.applications.MobileNet(weights=None, **OPTIONS)
    path = tmp_path_factory.mktemp("weights") / "body.weights.h5"
    model.save_weights(path)
    return model, path


def test_the_first_weights_are_copied(body):
    model, path = body
    variables = [keras.Variable(np.zeros(weight.shape)) for weight in model.weights[:7]]
    copy_keras_weights(variables, "MobileNet", path, OPTIONS)
    for variable, weight in zip(variables, model.weights, strict=False):
        np.testing.assert_array_equal(variable, weight)


@pytest.mark.parametrize("shapes", [[(3, 3, 3, 16)], [(3, 3, 3, 8), (9,)], [(3, 3, 3, 8)] * 200])
def test_others_are_refused_and_nothing_is_set(body, shapes):
    variables = [keras.Variable(np.zeros(shape)) for shape in shapes]
    with pytest.raises(ModelError, match=r"body\.weights\.h5.*do not begin with those of this"):
        copy_keras_weights(variables, "MobileNet", body[1], OPTIONS)
    assert not any(np.asarray(variable).any() for variable in variables)
