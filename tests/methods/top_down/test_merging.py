import keras
import numpy as np
import pytest
from keras import layers

from tfwsol.methods import STNet


def scaled(x, factor, name):
    layer = layers.Conv2D(1, 1, use_bias=False, name=name)
    y = layer(x)
    layer.set_weights([np.full((1, 1, 1, 1), factor)])
    return y


def below(merge, factors, at, modes=None):
    """The gate that the branch `at` gets when its image, a single pair of ones, is merged."""
    image = keras.Input((1, 2, 1), name="image")
    x = layers.ReLU(name="shared")(image)
    branches = [scaled(x, factor, f"branch_{place}") for place, factor in enumerate(factors)]
    merged = layers.Flatten()(merge(branches))
    model = keras.Model(image, layers.Dense(1, kernel_initializer="ones")(merged))
    # Two cells, of which the second is empty, so that the dense layer has a map.
    pixels = np.reshape([1, 0], (1, 1, 2, 1)).astype("float32")
    method = STNet(model, "general", at, modes=modes or {})
    return float(np.array(method.localize(pixels, 0).maps)[0, 0, 0, 0])


SUMS = {
    "layer": layers.Add(),
    "mean": layers.Average(),
    "operator": lambda branches: branches[0] + branches[1],
}


@pytest.mark.parametrize("merge", SUMS)
def test_a_sum_shares_by_contribution(merge):
    factors = [1.0, 3.0]
    assert below(SUMS[merge], factors, "branch_0") == pytest.approx(0.25)
    assert below(SUMS[merge], factors, "branch_1") == pytest.approx(0.75)


def test_what_lowers_a_sum_gets_nothing():
    assert below(SUMS["layer"], [-1.0, 3.0], "branch_0") == 0
    assert below(SUMS["layer"], [-1.0, 3.0], "branch_1") == pytest.approx(1)


def test_a_tensor_read_twice_gets_both_gates():
    assert below(SUMS["layer"], [1.0, 3.0], "shared") == pytest.approx(1)
    assert below(lambda branches: branches[0] + branches[0], [1.0], "branch_0") == pytest.approx(1)


def test_a_concatenation_gives_every_branch_its_own():
    # The group is of one channel: the one of the larger product.
    assert below(layers.Concatenate(), [1.0, 3.0], "branch_0") == 0
    assert below(layers.Concatenate(), [1.0, 3.0], "branch_1") == pytest.approx(1)
    assert below(layers.Concatenate(axis=1), [1.0, 3.0], "shared") == pytest.approx(1)


def test_unequal_shapes():
    image = keras.Input((4, 4, 1))
    x = layers.Conv2D(3, 1, activation="relu")(image)
    y = layers.GlobalAveragePooling2D(keepdims=True)(x)
    model = keras.Model(image, layers.Dense(2)(layers.GlobalMaxPooling2D()(layers.Add()([x, y]))))
    with pytest.raises(ValueError, match=r"adds tensors of different shapes"):
        STNet(model)
