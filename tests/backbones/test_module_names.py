import keras

from tfwsol import backbones
from tfwsol.backbones import module_names
from tfwsol.graph import insert_after
from tfwsol.layers import ADL, SqueezeExcite


def test_layers_inside_others_are_found():
    image = keras.Input((8, 8, 4))
    x = SqueezeExcite(reduction=2, name="se")(image)
    inner_image = keras.Input((8, 8, 4))
    inner = keras.Model(inner_image, keras.layers.Conv2D(2, 1, name="deep")(inner_image))
    model = keras.Model(image, keras.layers.ReLU(name="relu")(inner(x)))
    assert set(module_names.weighted_layers(model)) == {"se_squeeze", "se_excite", "deep"}


def test_layers_of_ones_own_have_no_module():
    model = insert_after(
        backbones.resnet50(None, input_shape=(32, 32, 3)),
        {"layer1_0": lambda: keras.layers.Conv2D(256, 1, name="mine"), "layer2_0": ADL},
    )
    for names in (module_names.resnet50_torchvision, module_names.resnet50_wsolevaluation):
        assert "mine" not in names(model)
    # A convolution is no block of wsolevaluation's, an ADL is.
    shifted = module_names.resnet50_wsolevaluation(model)
    assert shifted["layer1_1_conv1"] == "layer1.1.conv1"
    assert shifted["layer2_1_conv1"] == "layer2.2.conv1"


def test_inception_v3():
    names = module_names.inception_v3_torchvision(
        backbones.inception_v3(2, input_shape=(64, 64, 3))
    )
    assert names["Conv2d_2b_3x3_bn"] == "Conv2d_2b_3x3.bn"
    assert names["Mixed_6c_branch7x7dbl_5_conv"] == "Mixed_6c.branch7x7dbl_5.conv"
    assert names["Mixed_5b_branch_pool_bn"] == "Mixed_5b.branch_pool.bn"
    assert names["logits"] == "SPG_A4"


def test_alexnet():
    names = module_names.alexnet_torchvision(backbones.alexnet(2, (64, 64, 3), width=0.1))
    assert names["conv4"] == "features.8"
    assert names["fc6"] == "classifier.1"
    assert len(names) == 8
    trunk = backbones.alexnet(None, (None, None, 3), width=0.1)
    assert set(module_names.alexnet_torchvision(trunk)) == {f"conv{n}" for n in range(1, 6)}


def test_googlenet():
    names = module_names.googlenet_torchvision(backbones.googlenet(2, input_shape=(32, 32, 3)))
    assert names["conv2_bn"] == "conv2.bn"
    assert names["inception4e_branch1_conv"] == "inception4e.branch1.conv"
    assert names["inception3a_branch4_1_bn"] == "inception3a.branch4.1.bn"
    assert names["logits"] == "fc"


def test_a_pool_counts_as_a_fire_of_squeezenet():
    first = module_names.squeezenet_torchvision(backbones.squeezenet(2, "1.0"))
    assert first["fire4_expand3x3"] == "features.5.expand3x3"
    assert first["fire5_squeeze1x1"] == "features.7.squeeze"
    assert first["conv10"] == "classifier.1"
    gated = insert_after(backbones.squeezenet(2, "1.1"), {"pool3": ADL})
    assert module_names.squeezenet_torchvision(gated)["fire4_squeeze1x1"] == "features.6.squeeze"
