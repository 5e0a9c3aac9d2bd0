import keras
import numpy as np
import pytest
from keras import layers

from tfwsol.backbones.keras_file import existing_file, load_keras_file, set_from_keras_file
from tfwsol.backbones.model_error import ModelError


def network(classes, width=4, extra=False):
    image = keras.Input((6, 6, 3))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(width, 3)(image))
    if extra:
        x = layers.LayerNormalization()(x)
    return keras.Model(image, layers.Dense(classes)(x)), x


@pytest.fixture
def file(tmp_path):
    model, _ = network(3)
    model.save_weights(tmp_path / "three.weights.h5")
    return model, tmp_path / "three.weights.h5"


def test_every_weight_or_none_is_silently_left(file):
    model, path = file
    same, _ = network(3)
    load_keras_file(same, path)
    for ours, theirs in zip(same.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match=r"objects could not|freshly-initialized"):
        load_keras_file(network(3, extra=True)[0], path)


def test_a_class_layer_of_another_width_stays(file):
    model, path = file
    other, features = network(5)
    before = other.get_weights()
    set_from_keras_file(other, path, last=features)
    after = other.get_weights()
    np.testing.assert_array_equal(after[0], model.get_weights()[0])
    np.testing.assert_array_equal(after[2], before[2])


def test_what_does_not_fit(file, tmp_path):
    wide, features = network(3, width=5)
    for last in (features, wide.outputs[0]):
        with pytest.raises(ModelError, match="do not fit"):
            set_from_keras_file(wide, file[1], last=last)
    with pytest.raises(ModelError, match="no weights file"):
        existing_file(tmp_path / "none.h5")
