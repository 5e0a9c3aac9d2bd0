"""Classifiers of keras-hub, which are subclasses with a functional graph and nested backbones."""

import keras
import numpy as np
import pytest
from keras import ops

import tfwsol
from tfwsol.graph import TailForm, cut_model, insert_after, split
from tfwsol.layers import AttentionFilter

pytestmark = pytest.mark.slow


def resnet(keras_hub):
    return keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64, 64],
        stackwise_num_blocks=[2, 2],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(32, 32, 3),
    )


def densenet(keras_hub):
    return keras_hub.models.DenseNetBackbone(
        stackwise_num_repeats=[2, 2],
        growth_rate=8,
        compression_ratio=0.5,
        image_shape=(32, 32, 3),
    )


@pytest.fixture(params=[resnet, densenet], ids=["resnet", "densenet"])
def classifier(request, lively, images):
    # Imported here: only `make test-slow` installs it.
    import keras_hub

    model = keras_hub.models.ImageClassifier(
        backbone=request.param(keras_hub), num_classes=5, activation="softmax"
    )
    batch = images(4, 32, 32, 3)
    return lively(model, batch), batch


def test_every_layer_of_the_backbone_is_a_cut(classifier, difference):
    model, batch = classifier
    expected = model(batch)
    names = [layer.name for layer in model.backbone.layers[1:]]
    for name in names[:: max(1, len(names) // 12)]:
        body, tail = split(model, f"{model.backbone.name}/{name}")
        assert difference(tail(body(batch)), expected) < 1e-6, name


def test_logits_and_closed_form(classifier, difference):
    model, batch = classifier
    cut = cut_model(model)
    assert cut.form is TailForm.POOLED_LINEAR
    assert difference(ops.softmax(cut.forward(batch)[2]), model(batch)) < 1e-6


def test_explained_by_gradcam_and_l2caf(classifier):
    model, batch = classifier
    grad_cam = tfwsol.methods.GradCAM(model).localize(batch, top_k=2)
    l2caf = tfwsol.methods.L2CAF(model).localize(batch, top_k=2)
    for result in (grad_cam, l2caf):
        maps = np.asarray(result.maps)
        assert maps.shape[:2] == (4, 2)
        assert maps.shape[2] > 1
        assert np.isfinite(maps).all()
        assert maps.std(axis=(2, 3)).max() > 1e-4
        assert (np.asarray(result.class_ids)[:, 0] == np.asarray(model(batch)).argmax(-1)).all()
    norms = np.sqrt((np.asarray(l2caf.maps) ** 2).sum((2, 3)))
    np.testing.assert_allclose(norms, 1, atol=1e-5)


def test_a_filter_goes_in_and_stays_in_the_file(classifier, difference, tmp_path):
    model, batch = classifier
    last = model.backbone.layers[-1].name
    result = insert_after(model, {f"{model.backbone.name}/{last}": AttentionFilter})
    assert difference(result(batch), model(batch)) > 1e-4
    result.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert difference(loaded(batch), result(batch)) < 1e-6
