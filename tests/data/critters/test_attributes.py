import numpy as np
import pytest

from tfwsol.data.critters.attributes import draw_attributes
from tfwsol.data.critters.classes import COAT_NAMES, KINDS, MARK_NAMES, PATTERN_NAMES
from tfwsol.data.critters.streams import open_streams

# The 99.9 % point of chi-square with n - 1 degrees of freedom.
CHI_SQUARE_LIMIT = {8: 24.32, 5: 18.47}
FIELDS = {
    "coat": (COAT_NAMES, None),
    "pattern": (PATTERN_NAMES, None),
    "mark": (MARK_NAMES, 0.70),
}


@pytest.fixture(scope="module", params=[0.45, 0.70])
def draws(request):
    body = request.param
    rows = [
        draw_attributes(k % 10, body, open_streams(0, "train", k).attributes) for k in range(5000)
    ]
    return body, np.array(rows)


@pytest.mark.parametrize("field", FIELDS)
def test_frequencies_follow_the_table(draws, field):
    body, rows = draws
    values, share = FIELDS[field]
    share, count = share or body, len(values)
    column = list(FIELDS).index(field)
    for label, kind in enumerate(KINDS):
        observed = np.bincount(rows[label::10, column], minlength=count)
        expected = np.full(count, 500 * (1 - share) / count)
        expected[values.index(getattr(kind, field))] += 500 * share
        assert ((observed - expected) ** 2 / expected).sum() < CHI_SQUARE_LIMIT[count]


def test_coat_and_pattern_are_drawn_independently(draws):
    body, rows = draws
    agree = [
        np.mean(
            (rows[label::10, 0] == COAT_NAMES.index(kind.coat))
            & (rows[label::10, 1] == PATTERN_NAMES.index(kind.pattern))
        )
        for label, kind in enumerate(KINDS)
    ]
    expected = (body + (1 - body) / 8) * (body + (1 - body) / 5)
    assert np.mean(agree) == pytest.approx(expected, abs=0.025)


def test_certainty_and_the_stream_does_not_depend_on_body():
    ends = []
    for body in (0.0, 1.0):
        stream = open_streams(0, "train", 3).attributes
        drawn = draw_attributes(3, body, stream)
        ends.append(stream.random())
    assert (COAT_NAMES[drawn.coat], PATTERN_NAMES[drawn.pattern]) == ("cream", "socks")
    assert ends[0] == ends[1]
