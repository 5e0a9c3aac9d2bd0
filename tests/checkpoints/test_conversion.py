"""Networks take over the weights of other programs' files, or say what is in the way."""

import logging

import keras
import numpy as np
import pytest

from tfwsol import backbones
from tfwsol.checkpoints import CheckpointError, convert, converted, fill

SMALL = (32, 32, 3)


@pytest.fixture(scope="module")
def resnet50():
    """A network with statistics that no initialiser makes."""
    model = backbones.build("resnet50", num_classes=3, input_shape=SMALL)
    random = np.random.default_rng(0)
    for variable in model.weights:
        if len(variable.shape) == 1:
            variable.assign(random.uniform(0.5, 1.5, variable.shape))
    return model


@pytest.fixture(scope="module")
def state(resnet50):
    """Its weights as PyTorch has them: out × in (× height × width)."""
    arrays = {}
    for entry in backbones.file_weights(resnet50, "torchvision"):
        array = np.asarray(entry.variable)
        order = {2: (1, 0), 4: (3, 2, 0, 1)}.get(array.ndim)
        arrays[entry.name] = array.transpose(order) if order else array
        if entry.name.endswith("running_var"):
            counter = entry.name.replace("running_var", "num_batches_tracked")
            arrays[counter] = np.array(1000)
    return arrays


@pytest.fixture(scope="module")
def blank():
    """A network whose weights the tests may change."""
    return backbones.build("resnet50", num_classes=3, input_shape=SMALL)


def answer(model):
    images = np.random.default_rng(1).normal(size=(2, *SMALL)).astype(np.float32)
    return np.asarray(keras.tree.flatten(model(images, training=False))[0])


def test_a_file_gives_the_same_network(torch_file, write, tmp_path, resnet50, state):
    tensors = {f"module.{name}": torch_file.tensor(array) for name, array in state.items()}
    path = write(tmp_path / "w.pth.tar", {"epoch": 9, "state_dict": tensors})
    model, filling = converted(path, "resnet50", input_shape=SMALL)
    np.testing.assert_array_equal(answer(model), answer(resnet50))
    assert filling.source == "torchvision"
    assert len(filling.filled) == len(resnet50.weights) == 267
    assert (filling.initialised, filling.unused) == ((), ())


def test_convolutions_see_their_kernels_the_right_way_round(state, blank):
    """The first convolution, computed here as PyTorch defines it."""
    fill(blank, state)
    image = np.random.default_rng(2).normal(size=(1, *SMALL)).astype(np.float32)
    padded = np.pad(image[0], ((3, 3), (3, 3), (0, 0)))
    kernel = state["conv1.weight"]  # out, in, height, width
    expected = np.einsum("yxi,oiyx->o", padded[4:11, 6:13], kernel)  # row 2, column 3, stride 2
    found = keras.Model(blank.input, blank.get_layer("conv1").output)(image)
    np.testing.assert_allclose(np.asarray(found)[0, 2, 3], expected, rtol=1e-4, atol=1e-4)


def test_missing_and_misfitting_tensors_are_named(state, blank):
    before = [np.asarray(variable) for variable in blank.weights]
    given = {**state, "conv1.weight": np.zeros((64, 4, 7, 7), np.float32), "more": np.zeros(1)}
    given["layer1.0.bn1.bias"] = np.zeros(64, np.int8)
    del given["layer2.0.conv2.weight"], given["bn1.running_mean"]
    with pytest.raises(CheckpointError) as raised:
        fill(blank, given)
    for words in (
        "tensor 'conv1.weight' of shape (64, 4, 7, 7) does not fit 'conv1/kernel' of shape "
        "(7, 7, 3, 64) in Keras' layout",
        "tensor 'layer2.0.conv2.weight' for 'layer2_0_conv2/kernel' of shape (3, 3, 128, 128) "
        "is missing",
        "tensor 'bn1.running_mean' for",
        "'layer1.0.bn1.bias' has dtype int8",
        "unused: more.",
    ):
        assert words in str(raised.value)
    assert "num_batches" not in str(raised.value)
    for variable, array in zip(blank.weights, before, strict=True):
        np.testing.assert_array_equal(np.asarray(variable), array)


