"""Windows with PyTorch's borders, against plain NumPy."""

import keras
import numpy as np
import pytest

from tfwsol.backbones.zero_border import averaged, convolved, pooled, pooled_to_ceiling

SIDES = [5, 6, 7, 8]


def run(make, values):
    image = keras.Input((None, None, 1))
    model = keras.Model(image, make(image))
    return keras.ops.convert_to_numpy(model(values[None, ..., None]))[0, ..., 0]


def windows(values, size, strides, border, ceiling=False):
    """Every window of a bordered map, beyond its end filled with zeros, as PyTorch places them."""
    count = [(side + 2 * border - size) / strides + 1 for side in values.shape]
    count = [int(np.ceil(n) if ceiling else n) for n in count]
    # PyTorch drops a window that would start behind the border's beginning on the far side.
    count = [
        n - ((n - 1) * strides >= s + border) for n, s in zip(count, values.shape, strict=True)
    ]
    bordered = np.pad(values, ((border, border + size), (border, border + size)))
    return np.array(
        [
            [
                bordered[y * strides : y * strides + size, x * strides : x * strides + size]
                for x in range(count[1])
            ]
            for y in range(count[0])
        ]
    )


def random_map(height, width):
    return np.random.default_rng(height * 10 + width).uniform(0.1, 1, (height, width))


@pytest.mark.parametrize("height", SIDES)
@pytest.mark.parametrize(("size", "strides"), [(1, 2), (3, 1), (3, 2), (7, 2)])
def test_convolution(height, size, strides):
    values = random_map(height, 9)
    found = run(lambda x: convolved(x, 1, size, strides, "conv", kernel_initializer="ones"), values)
    expected = windows(values, size, strides, size // 2).sum((2, 3))
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_convolution_as_tensorflow_pads():
    values = random_map(6, 6)
    options = {"symmetric": False, "kernel_initializer": "ones"}
    found = run(lambda x: convolved(x, 1, 3, 2, "conv", **options), values)
    np.testing.assert_allclose(found[0, 0], values[:3, :3].sum(), rtol=1e-5)


@pytest.mark.parametrize("height", SIDES)
@pytest.mark.parametrize(("size", "strides", "border"), [(2, 2, 0), (3, 1, 1), (3, 2, 1)])
def test_pool(height, size, strides, border):
    values = random_map(height, 9)
    found = run(lambda x: pooled(x, size, strides, "pool"), values)
    np.testing.assert_allclose(found, windows(values, size, strides, border).max((2, 3)), rtol=1e-6)


@pytest.mark.parametrize(("size", "border"), [(2, 0), (2, 1), (3, 0), (3, 1)])
@pytest.mark.parametrize("height", range(2, 14))
def test_pool_to_the_ceiling(height, size, border):
    values = random_map(height, 10)
    found = run(lambda x: pooled_to_ceiling(x, border, "pool", size), values)
    expected = windows(values, size, 2, border, ceiling=True).max((2, 3))
    np.testing.assert_array_equal(found, expected.astype("float32"))


def test_the_border_counts_in_an_average():
    values = random_map(4, 5)
    found = run(lambda x: averaged(x, "pool"), values)
    np.testing.assert_allclose(found, windows(values, 3, 1, 1).mean((2, 3)), rtol=1e-5)
    np.testing.assert_allclose(found[0, 0], values[:2, :2].sum() / 9, rtol=1e-5)
