import numpy as np
import pytest

from tfwsol import checkpoints
from tfwsol.methods import build
from tfwsol.methods.networks.published_names import holds_whole_localizer, published_weights

OPTIONS = {"input_shape": (32, 32, 3), "width": 4}


@pytest.fixture(params=["acol", "spg"])
def published(request, tmp_path):
    """A localizer of VGG16, the tensors of a file of it in PyTorch's layout, and the file."""
    model, rng = build(request.param, "vgg16", 3, **OPTIONS), np.random.default_rng(0)
    tensors = {}
    for weight in published_weights(model):
        shape = weight.variable.shape
        axes = weight.axes or range(len(shape))
        back = [shape[list(axes).index(axis)] for axis in range(len(shape))]
        tensors[weight.name] = rng.uniform(size=back).astype("float32")
    np.savez(tmp_path / "whole.npz", **tensors)
    return request.param, tensors, tmp_path / "whole.npz"


def test_a_checkpoint_of_the_method_sets_everything(published):
    method, tensors, path = published
    assert holds_whole_localizer(path, method)
    model = build(method, "vgg16", 3, weights=path, **OPTIONS)
    for weight in published_weights(model):
        np.testing.assert_array_equal(weight.variable, weight.to_keras(tensors[weight.name]))


def test_one_that_lacks_a_branch_is_refused(published, tmp_path):
    method, tensors, _ = published
    lacking = {"acol": "classifier_B.2.weight", "spg": "SPG_C.0.weight"}[method]
    np.savez(tmp_path / "lacking.npz", **{n: v for n, v in tensors.items() if n != lacking})
    with pytest.raises(checkpoints.CheckpointError, match=f"lacking.npz.*{lacking}"):
        build(method, "vgg16", 3, weights=tmp_path / "lacking.npz", **OPTIONS)


def test_files_of_others(published):
    method, _, path = published
    assert not holds_whole_localizer(path, "spg" if method == "acol" else "acol")
    assert not holds_whole_localizer("imagenet", method)
    assert not holds_whole_localizer("a.keras", method)
    assert not holds_whole_localizer(None, method)
