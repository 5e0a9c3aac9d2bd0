import keras
import numpy as np

from tfwsol import backbones
from tfwsol.backbones.logits import with_logits


def test_logits_are_the_means_of_the_class_maps():
    for form in ("dense", "convolution"):
        features = keras.Input((None, None, 6), name="map")
        model = keras.Model(features, with_logits(features, 3, form=form))
        class_maps = backbones.endpoints(model)["class_maps"]
        values = np.random.default_rng(0).normal(size=(2, 4, 5, 6)).astype("float32")
        logits, maps = keras.Model(features, [model.output, class_maps])(values)
        assert model.get_layer("head").output[0].dtype == "float32"
        assert np.asarray(logits).shape == (2, 3)
        np.testing.assert_allclose(np.asarray(maps).mean((1, 2)), logits, atol=1e-6)
