import numpy as np
import pytest
import tensorflow as tf

from tfwsol.data import views
from tfwsol.data.pipeline import batches
from tfwsol.data.views import Resize, ResizeCrop

NUMBER = 23
TRAIN = ResizeCrop(16, 12, "random")


def generate():
    for number in range(NUMBER):
        draw = np.random.default_rng(number)
        yield {
            "image": draw.integers(0, 256, (20 + number, 30, 3), dtype=np.uint8),
            "label": np.int64(number),
            "boxes": np.tile(np.float32([1, 2, 9, 8]), (number % 3, 1)),
            "image_id": f"{number:02d}",
            "labels": np.arange(number % 4, dtype=np.int64),
        }


SIGNATURE = {
    "image": tf.TensorSpec([None, None, 3], tf.uint8),
    "label": tf.TensorSpec([], tf.int64),
    "boxes": tf.TensorSpec([None, 4], tf.float32),
    "image_id": tf.TensorSpec([], tf.string),
    "labels": tf.TensorSpec([None], tf.int64),
}


@pytest.fixture(scope="module")
def dataset():
    examples = tf.data.Dataset.from_generator(generate, output_signature=SIGNATURE)
    return examples.apply(tf.data.experimental.assert_cardinality(NUMBER)).cache()


def read(*args, threads=None, **options):
    batched = batches(*args, **options)
    if threads:
        settings = tf.data.Options()
        settings.threading.private_threadpool_size = threads
        settings.threading.max_intra_op_parallelism = 1
        batched = batched.with_options(settings)
    return list(batched)


def labels(found):
    return np.concatenate([batch["label"].numpy() for batch in found])


def images(found):
    """The image of each label."""
    both = [(batch["label"].numpy(), batch["image"].numpy()) for batch in found]
    return {label: image for batch in both for label, image in zip(*batch, strict=True)}


def assert_same(first, second):
    np.testing.assert_array_equal(labels(first), labels(second))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one["image"], other["image"])
        np.testing.assert_array_equal(one["region"], other["region"])


def test_batches_hold_the_examples_in_order(dataset):
    batched = batches(dataset, Resize(8), 10)
    assert batched.cardinality() == 3
    found = list(batched)
    assert labels(found).tolist() == list(range(NUMBER))
    assert [len(batch["label"]) for batch in found] == [10, 10, 3]
    assert found[0]["image"].shape == (10, 8, 8, 3)
    assert found[0]["image_size"].numpy()[3].tolist() == [23, 30]
    for key in ("boxes", "view_boxes"):
        assert isinstance(found[0][key], tf.RaggedTensor)
        assert found[0][key].row_lengths().numpy().tolist() == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
        assert found[0][key].shape.as_list() == [10, None, 4]
    assert found[0]["labels"].row_lengths().numpy().tolist() == [0, 1, 2, 3, 0, 1, 2, 3, 0, 1]
    np.testing.assert_array_equal(found[0]["boxes"][4].numpy(), [[1, 2, 9, 8]])


def test_lists_of_one_length_are_ragged_all_the_same():
    examples = tf.data.Dataset.from_tensors(
        {"image": np.zeros((9, 9, 3), np.uint8), "boxes": np.ones((2, 4), np.float32)}
    )
    (batch,) = batches(examples, Resize(8), 4)
    assert isinstance(batch["boxes"], tf.RaggedTensor)
    assert isinstance(batch["view_boxes"], tf.RaggedTensor)


def test_the_last_batch_may_be_left_out(dataset):
    batched = batches(dataset, Resize(8), 10, drop_remainder=True)
    assert batched.element_spec["image"].shape == (10, 8, 8, 3)
    assert batched.cardinality() == len(list(batched)) == 2


def test_a_number_of_examples_that_is_not_known():
    unknown = tf.data.Dataset.from_generator(generate, output_signature=SIGNATURE)
    assert labels(read(unknown, Resize(8), 10)).tolist() == list(range(NUMBER))


RANDOM = {"shuffle": 7, "flip": True, "seed": 5}


def test_the_same_seed_gives_the_same_batches_on_any_number_of_threads(dataset):
    first = read(dataset, TRAIN, 4, threads=1, **RANDOM)
    assert_same(first, read(dataset, TRAIN, 4, threads=8, **RANDOM))
    assert sorted(labels(first)) == list(range(NUMBER))
    assert labels(first).tolist() != list(range(NUMBER))


def test_reading_twice_gives_the_same_batches_twice(dataset):
    batched = batches(dataset, TRAIN, 4, **RANDOM)
    assert_same(list(batched), list(batched))


def test_the_global_seed_changes_nothing(dataset):
    first = read(dataset, TRAIN, 4, **RANDOM)
    tf.random.set_seed(99)
    assert_same(first, read(dataset, TRAIN, 4, **RANDOM))


