import numpy as np
import pytest

from tfwsol.metrics import energy_inside, part_focus, part_only, peak_inside
from tfwsol.metrics.part_focus import min_max

OBJECT, PART = [0, 0, 8, 4], [0, 0, 2, 2]


def picture(*regions):
    """A map of 8 × 8 zeros with (x0, y0, x1, y1, value) painted in."""
    score_map = np.zeros((8, 8))
    for x0, y0, x1, y1, value in regions:
        score_map[y0:y1, x0:x1] = value
    return score_map


def mask(x0, y0, x1, y1):
    return picture((x0, y0, x1, y1, 1)).astype(bool)


@pytest.mark.parametrize(
    ("region", "expected"),
    [
        ((0, 0, 2, 2), True),  # the part itself
        ((0, 0, 3, 3), True),  # part 4/9, object 9/32
        ((0, 0, 8, 4), False),  # the object itself
        ((0, 0, 4, 4), False),  # object 1/2: not below one half
        ((0, 0, 4, 3), False),  # object 12/32 > part 4/12
        ((6, 6, 8, 8), False),  # neither: no better on the part
    ],
)
def test_part_only_by_hand(region, expected):
    maps = picture((*region, 1.0))[None]
    np.testing.assert_array_equal(part_only(maps, [OBJECT], [PART]), [expected])


def test_part_only_depends_on_the_threshold():
    maps = picture((*OBJECT, 0.6), (*PART, 1.0))[None]
    assert not part_only(maps, [OBJECT], [PART])[0]
    assert part_only(maps, [OBJECT], [PART], threshold=0.7)[0]


def test_the_threshold_acts_between_minimum_and_maximum():
    maps = picture((*OBJECT, 0.6), (*PART, 1.0))[None]
    np.testing.assert_array_equal(
        part_only(5 * maps - 20, [OBJECT], [PART]), part_only(maps, [OBJECT], [PART])
    )


def test_peak_by_hand():
    maps = np.stack([picture((7, 3, 8, 4, 2.0)), picture((1, 1, 2, 2, 2.0)), picture() - 1])
    masks = np.stack([mask(*PART)] * 3)
    np.testing.assert_array_equal(peak_inside(maps, masks), [False, True, True])
    np.testing.assert_array_equal(peak_inside(maps, ~masks), [True, False, False])


def test_energy_by_hand():
    # From -1: the part is worth 4 × 2, the rest of the object 28 × 1, the background 0.
    maps = picture((*OBJECT, 1.0), (*PART, 2.0))[None] - 1
    assert energy_inside(maps, mask(*PART)[None])[0] == pytest.approx(8 / 36)
    assert energy_inside(maps, mask(*OBJECT)[None])[0] == 1.0
    assert energy_inside(maps, mask(4, 0, 8, 8)[None])[0] == pytest.approx(16 / 36)


def test_a_constant_map_spreads_evenly():
    maps = np.full((1, 8, 8), 3.0)
    assert energy_inside(maps, mask(*OBJECT)[None])[0] == 32 / 64


def test_range_and_type_do_not_matter():
    generator = np.random.default_rng(0)
    maps = generator.uniform(size=(5, 8, 8)).astype(np.float32)
    masks = generator.uniform(size=(5, 8, 8)) < 0.3
    scaled = maps.astype(np.float64) * 40 - 7
    np.testing.assert_allclose(energy_inside(maps, masks), energy_inside(scaled, masks))
    np.testing.assert_allclose(
        energy_inside(maps, masks), energy_inside(maps, masks.astype(np.uint8))
    )
    assert min_max(maps).dtype == np.float64
    assert min_max(maps).min() == 0.0
    assert min_max(maps).max() == 1.0


def test_chance_level():
    """Random maps put peak and energy inside as often as the mask is large."""
    maps = np.random.default_rng(0).uniform(size=(4000, 8, 8))
    masks = np.broadcast_to(mask(*OBJECT), maps.shape)
    assert peak_inside(maps, masks).mean() == pytest.approx(0.5, abs=0.03)
    assert energy_inside(maps, masks).mean() == pytest.approx(0.5, abs=0.01)


def test_means_in_percent():
    maps = np.stack([picture((*PART, 1.0)), picture((*OBJECT, 1.0)), picture((6, 6, 8, 8, 1.0))])
    found = part_focus(
        maps,
        np.stack([mask(*OBJECT)] * 3),
        np.stack([mask(*PART)] * 3),
        np.array([OBJECT] * 3),
        np.array([PART] * 3),
    )
    assert found == pytest.approx(
        {
            "part_only": 100 / 3,
            "peak_on_part": 200 / 3,  # the object's first cell is the part's
            "peak_on_object": 200 / 3,
            "energy_in_part": 100 * (1 + 4 / 32) / 3,
            "energy_in_object": 200 / 3,
        }
    )
    assert all(type(value) is float for value in found.values())


def test_bad_input_is_refused():
    maps, masks = np.zeros((2, 8, 8)), np.zeros((2, 8, 8), bool)
    with pytest.raises(ValueError, match="Resize the maps"):
        energy_inside(maps[:, :4], masks)
    with pytest.raises(ValueError, match="batch × height × width"):
        peak_inside(maps[0], masks[0])
    with pytest.raises(ValueError, match="finite"):
        peak_inside(np.full((1, 8, 8), np.nan), masks[:1])
    with pytest.raises(ValueError, match=r"part_boxes holds one box per map, shape \(2, 4\)"):
        part_only(maps, [OBJECT] * 2, [PART])
    with pytest.raises(ValueError, match="no image"):
        part_focus(maps[:0], masks[:0], masks[:0], np.zeros((0, 4)), np.zeros((0, 4)))
