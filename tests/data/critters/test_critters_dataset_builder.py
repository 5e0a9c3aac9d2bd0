import pytest

from tfwsol.data.critters import CLASS_NAMES
from tfwsol.data.critters.critters_dataset_builder import Builder, Config


def test_tfds_knows_the_builder_and_its_classes(tmp_path):
    builder = Builder(data_dir=tmp_path)
    assert builder.name == "critters"
    assert builder.builder_config.body == 0.70
    assert tuple(builder.info.features["label"].names) == CLASS_NAMES


def test_every_option_is_in_the_name_of_the_configuration():
    options = {"image_size": 64, "body": 0.45, "seed": 3}
    sizes = {"train_size": 20, "val_size": 30, "test_size": 40}
    names = {Config(**{key: value}).name for key, value in (options | sizes).items()}
    assert len(names | {Config().name}) == 7
    assert Config(**options, **sizes).name == "64px_body0.45_seed3_20_30_40"


@pytest.mark.parametrize("option", [{"body": 2.0}, {"train_size": 0}, {"image_size": 8}])
def test_options_out_of_range_are_named(option):
    with pytest.raises(ValueError, match=f"{next(iter(option))}={next(iter(option.values()))}|0,"):
        Config(**option)
