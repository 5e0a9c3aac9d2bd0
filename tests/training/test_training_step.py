import keras
import numpy as np
import pytest
import tensorflow as tf

from tfwsol.training import GroupedSGD
from tfwsol.training.distribution import Distribution
from tfwsol.training.training_step import TrainingStep


def stepped(model, batches, batch_size=8, optimizer=None, **options):
    """The numbers of every step."""
    optimizer = optimizer or GroupedSGD(0.1, decay=1e-3)
    optimizer.build(model.trainable_variables)
    step = TrainingStep(model, optimizer, Distribution(), batch_size, **options)
    return [step(tf.constant(x), tf.constant(y)).numpy() for x, y in batches]


def in_batches(images, labels, size=8):
    return [(images[at : at + size], labels[at : at + size]) for at in range(0, len(labels), size)]


def same_weights(one, other, **tolerance):
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, **tolerance)


def test_it_makes_the_steps_that_keras_fit_makes(network, patterns):
    """A batch of a full pass that is smaller counts as the mean over its examples in both."""
    images, labels = patterns(20)
    ours, theirs = network("plain"), network("plain")
    numbers = stepped(ours, in_batches(images, labels))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    theirs.compile(GroupedSGD(0.1, decay=1e-3), loss, metrics=["accuracy"])
    history = theirs.fit(images, labels, batch_size=8, shuffle=False, verbose=0).history
    same_weights(ours, theirs, rtol=1e-4, atol=1e-6)
    total = np.sum(numbers, axis=0)
    assert total[2] == 20
    assert total[0] / 20 == pytest.approx(history["loss"][0], rel=1e-5)
    assert total[1] / 20 == pytest.approx(history["accuracy"][0], rel=1e-6)
    assert [row[3] for row in numbers] == pytest.approx([0.1] * 3)


@pytest.mark.parametrize("parts", [2, 3, 8])
def test_parts_of_a_batch_add_up_to_the_whole(network, patterns, parts):
    """In 3 parts of 8 the last is smaller; the last batch of 20 has 4 examples."""
    batches = in_batches(*patterns(20))
    whole, cut = network(), network()
    numbers = stepped(whole, batches)
    again = stepped(cut, batches, accumulate=parts)
    np.testing.assert_allclose(again, numbers, rtol=1e-5)
    same_weights(whole, cut, rtol=1e-5, atol=1e-6)
    assert int(tf.size(numbers)) == 12


def test_xla_makes_the_same_steps(network, patterns):
    batches = in_batches(*patterns(16))
    plain, compiled = network("plain"), network("plain")
    numbers = stepped(plain, batches)
    np.testing.assert_allclose(stepped(compiled, batches, jit_compile=True), numbers, rtol=1e-4)
    same_weights(plain, compiled, rtol=1e-4, atol=1e-5)


def test_the_loss_scale_cancels_out(network, patterns):
    batches = in_batches(*patterns(16))
    plain, scaled = network(), network()
    numbers = stepped(plain, batches)
    optimizer = keras.optimizers.LossScaleOptimizer(GroupedSGD(0.1, decay=1e-3))
    np.testing.assert_allclose(stepped(scaled, batches, optimizer=optimizer), numbers, rtol=1e-5)
    same_weights(plain, scaled, rtol=1e-5, atol=1e-6)


def test_a_step_that_overflows_only_lowers_the_scale(network, patterns):
    model = network()
    before = model.get_weights()
    optimizer = keras.optimizers.LossScaleOptimizer(GroupedSGD(0.1), initial_scale=3e38)
    images, labels = patterns(8)
    stepped(model, [(100 * images, labels)], optimizer=optimizer)
    assert float(optimizer.dynamic_scale) == pytest.approx(1.5e38)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("parts", [1, 2])
def test_weights_without_a_gradient_stay(patterns, parts):
    """With weight decay on everything, too."""
    image = keras.Input((8, 8, 3))
    average = keras.layers.GlobalAveragePooling2D()(image)
    used, unused = (keras.layers.Dense(2, name=name)(average) for name in ("used", "unused"))
    model = keras.Model(image, [used, unused])
    before = model.get_layer("unused").get_weights()[0]
    optimizer = GroupedSGD(0.1, decay=0.1, decay_form="all")
    stepped(model, in_batches(*patterns(8)), optimizer=optimizer, accumulate=parts)
    np.testing.assert_array_equal(model.get_layer("unused").get_weights()[0], before)


def test_nothing_is_traced_again_for_batches_of_new_sizes(network, patterns):
    images, labels = patterns(30)
    model = network()
    traced = []
    inner = model.call

    def counting(*args, **kwargs):
        traced.append(1)
        return inner(*args, **kwargs)

    model.call = counting
    stepped(model, [(images[:n], labels[:n]) for n in (8, 5, 8, 3, 7, 5)])
    assert len(traced) == 1


def test_xla_is_refused_in_a_sentence_where_it_cannot_be_had(network):
    model = network()
    model.get_layer("features").supports_jit = False
    with pytest.raises(ValueError, match="XLA cannot compile the layers features"):
        stepped(model, [], jit_compile=True)
    many = Distribution()
    many.replicas = 2
    with pytest.raises(ValueError, match="one device only"):
        TrainingStep(network(), GroupedSGD(), many, 8, jit_compile=True)


@pytest.mark.parametrize("label", [2, -1])
def test_labels_that_are_no_class_are_one_sentence(network, patterns, label):
    images, labels = patterns(8)
    labels = np.where(np.arange(8) == 5, label, labels)
    with pytest.raises(ValueError, match=rf"label {label}, but the model has 2 classes, 0 to 1"):
        stepped(network(), [(images, labels)])
