import keras
import pytest

from tfwsol.training import Recipe


def test_the_learning_rate_rises_and_falls():
    recipe = Recipe(epochs=3, peak_learning_rate=1e-2, warmup_epochs=1)
    schedule = recipe.optimizer(steps_per_epoch=10)._learning_rate
    rates = [float(schedule(step)) for step in range(31)]
    assert rates[0] == pytest.approx(1e-3)
    assert rates[5] == pytest.approx((1e-3 + 1e-2) / 2)
    assert rates[10] == pytest.approx(1e-2)
    assert rates[20] == pytest.approx((1e-2 + 1e-4) / 2), "half-way down the cosine"
    assert rates[30] == pytest.approx(1e-4)
    assert max(rates) == rates[10]


def test_a_warm_up_longer_than_the_run_is_possible():
    schedule = Recipe(epochs=1, warmup_epochs=5).optimizer(4)._learning_rate
    assert float(schedule(3)) < float(schedule(19))


def test_only_kernels_decay():
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3), keras.layers.BatchNormalization()]
    )
    optimizer = Recipe().optimizer(10)
    optimizer.build(model.trainable_variables)
    decaying = [v.name for v in model.trainable_variables if optimizer._use_weight_decay(v)]
    assert decaying == ["kernel"]
    assert float(optimizer.weight_decay) == pytest.approx(1e-3)


@pytest.mark.parametrize(
    "numbers",
    [{"epochs": 0}, {"batch_size": 0}, {"peak_learning_rate": 0.0}, {"max_shift": -1}],
)
def test_numbers_out_of_range_are_refused(numbers):
    with pytest.raises(ValueError, match=r"positive|not negative"):
        Recipe(**numbers)
