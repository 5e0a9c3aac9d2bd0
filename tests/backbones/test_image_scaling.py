import keras
import numpy as np
import pytest

from tfwsol.backbones.image_scaling import on_a_copy, scaling

COLOUR = np.float32([255, 127.5, 0])


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("tf", [1, 0, -1]),
        ("torch", [(1 - 0.485) / 0.229, (0.5 - 0.456) / 0.224, -0.406 / 0.225]),
        ("torch, BGR", [-0.406 / 0.225, (0.5 - 0.456) / 0.224, (1 - 0.485) / 0.229]),
        ("caffe", [-103.939, 127.5 - 116.779, 255 - 123.68]),
    ],
)
def test_arrays_and_tensors_alike(mode, expected):
    images = np.broadcast_to(COLOUR, (2, 3, 4, 3)).copy()
    before = images.copy()
    for given in (images, keras.ops.convert_to_tensor(images)):
        found = scaling(mode)(given)
        assert type(found) is type(given)
        np.testing.assert_allclose(found, np.broadcast_to(expected, images.shape), atol=1e-5)
    np.testing.assert_array_equal(images, before)


def test_only_a_copy_is_changed():
    def in_place(images):
        images /= 2
        return images

    images = np.full((1, 2, 2, 3), 200, np.uint8)
    found = on_a_copy(in_place)(images)
    assert found.dtype == np.float32
    assert (found == 100).all()
    assert (images == 200).all()
