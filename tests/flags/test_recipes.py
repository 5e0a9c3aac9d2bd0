"""Every packaged recipe is a set of flags that exist, and says what it is to reproduce."""

import pytest
from absl import flags
from absl.testing import flagsaver

from tfwsol.flags import train
from tfwsol.training import StepDecay

FLAGS = flags.FLAGS
NAMES = train.recipe_names()
PAPER = ("inception_v3", "mobilenet_v1", "resnet50_se", "vgg16")


def job_of(*arguments):
    """The job of a command line."""
    with flagsaver.flagsaver():
        FLAGS(["train", *arguments])
        train.use_recipe()
        return train.job_from_flags()


def head_of(name):
    lines = (train.RECIPES / f"{name}.flags").read_text("utf-8").splitlines()
    return " ".join(line.removeprefix("#").strip() for line in lines if line.startswith("#"))


def test_every_published_cell_is_there():
    cells = [(m, b, d) for m in ("cam", "adl") for b in PAPER for d in ("cub", "imagenet")]
    expected = {"_".join(cell) for cell in cells}
    for method in ("acol", "adl", "cam", "cutmix", "has", "spg"):
        for backbone in ("inception_v3", "resnet50", "vgg16"):
            for dataset in ("cub", "imagenet", "openimages"):
                cell = f"{method}_{backbone}_{dataset}"
                expected.add(
                    f"{cell}_wsolevaluation" if (method, backbone, dataset) in cells else cell
                )
    assert set(NAMES) == expected
    assert len(NAMES) == 16 + 54


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_gives_a_job(name):
    job = job_of(f"--recipe={name}", "--weights=none")
    cell = name.removesuffix("_wsolevaluation")
    assert f"{job.method}_{job.backbone}_{job.dataset}" == cell
    assert job.recipe.multipliers, "new and old layers differ, though no weights are given here"
    assert (job.resize, job.image_size) == (256, 224)
    if job.protocols == ("adl",):
        assert job.options.select_on == "test"
        assert (job.recipe.epochs, job.recipe.decay_form) == (105, "kernels")
        assert job.recipe.steps_per_epoch * job.recipe.batch_size in (32_000, 256_000)
    else:
        assert job.protocols == (("pxap",) if job.dataset == "openimages" else ("wsoleval",))
        assert (job.options.score_every, job.score_test) == (0, True), "the last one, on test"


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_says_what_it_is(name):
    head = head_of(name)
    assert f"--recipe={name} --data_dir=DATA" in head
    assert "Source of the settings: " in head
    assert "Expected, as published: " in head
    assert "; status: " in head
    assert head.endswith("Not measured by us.")
    published = "CVPR 2019" in head and "never released" not in head
    assert ("UNVERIFIED" in head) == (not published)
    lines = (train.RECIPES / f"{name}.flags").read_text("utf-8").splitlines()
    assert all(line.startswith(("#", "--")) or not line for line in lines)


@pytest.mark.parametrize(
    ("name", "score"),
    [
        ("adl_vgg16_cub", "Top-1 Loc 52.36, Top-1 Cls 65.27"),
        ("adl_resnet50_se_cub", "Top-1 Loc 62.29, Top-1 Cls 80.34"),
        ("cam_mobilenet_v1_imagenet", "Top-1 Loc 41.66, Top-1 Cls 68.38"),
        ("cam_vgg16_imagenet_wsolevaluation", "MaxBoxAccV2 60.0"),
        ("adl_resnet50_cub", "MaxBoxAccV2 58.4"),
        ("acol_resnet50_cub", "MaxBoxAccV2 66.5"),
        ("spg_inception_v3_openimages", "PxAP 62.3"),
    ],
)
def test_the_published_score(name, score):
    assert f"Expected, as published: {score};" in head_of(name)


def test_confirmed_and_recalled_figures_are_told_apart():
    assert "an independent public statement agrees" in head_of("adl_vgg16_cub")
    assert "status: recalled" in head_of("cam_vgg16_cub")
    assert "status: recalled" in head_of("adl_mobilenet_v1_imagenet")


def test_the_recipe_of_the_paper():
    job = job_of("--recipe=adl_vgg16_cub")
    assert job.recipe.learning_rate == StepDecay(0.01, (30, 60, 90, 100), 0.1)
    assert (job.recipe.batch_size, job.recipe.steps_per_epoch) == (128, 250)
    assert job.recipe.weight_decay == 5e-4
    assert job.recipe.multipliers == (("^conv[1-5]_", 0.1),)
    expected = {"positions": "tf1", "drop_rate": 0.75, "drop_threshold": 0.8}
    assert job.method_options == expected
    assert job.options.select_by == "classification Top-1 Cls"


def test_the_command_line_wins():
    job = job_of("--epochs=3", "--nonesterov", "--recipe=has_vgg16_cub", "--dataset=critters")
    assert (job.recipe.epochs, job.recipe.nesterov, job.dataset) == (3, False, "critters")
    assert job.recipe.batch_size == 32
    assert job.method_options == {"grid_size": 4, "drop_rate": 0.5}


def test_a_recipe_of_ones_own(tmp_path):
    file = tmp_path / "mine.flags"
    file.write_text("# Mine.\n--method=cam\n--backbone=critter_net\n--dataset=critters\n")
    job = job_of(f"--recipe={file}")
    assert (job.method, job.image_size, job.resize, job.weights) == ("cam", 96, 110, None)
    assert job.recipe.multipliers == (), "nothing is trained already"


def test_a_flagfile_does_the_same():
    name = "cutmix_resnet50_openimages"
    from_file = job_of(f"--flagfile={train.RECIPES / name}.flags")
    assert from_file == job_of(f"--recipe={name}")
    assert from_file.recipe.epochs == 10


def test_a_recipe_that_does_not_exist():
    with pytest.raises(ValueError, match=r"'adl_vgg_cub'; 70 are packaged, near are adl_vgg16_cub"):
        job_of("--recipe=adl_vgg_cub")


def test_a_flag_of_a_recipe_that_does_not_exist(tmp_path):
    file = tmp_path / "mine.flags"
    file.write_text("--learning_rat=0.1\n")
    with pytest.raises(ValueError, match=r"mine.flags: Unknown command line flag 'learning_rat'"):
        job_of(f"--recipe={file}")
