import keras
import numpy as np

from tfwsol.backbones import critter_net
from tfwsol.evaluation.shared_sights import SharedSights
from tfwsol.methods import CAM, GradCAM, STNet


def test_explainers_of_a_layer_share_a_pass_and_others_get_their_own():
    model = critter_net(num_classes=3, input_shape=(24, 24, 3), seed=0)
    explainers = {"stnet": STNet(model), "cam": CAM(model), "gradcam": GradCAM(model)}
    see = SharedSights(explainers)
    images = np.random.default_rng(0).uniform(0, 255, (2, 24, 24, 3)).astype("float32")
    for _ in range(2):
        sights = see(images)
        assert list(sights) == ["stnet", "cam", "gradcam"]
        assert sights["cam"] is sights["gradcam"]
        assert sights["stnet"] is not sights["cam"]
        for name, explainer in explainers.items():
            assert explainer.explain(sights[name], 1).maps.shape[:2] == (2, 1)
    expected = keras.ops.convert_to_numpy(model(images))
    np.testing.assert_allclose(np.asarray(sights["stnet"].logits), expected, rtol=1e-4, atol=1e-4)
