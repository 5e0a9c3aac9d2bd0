"""Lines of text that fit."""

import numpy as np
from PIL import Image, ImageDraw

from tfwsol.visualization.lettering import fitted, font, write_line


def test_text_that_fits_stays():
    assert fitted("tabby  cat\n92 %", font(14), 500) == "tabby cat 92 %"


def test_long_text_loses_its_middle_and_keeps_both_ends():
    face, text = font(14), "soft-coated wheaten terrier, 92.1 %"
    for width in (150, 100, 60):
        short = fitted(text, face, width)
        assert face.getlength(short) <= width
        head, tail = short.split("…")
        assert text.startswith(head)
        assert text.endswith(tail)
        assert len(short) < len(text)
    assert fitted(text, face, 1) == ""


def test_a_line_is_written_inside_its_width():
    canvas = Image.new("RGB", (200, 40), "white")
    write_line(ImageDraw.Draw(canvas), (20, 20), "golden retriever " * 5, font(16), 100)
    rows, columns = np.nonzero(np.asarray(canvas).min(axis=-1) < 128)
    assert 19 <= columns.min() < columns.max() <= 121
    assert 8 <= rows.min() < 20 < rows.max() <= 32
