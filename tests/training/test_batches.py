import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol.training import Recipe
from tfwsol.training.batches import augmented_data, validation_batches
from tfwsol.training.training_data import number_of_examples

PLAIN = Recipe(epochs=3, batch_size=4, mirror=False, max_shift=0)
AUGMENTED = Recipe(epochs=3, batch_size=4, max_shift=2)


def examples(number=10):
    """Images that can be told apart even when mirrored and shifted, labelled by their index."""
    labels = np.arange(number)
    images = labels[:, None, None, None] * 10 + np.arange(5, dtype=np.uint8)[:, None, None] % 3
    images = np.broadcast_to(images, (number, 5, 6, 3)).astype(np.uint8)
    images = images + np.arange(6, dtype=np.uint8)[:, None]
    return tf.data.Dataset.from_tensor_slices({"image": images, "label": labels})


def training_batches(examples, recipe, seed, epochs=range(3), shard=None):
    size = recipe.batch_size // (shard[1] if shard else 1)
    return augmented_data(examples, recipe, seed).batches(epochs, size, shard)


def arrays(batches):
    pairs = list(batches.as_numpy_iterator())
    return [images for images, _ in pairs], [labels.tolist() for _, labels in pairs]


def test_an_epoch_holds_every_example_once_in_an_order_of_its_own():
    images, labels = arrays(training_batches(examples(), PLAIN, seed=1))
    assert [len(batch) for batch in labels] == [4, 4, 2] * 3
    epochs = [np.concatenate(labels[start : start + 3]).tolist() for start in (0, 3, 6)]
    assert all(sorted(epoch) == list(range(10)) for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3
    original = np.stack([example["image"] for example in examples().as_numpy_iterator()])
    for batch, which in zip(images, labels, strict=True):
        assert batch.dtype == np.float32
        np.testing.assert_array_equal(batch, original[which])


def test_batches_of_the_first_epoch_can_be_left_out():
    data = augmented_data(examples(), AUGMENTED, 1)
    whole, rest = (arrays(data.batches(range(1, 3), 4, None, skip)) for skip in (0, 2))
    assert rest[1] == whole[1][2:]
    for a, b in zip(rest[0], whole[0][2:], strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_seed_decides_order_and_augmentation():
    first, again = (arrays(training_batches(examples(), AUGMENTED, seed=1)) for _ in range(2))
    other = arrays(training_batches(examples(), AUGMENTED, seed=2))
    assert first[1] == again[1] != other[1]
    for a, b in zip(first[0], again[0], strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_global_seed_has_no_say():
    keras.utils.set_random_seed(0)
    first = arrays(training_batches(examples(), AUGMENTED, seed=1))
    keras.utils.set_random_seed(7)
    second = arrays(training_batches(examples(), AUGMENTED, seed=1))
    assert first[1] == second[1]
    np.testing.assert_array_equal(np.concatenate(first[0]), np.concatenate(second[0]))


def test_a_later_start_sees_what_it_would_have_seen():
    images, labels = arrays(training_batches(examples(), AUGMENTED, seed=1))
    later_images, later_labels = arrays(training_batches(examples(), AUGMENTED, 1, range(2, 3)))
    assert later_labels == labels[6:]
    np.testing.assert_array_equal(np.concatenate(later_images), np.concatenate(images[6:]))


def test_machines_share_what_one_would_see():
    images, labels = arrays(training_batches(examples(), AUGMENTED, seed=1))
    shares = [arrays(training_batches(examples(), AUGMENTED, 1, shard=(i, 2))) for i in (0, 1)]
    for place, (whole, names) in enumerate(zip(images, labels, strict=True)):
        for start, (mine, mine_names) in enumerate(shares):
            assert mine_names[place] == names[start::2]
            np.testing.assert_array_equal(mine[place], whole[start::2])


def test_other_data_have_another_identity():
    one = augmented_data(examples(), PLAIN, 1)
    assert one.examples == 10
    turned = examples().map(lambda e: {"image": 255 - e["image"], "label": e["label"]})
    others = [(turned, PLAIN, 1), (examples(), AUGMENTED, 1), (examples(), PLAIN, 2)]
    assert augmented_data(examples(), PLAIN, 1).identity == one.identity
    assert all(augmented_data(*other).identity != one.identity for other in others)


def test_one_image_looks_different_in_every_epoch():
    images, labels = arrays(training_batches(examples(), AUGMENTED, seed=1))
    views = [
        image.tobytes()
        for batch, which in zip(images, labels, strict=True)
        for image, label in zip(batch, which, strict=True)
        if label == 7
    ]
    assert len(set(views)) == 3


def test_validation_images_stay_as_they_are():
    images, labels = arrays(validation_batches(examples(), AUGMENTED))
    assert np.concatenate(labels).tolist() == list(range(10))
    original = [example["image"] for example in examples().as_numpy_iterator()]
    np.testing.assert_array_equal(np.concatenate(images), original)


def test_counting():
    assert number_of_examples(examples()) == 10
    assert number_of_examples(examples().filter(lambda example: example["label"] < 7)) == 7
    with pytest.raises(ValueError, match="it is empty"):
        number_of_examples(examples().take(0))
    with pytest.raises(ValueError, match="it is endless"):
        number_of_examples(examples().repeat())


def test_images_too_small_to_shift_are_refused():
    with pytest.raises(ValueError, match="5 × 6 pixels cannot be shifted by 5"):
        augmented_data(examples(), Recipe(max_shift=5), seed=1)
