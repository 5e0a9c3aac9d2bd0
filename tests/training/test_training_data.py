import itertools

import numpy as np
import pytest
import tensorflow as tf

from tfwsol.data.views import Resize
from tfwsol.training import TrainingData
from tfwsol.training.distribution import Distribution
from tfwsol.training.training_data import DataError, Feed


def numbered(number, **more):
    """Examples that are their own numbers."""
    rows = np.arange(number)
    return TrainingData.of_arrays(rows.astype(np.float32)[:, None], rows, **more)


def machines(count):
    """What `Distribution` says on each machine, without the machines."""
    found = []
    for worker in range(count):
        distribution = Distribution("none")
        distribution.workers, distribution.worker = count, worker
        distribution.replicas = count
        found.append(distribution)
    return found


def labels(steps):
    return [found.numpy().tolist() for _, found, _ in steps]


def test_every_pass_holds_every_example_once_in_an_order_of_its_own():
    feed = Feed(numbered(10), 4, Distribution())
    steps = labels(feed(0, 9))
    assert [len(step) for step in steps] == [4, 4, 2] * 3
    passes = [list(itertools.chain(*steps[at : at + 3])) for at in (0, 3, 6)]
    assert all(sorted(found) == list(range(10)) for found in passes)
    assert passes[0] != passes[1] != passes[2]
    assert labels(feed(0, 9)) == steps, "twice the same"


@pytest.mark.parametrize("first", [1, 2, 3, 4, 7])
def test_it_goes_on_from_any_step(first):
    feed = Feed(numbered(10), 4, Distribution())
    assert labels(feed(first, 9)) == labels(feed(0, 9))[first:]
    assert list(feed(9, 9)) == []


@pytest.mark.parametrize(
    ("examples", "first"), list(itertools.product([9, 10, 12, 13], [0, 2, 3, 4]))
)
def test_machines_share_the_batches_of_one(examples, first):
    """13 examples in batches of 4 by 2: the second machine has nothing left in the last step."""
    one = Feed(numbered(examples), 4, Distribution())
    alone = labels(one(first, 8))
    shares = [list(Feed(numbered(examples), 4, m)(first, 8)) for m in machines(2)]
    assert [len(share) for share in shares] == [8 - first] * 2
    for step, expected in enumerate(alone):
        found = [
            example
            for share in shares
            for example in share[step][1].numpy().tolist()
            if share[step][2]
        ]
        assert sorted(found) == sorted(expected)
        assert all(len(share[step][1]) for share in shares), "no machine gets nothing"


def test_a_data_set_is_seen_through_a_view():
    images = np.arange(6 * 4 * 4 * 3, dtype=np.uint8).reshape(6, 4, 4, 3)
    dataset = tf.data.Dataset.from_tensor_slices(
        {"image": images, "label": np.arange(6), "boxes": np.zeros((6, 1, 4), np.float32)}
    )
    data = TrainingData.of(dataset, Resize(4), seed=3, flip=False, identity={"name": "ramp"})
    assert data.examples == 6
    assert data.identity["name"] == "ramp"
    found = list(Feed(data, 4, Distribution())(0, 4))
    assert [len(step[1]) for step in found] == [4, 2, 4, 2]
    for pictures, which, _ in found:
        np.testing.assert_allclose(pictures, images[which.numpy()], atol=1e-3)


def test_examples_before_the_step_to_go_on_from_are_not_decoded():
    """The first two of four are no pictures."""
    whole = tf.io.encode_png(np.zeros((4, 4, 3), np.uint8)).numpy()
    files = {"image": [b"none", b"none", whole, whole], "label": np.arange(4)}
    examples = tf.data.Dataset.from_tensor_slices(files)
    data = TrainingData.of(examples, Resize(4), shuffle=False, flip=False)
    assert labels(Feed(data, 2, Distribution())(1, 2)) == [[2, 3]]
    with pytest.raises(DataError, match="examples of step 1 cannot be read"):
        list(Feed(data, 2, Distribution())(0, 2))


def test_wrong_sizes_are_one_sentence():
    pair = machines(2)[0]
    with pytest.raises(ValueError, match="batch of 3 cannot be shared by 2 replicas"):
        Feed(numbered(10), 3, pair)
    with pytest.raises(ValueError, match="1 examples are too few for 2 machines"):
        Feed(numbered(1), 2, pair)
    with pytest.raises(ValueError, match="no examples to train on"):
        Feed(TrainingData(0, numbered(1).batches), 2, Distribution())
    empty = tf.data.Dataset.from_tensor_slices({"image": np.zeros((0, 4, 4, 3), np.uint8)})
    with pytest.raises(ValueError, match="it is empty"):
        TrainingData.of(empty, Resize(4))


def test_data_that_end_too_early_are_one_sentence():
    shorter = numbered(4)
    wrong = TrainingData(8, shorter.batches)
    with pytest.raises(DataError, match="end before step 1 of a pass over 8 examples"):
        list(Feed(wrong, 4, Distribution())(0, 20))


def test_a_record_that_cannot_be_read_is_one_sentence():
    def broken(images, labels):
        images = tf.cond(
            labels[0] == 4, lambda: tf.io.decode_raw(["odd"], tf.float32), lambda: images
        )
        return images, labels

    data = numbered(8, shuffle=False)
    spoiled = TrainingData(8, lambda *arguments: data.batches(*arguments).map(broken))
    steps = Feed(spoiled, 4, Distribution())(0, 20)
    next(steps)
    with pytest.raises(DataError, match=r"examples of step 2 cannot be read .*; the run goes on"):
        next(steps)
