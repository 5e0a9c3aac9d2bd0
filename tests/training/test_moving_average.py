import keras
import numpy as np
import pytest

from tfwsol.training.moving_average import averaged


def trained(**options):
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
    optimizer = keras.optimizers.SGD(1.0, **options)
    optimizer.build(model.trainable_variables)
    return model, optimizer


def descend(model, optimizer, gradient):
    values = [keras.ops.full(w.shape, gradient) for w in model.trainable_variables]
    optimizer.apply(values, model.trainable_variables)


def kernel(model):
    return float(model.get_weights()[0][0, 0])


def test_the_average_stands_in_for_the_weights():
    """The kernel goes 1 → 0 → −1; the average is 0 after the first step, then 0.9·0 − 0.1."""
    model, optimizer = trained(use_ema=True, ema_momentum=0.9)
    descend(model, optimizer, 1.0)
    descend(model, optimizer, 1.0)
    with averaged(model, optimizer):
        assert kernel(model) == pytest.approx(-0.1)
    assert kernel(model) == -1.0


def test_the_weights_come_back_after_an_error():
    model, optimizer = trained(use_ema=True, ema_momentum=0.5)
    descend(model, optimizer, 1.0)
    descend(model, optimizer, 1.0)
    with pytest.raises(RuntimeError), averaged(model, optimizer):
        raise RuntimeError
    assert kernel(model) == -1.0


@pytest.mark.parametrize("options", [{}, {"use_ema": True}])
def test_without_an_average_nothing_happens(options):
    model, optimizer = trained(**options)
    with averaged(model, optimizer):
        assert kernel(model) == 1.0


def test_a_loss_scale_may_lie_around_the_optimizer():
    model, optimizer = trained(use_ema=True, ema_momentum=0.9)
    scaled = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=1.0)
    scaled.build(model.trainable_variables)
    for _ in range(2):
        descend(model, scaled, 1.0)
    with averaged(model, scaled):
        np.testing.assert_allclose(kernel(model), -0.1, rtol=1e-6)
