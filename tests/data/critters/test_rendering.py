import numpy as np
import pytest

from tfwsol.data.critters import CLASS_NAMES, render

FIELDS = ("image", "box", "mask", "part_box", "part_mask", "plate")
BLIND = ("box", "mask", "part_box", "part_mask", "plate")


def assert_same(first, second, fields=FIELDS):
    for field in fields:
        np.testing.assert_array_equal(getattr(first, field), getattr(second, field), field)


@pytest.fixture(scope="module")
def critters():
    return [render(0, "train", index) for index in range(150)]


def test_rendering_twice_and_in_another_order_changes_nothing(critters):
    for index in (7, 3, 0, 7):
        again = render(0, "train", index)
        assert_same(critters[index], again)
        assert again.attributes == critters[index].attributes


def test_fields_have_the_promised_types(critters):
    critter = critters[13]
    assert critter.image.shape == critter.plate.shape == (96, 96, 3)
    assert critter.image.dtype == critter.plate.dtype == np.uint8
    assert critter.mask.shape == critter.part_mask.shape == (96, 96)
    assert critter.mask.dtype == critter.part_mask.dtype == bool
    assert critter.box.shape == critter.part_box.shape == (4,)
    assert critter.label == 3


@pytest.mark.parametrize("part", ["", "part_"])
def test_boxes_are_tight_round_their_masks(critters, part):
    for critter in critters:
        mask = getattr(critter, part + "mask")
        x0, y0, x1, y1 = getattr(critter, part + "box")
        inside = mask[y0:y1, x0:x1]
        assert inside.sum() == mask.sum()
        assert inside[0].any()
        assert inside[-1].any()
        assert inside[:, 0].any()
        assert inside[:, -1].any()


def test_the_whole_critter_is_inside_the_frame(critters):
    for critter in critters:
        edge = np.concatenate([critter.mask[[0, -1]].ravel(), critter.mask[:, [0, -1]].ravel()])
        assert not edge.any()


def test_head_in_sight_and_critter_large_enough(critters):
    for critter in critters:
        assert critter.head_in_sight >= 0.85
        assert critter.mask.mean() > 0.02
        assert (critter.part_mask <= critter.mask).all()
        assert 0.05 < critter.part_mask.sum() / critter.mask.sum() < 0.6


def test_sizes_follow_the_published_distribution(critters):
    boxes = np.array([critter.box for critter in critters])
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1) / 96**2
    assert area.mean() == pytest.approx(0.33, abs=0.03)
    assert 0.10 < area.min() < 0.20
    assert 0.45 < area.max() < 0.53
    assert np.mean([c.mask.mean() for c in critters]) == pytest.approx(0.14, abs=0.02)


@pytest.mark.parametrize("index", [0, 12, 25, 38])
def test_a_forced_label_changes_nothing_but_paint(index):
    own = render(0, "test", index)
    for label in range(len(CLASS_NAMES)):
        other = render(0, "test", index, label=label)
        assert_same(own, other, BLIND)
        assert other.label == label
        changed = (own.image != other.image).any(axis=-1)
        if label == own.label:
            assert not changed.any()
        else:
            assert changed[own.part_mask].mean() > 0.02


def test_body_changes_the_paint_only():
    plain, dressed = (render(3, "val", 4, body=body) for body in (0.0, 1.0))
    assert_same(plain, dressed, BLIND)
    assert (plain.image != dressed.image).any()


def test_the_plate_is_the_image_without_the_critter(critters):
    same_outside = []
    for critter in critters[:40]:
        differs = (critter.image != critter.plate).any(axis=-1)
        assert differs[critter.mask].mean() > 0.9
        x0, y0, x1, y1 = critter.box
        around = np.ones((96, 96), bool)
        around[max(y0 - 2, 0) : y1 + 2, max(x0 - 2, 0) : x1 + 2] = False
        same_outside.append(not differs[around].any())
    # Shadows, twigs and stones may reach beyond the box.
    assert np.mean(same_outside) > 0.2


def test_seeds_and_splits_give_other_pictures():
    pictures = [render(*key).image for key in [(0, "train", 1), (1, "train", 1), (0, "test", 1)]]
    for first, second in ((0, 1), (0, 2), (1, 2)):
        assert (pictures[first] != pictures[second]).mean() > 0.5


def test_other_sizes_show_the_same_scene():
    small, large = render(0, "train", 5, image_size=64), render(0, "train", 5, image_size=128)
    assert small.image.shape == (64, 64, 3)
    assert large.attributes == small.attributes
    np.testing.assert_allclose(2 * small.box, large.box, atol=3)
    assert large.mask.mean() == pytest.approx(small.mask.mean(), rel=0.05)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 16}, "at least 32"),
        ({"body": 1.5}, "probability"),
        ({"label": 10}, "0 to 9"),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        render(0, "train", 0, **options)
