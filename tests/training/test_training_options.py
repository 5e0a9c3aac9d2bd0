import keras
import pytest

from tfwsol.training import TrainingOptions


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"precision": "float16"}, "precision to be one of"),
        ({"select_on": "train"}, r"select_on to be one of \('val', 'test'\)"),
        ({"label_smoothing": 1.0}, "from 0 to below 1"),
        ({"ema": -0.1}, "from 0 to below 1"),
        ({"accumulate": 0}, "at least 1"),
        ({"score_every": -1}, "not negative"),
    ],
)
def test_wrong_values_are_one_sentence(wrong, words):
    with pytest.raises(ValueError, match=words):
        TrainingOptions(**wrong)


def test_what_changes_no_number_is_no_part_of_the_identity():
    one = TrainingOptions(save_every=7, log_every=3, pictures=False)
    assert one.identity() == TrainingOptions().identity()
    assert TrainingOptions(ema=0.9).identity() != TrainingOptions().identity()


def test_the_precision_holds_in_its_context_only():
    before = keras.config.dtype_policy()
    with TrainingOptions(precision="mixed_bfloat16").policy():
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
    assert keras.config.dtype_policy() == before
    with TrainingOptions().policy():
        assert keras.config.dtype_policy() == before


def test_only_half_precision_needs_a_loss_scale():
    optimizer = keras.optimizers.SGD()
    assert TrainingOptions(precision="mixed_bfloat16").scaled(optimizer) is optimizer
    scaled = TrainingOptions(precision="mixed_float16").scaled(optimizer)
    assert isinstance(scaled, keras.optimizers.LossScaleOptimizer)
    assert scaled.inner_optimizer is optimizer
