import numpy as np
import pytest

from tfwsol.data.critters.streams import open_streams


def test_a_stream_is_the_generator_of_seed_split_index_and_its_own_number():
    streams = open_streams(5, "test", 17)
    for number, stream in enumerate(streams):
        expected = np.random.default_rng([5, 2, 17, number]).random(4)
        np.testing.assert_array_equal(stream.random(4), expected)


def test_all_streams_of_neighbouring_images_differ():
    keys = [(seed, split, k) for seed in (0, 1) for split in ("train", "val") for k in (0, 1)]
    firsts = {stream.random() for key in keys for stream in open_streams(*key)}
    assert len(firsts) == 4 * len(keys)


@pytest.mark.parametrize(
    ("seed", "split", "index", "message"),
    [
        (0, "validation", 0, "train, val, test"),
        (-1, "train", 0, "start at 0"),
        (0, "train", -3, "index=-3"),
    ],
)
def test_wrong_keys_are_named(seed, split, index, message):
    with pytest.raises(ValueError, match=message):
        open_streams(seed, split, index)