@pytest.mark.parametrize("change", [{"seed": 6}, {"epochs": (1,)}])
def test_another_seed_or_epoch_has_another_order_and_other_draws(dataset, change):
    first = read(dataset, TRAIN, 4, **RANDOM)
    other = read(dataset, TRAIN, 4, **{**RANDOM, **change})
    assert labels(first).tolist() != labels(other).tolist()
    before, after = images(first), images(other)
    # Each of 25 places and 2 directions is equally likely: most views change.
    assert sum((before[label] != after[label]).any() for label in before) > NUMBER / 2


def test_neighbouring_seeds_and_epochs_do_not_meet(dataset):
    later = read(dataset, TRAIN, 4, **{**RANDOM, "epochs": (1,)})
    next_seed = read(dataset, TRAIN, 4, **{**RANDOM, "seed": 6})
    assert labels(later).tolist() != labels(next_seed).tolist()


def test_epochs_follow_each_other_and_can_be_taken_up_in_the_middle(dataset):
    both = batches(dataset, TRAIN, 10, epochs=range(2), **RANDOM)
    assert both.cardinality() == 6
    found = list(both)
    assert_same(found[:3], read(dataset, TRAIN, 10, **RANDOM))
    assert_same(found[3:], read(dataset, TRAIN, 10, epochs=(1,), **RANDOM))


def test_batches_of_the_first_epoch_can_be_left_out(dataset):
    both = list(batches(dataset, TRAIN, 10, epochs=range(2), **RANDOM))
    for skip in range(4):
        rest = batches(dataset, TRAIN, 10, epochs=range(2), skip=skip, **RANDOM)
        assert rest.cardinality() == 6 - skip
        assert_same(list(rest), both[skip:])
    assert len(list(batches(dataset, TRAIN, 10, epochs=range(2), skip=9, **RANDOM))) == 3


def test_what_is_left_out_is_not_decoded():
    whole = tf.io.encode_png(np.zeros((9, 9, 3), np.uint8))
    files = tf.data.Dataset.from_tensor_slices({"image": [b"no picture", b"nor this", whole]})
    assert len(list(batches(files, Resize(8), 2, skip=1))) == 1
    with pytest.raises(tf.errors.InvalidArgumentError):
        list(batches(files, Resize(8), 2))


def test_shards_part_the_data_and_change_no_picture(dataset):
    whole = images(read(dataset, TRAIN, 4, **RANDOM))
    parts = [images(read(dataset, TRAIN, 4, shard=(index, 3), **RANDOM)) for index in range(3)]
    assert [sorted(part) for part in parts] == [list(range(i, NUMBER, 3)) for i in range(3)]
    for label, image in (pair for part in parts for pair in part.items()):
        np.testing.assert_array_equal(image, whole[label])


def test_half_of_the_views_are_mirrored_and_none_without_flip():
    picture = np.zeros((1, 12, 12, 3), np.uint8)
    many = tf.data.Dataset.from_tensor_slices({"image": picture}).repeat(400)
    (batch,) = batches(many, Resize(12), 400, flip=True)
    mirrored = batch["region"][:, 0] > batch["region"][:, 2]
    # Four standard deviations of 400 fair coins are 40.
    assert abs(int(tf.math.count_nonzero(mirrored)) - 200) < 40
    (batch,) = batches(many, ResizeCrop(12, 8, "random"), 400)
    assert not (batch["region"][:, 0] > batch["region"][:, 2]).numpy().any()
    assert len(np.unique(batch["region"].numpy(), axis=0)) == 25


def test_files_are_decoded_after_shuffling(dataset):
    encoded = dataset.map(lambda example: {**example, "image": tf.io.encode_png(example["image"])})
    assert_same(read(encoded, TRAIN, 4, **RANDOM), read(dataset, TRAIN, 4, **RANDOM))


def test_a_view_is_traced_once(dataset, monkeypatch):
    traced = []
    place = ResizeCrop.placement
    monkeypatch.setattr(
        views.ResizeCrop, "placement", lambda *args: traced.append(args) or place(*args)
    )
    assert len(read(dataset, TRAIN, 4, epochs=range(3), **RANDOM)) == 18
    assert len(traced) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 0},
        {"batch_size": 2, "shuffle": -1},
        {"batch_size": 2, "seed": -1},
        {"batch_size": 2, "epochs": ()},
        {"batch_size": 2, "shard": (3, 3)},
        {"batch_size": 2, "skip": -1},
    ],
)
def test_impossible_options(dataset, options):
    with pytest.raises(ValueError, match="got"):
        batches(dataset, Resize(8), **options)