def test_the_file_of_another_network_does_not_fill_pages(state, blank):
    """A ResNet18 by its shapes: some tensors fit, one has another size, most are missing."""
    shallow = {
        name: array
        for name, array in state.items()
        if name.startswith(("conv1", "bn1", "layer1.0"))
    }
    shallow["layer1.0.conv1.weight"] = np.zeros((64, 64, 3, 3), np.float32)
    shallow |= {f"layer5.{n}.weight": np.zeros(1) for n in range(9)}
    with pytest.raises(CheckpointError) as raised:
        fill(blank, shallow)
    said = str(raised.value)
    assert said.startswith(
        "it does not fill 'resnet50' by torchvision names: tensor 'layer1.0.conv1.weight' of shape "
        "(64, 64, 3, 3) does not fit 'layer1_0_conv1/kernel' of shape (1, 1, 64, 64)"
    )
    assert "more; unused: layer5.0.weight, " in said
    assert "and 3 more; is it a file of another architecture?" in said
    assert len(said) < 1200


def test_a_missing_head_stays_as_it_is(state, blank):
    body = {name: array for name, array in state.items() if not name.startswith("fc.")}
    filling = fill(blank, {**body, "classifier.6.weight": np.zeros((2, 2))})
    assert len(filling.initialised) == 2
    assert "'fc.weight' for 'logits/kernel' of shape (2048, 3) is missing" in str(filling)
    assert filling.unused == ("classifier.6.weight",)


def test_a_head_for_other_classes(torch_file, tmp_path, state, caplog):
    path = torch_file.write_zip(
        tmp_path / "w.pth", {name: torch_file.tensor(array) for name, array in state.items()}
    )
    with caplog.at_level(logging.WARNING, logger="absl"):
        model = convert(path, "resnet50", num_classes=5, input_shape=SMALL)
    assert answer(model).shape == (2, 5)
    assert "tensor 'fc.weight' of shape (3, 2048) does not fit 'logits/kernel'" in caplog.text
    model, filling = converted(path, "resnet50", num_classes=None, input_shape=SMALL)
    assert filling.unused == ("fc.weight", "fc.bias")


def test_heads_that_do_not_fit_are_refused_unless_asked_for(state):
    other = backbones.build("resnet50", num_classes=5, input_shape=SMALL)
    with pytest.raises(CheckpointError, match=r"'fc\.bias' of shape \(3,\) does not fit"):
        fill(other, state)


def test_half_precision_files(state, resnet50, blank):
    fill(blank, {name: array.astype(np.float16) if array.ndim else array
                 for name, array in state.items()})  # fmt: skip
    np.testing.assert_allclose(answer(blank), answer(resnet50), rtol=0.05, atol=0.5)


def test_tensorpack_archives_and_the_output_file(tmp_path):
    options = {"num_classes": None, "input_shape": SMALL}
    model = backbones.build("vgg16", **options)
    entries = backbones.file_weights(model, "tensorpack")
    np.savez(tmp_path / "w.npz", **{e.name: np.asarray(e.variable) for e in entries})
    output = tmp_path / "new" / "w.weights.h5"
    found = convert(tmp_path / "w.npz", "vgg16", output, **options)
    np.testing.assert_array_equal(answer(found), answer(model))
    assert [file.name for file in output.parent.iterdir()] == ["w.weights.h5"]
    for variable in found.weights:
        variable.assign(np.zeros(variable.shape))
    found.load_weights(output)
    np.testing.assert_array_equal(answer(found), answer(model))


def test_the_output_is_named_for_what_it_is(tmp_path):
    with pytest.raises(CheckpointError, match=r"ends in \.keras or \.weights\.h5"):
        convert(tmp_path / "none.pth", "resnet50", tmp_path / "w.pth")


def test_the_wrong_architecture(torch_file, tmp_path):
    path = torch_file.write_zip(tmp_path / "w.pth", {"a": torch_file.tensor(np.zeros(2))})
    for name, words in (
        ("vgg16", r"w\.pth: none of its 1 tensors \(a, …\) fits 'vgg16'"),
        ("critter_net", r"are Keras files.*'resnet50'"),
        ("vgg17", "did you mean vgg16"),
    ):
        with pytest.raises(ValueError, match=words):
            convert(path, name, input_shape=SMALL)
    with pytest.raises(CheckpointError, match="No names of 'caffe' are known"):
        convert(path, "vgg16", source="caffe", input_shape=SMALL)
