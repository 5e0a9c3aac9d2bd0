from tfwsol.data.some_names import some_names


def test_long_lists_are_cut():
    assert some_names(["a"]) == "1 picture (a)"
    assert some_names(["a", "b", "c"]) == "3 pictures (a, b, c)"
    assert some_names(list("abcd"), "mask", shown=2) == "4 masks (a, b, …)"
