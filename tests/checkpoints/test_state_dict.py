"""The rule by which the state dict is found among a checkpoint's dictionaries."""

import pytest

from tfwsol.checkpoints import CheckpointError
from tfwsol.checkpoints.state_dict import found_in
from tfwsol.checkpoints.tensor_record import TensorRecord

T = TensorRecord((2,), "float32", None)


@pytest.mark.parametrize(
    ("tree", "container", "names"),
    [
        ({"w": T, "b": T}, "", ["w", "b"]),
        ({"model": {"w": T}, "state_dict": {"v": T}}, "state_dict", ["v"]),
        ({"model": {"depth": 50}, "weights": {"v": T}}, "weights", ["v"]),
        ({"model": {"state_dict": {"w": T}}}, "model/state_dict", ["w"]),
        ({"mean": T, "net": {"w": T}}, "net", ["w"]),
        ({"epoch": 1, "mine": {"w": T}, "args": {"a": 1}}, "mine", ["w"]),
        ({"model": "resnet", "w": T}, "", ["w"]),
    ],
)
def test_which_dictionary(tree, container, names):
    found = found_in(tree)
    assert (found.container, list(found.tensors)) == (container, names)


def test_what_is_left_out_is_named():
    found = found_in({"model": {"w": T, "step": 3, "deep": {}}, "epoch": 1})
    assert found.left_out == ("epoch", "model/step", "model/deep")


@pytest.mark.parametrize(
    ("names", "prefix", "expected"),
    [
        (["module.a", "module.b"], "module.", ["a", "b"]),
        (["module.module.a"], "module.module.", ["a"]),
        (["_orig_mod.module.a"], "_orig_mod.module.", ["a"]),
        (["module.a", "b"], "", ["module.a", "b"]),
        (["modules.a"], "", ["modules.a"]),
    ],
)
def test_prefixes_go_only_where_every_name_has_them(names, prefix, expected):
    found = found_in(dict.fromkeys(names, T))
    assert (found.prefix, list(found.tensors)) == (prefix, expected)


def test_several_dictionaries_need_an_entry():
    tree = {"student": {"w": T}, "teacher": {"v": T}}
    with pytest.raises(CheckpointError, match=r"several .*'student', 'teacher'.* entry="):
        found_in(tree)
    assert list(found_in(tree, "teacher").tensors) == ["v"]


def test_depth_is_bounded():
    tree = {"w": T}
    for _ in range(9):
        tree = {"model": tree}
    with pytest.raises(CheckpointError, match="deeper than 8"):
        found_in(tree)


def test_names_must_be_text():
    with pytest.raises(CheckpointError, match="no printable text"):
        found_in({0: T})
