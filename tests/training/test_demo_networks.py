import numpy as np
import pytest

from tfwsol.training.demo_networks import NETWORKS, adl_words, untrained


@pytest.fixture(scope="module")
def networks():
    return {title: untrained(method, seed=3) for title, method in NETWORKS.items()}


def test_both_begin_with_equal_weights(networks):
    images = np.random.default_rng(0).uniform(0, 255, (2, 96, 96, 3)).astype(np.float32)
    cam, adl = (network(images, training=False).numpy() for network in networks.values())
    np.testing.assert_array_equal(cam, adl)
    trunks = [[np.asarray(w) for w in network.trainable_weights] for network in networks.values()]
    assert len(trunks[0]) == len(trunks[1]) == 14
    for one, other in zip(*trunks, strict=True):
        np.testing.assert_array_equal(one, other)


def test_another_seed_gives_other_weights(networks):
    other = untrained("cam", seed=4)
    kernel, same = (network.trainable_weights[0].numpy() for network in (networks["CAM"], other))
    assert not np.array_equal(kernel, same)


def test_adl_stands_behind_both_last_convolutions(networks):
    assert adl_words(networks["CAM"]) == ""
    assert adl_words(networks["ADL"]) == (
        "drop_rate 0.75, drop_threshold 0.8 after relu3; "
        "drop_rate 0.75, drop_threshold 0.8 after features"
    )
