import numpy as np
import pytest

from tfwsol.visualization import Line, line_plot

X = np.linspace(0, 1, 50)


def test_lines_are_drawn_in_their_colours():
    empty = line_plot([Line("nothing", X[:0], X[:0])], "x", "y")
    picture = line_plot([Line("rising", X, X), Line("falling", X, 1 - X, colour=1)], "x", "y")
    assert picture.dtype == np.uint8
    assert picture.shape == empty.shape
    for colour in ((0x0B, 0x6E, 0x99), (0xD1, 0x49, 0x5B)):
        assert (np.abs(picture.astype(int) - colour).max(axis=-1) < 12).sum() > 200
    assert (picture[0, 0] == 255).all()


@pytest.mark.parametrize("lines", [[], [Line("a", X, X[1:])]])
def test_bad_lines(lines):
    with pytest.raises(ValueError, match="at least one line"):
        line_plot(lines, "x", "y")
