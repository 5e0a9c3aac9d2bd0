"""The command as a user starts it: recorded numbers out of files, and one sentence for errors."""

import csv
import json
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from absl import flags
from absl.testing import flagsaver
from keras import layers
from PIL import Image

from tfwsol.flags import command
from tfwsol.scripts import evaluate


def call(capsys, output_dir, **given):
    """Exit code, standard output and error of the command in this process."""
    if not flags.FLAGS.is_parsed():
        flags.FLAGS(["test"])
    given = {
        name: str(v) if not isinstance(v, list | int | float) else v for name, v in given.items()
    }
    with flagsaver.flagsaver(output_dir=str(output_dir), **given):
        code = command.guarded(evaluate.main, ["evaluate"])
    return code, *capsys.readouterr()


def results(folder):
    return json.loads((folder / "metrics.json").read_text())


def numbers(folder, protocol):
    rows = results(folder)["rows"]
    return {row["metric"]: row["value"] for row in rows if row["protocol"] == protocol}


def write_lines(path, rows):
    path.write_text("\n".join(",".join(map(str, row)) for row in rows))


@pytest.fixture(scope="module")
def golden():
    folder = pathlib.Path(__file__).parents[1] / "golden" / "evaluation"

    def read(name):
        with np.load(folder / f"{name}.npz", allow_pickle=False) as file:
            return dict(file)

    return read


@pytest.fixture(scope="module")
def grey(golden):
    return golden("dataset_scoremaps")["g"].astype(np.int64)


@pytest.fixture(scope="module")
def box_split(golden, grey, tmp_path_factory):
    """The golden data set as files: metadata, and a map for each image by rule A."""
    root = tmp_path_factory.mktemp("boxes")
    expected = golden("box_dataset")
    ids = expected["ids"].tolist()
    metadata, maps = root / "metadata", root / "maps"
    metadata.mkdir()
    write_lines(metadata / "image_ids.txt", [[name] for name in ids])
    write_lines(metadata / "class_labels.txt", [[name, i % 3] for i, name in enumerate(ids)])
    sizes = zip(ids, expected["sizes_wh"].tolist(), strict=True)
    write_lines(metadata / "image_sizes.txt", [[name, *size] for name, size in sizes])
    boxes = zip(expected["box_image"].tolist(), expected["boxes"].tolist(), strict=True)
    write_lines(metadata / "localization.txt", [[ids[i], *box] for i, box in boxes])
    scaled = np.where(grey > 0, np.minimum((grey + 0.5) / 255, 1), 0.0)
    for number, (name, score_map) in enumerate(zip(ids, scaled, strict=True)):
        # Both forms that external maps come in.
        written = name if number % 2 else name.rpartition(".")[0]
        path = maps / f"{written}.npy"
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, score_map)
    return metadata, maps


def test_recorded_box_numbers(golden, box_split, capsys, tmp_path):
    metadata, maps = box_split
    expected = golden("box_dataset")
    given = {"metadata": metadata, "scoremap_dir": maps, "bootstrap": 0}
    code, printed, _ = call(
        capsys, tmp_path, protocols=["wsoleval", "wsoleval_v1"], step=0.001, **given
    )
    assert code == 0
    found = numbers(tmp_path, "wsoleval")
    levels = [found[f"MaxBoxAccV2@{level}"] for level in (30, 50, 70)]
    assert levels == expected["cfg3_max_box_acc"].tolist()
    assert found["MaxBoxAccV2"] == expected["cfg3_mean"]
    assert numbers(tmp_path, "wsoleval_v1")["MaxBoxAcc@50"] == expected["cfg2_max_box_acc"][1]
    assert "MaxBoxAccV2@50" in printed
    assert "best on these images" in printed
    with (tmp_path / "curves.csv").open() as file:
        curve = [float(r["y"]) for r in csv.DictReader(file) if r["curve"] == "IoU 50 %"]
    recorded = np.concatenate([expected["cfg3_num_correct"][1], expected["cfg2_num_correct"][1]])
    np.testing.assert_allclose(curve, 100 * recorded / 60, rtol=1e-12)


def test_recorded_mask_numbers(golden, grey, capsys, tmp_path):
    expected = golden("mask_dataset")
    lines = str(expected["localization_txt"]).split("\n")
    ids = list(dict.fromkeys(line.split(",")[0] for line in lines))
    metadata, masks, maps = tmp_path / "metadata", tmp_path / "masks", tmp_path / "maps"
    for folder in (metadata, masks, maps):
        folder.mkdir()
    write_lines(metadata / "image_ids.txt", [[name] for name in ids])
    write_lines(metadata / "class_labels.txt", [[name, 0] for name in ids])
    (metadata / "localization.txt").write_text("\n".join(lines))
    image, row, column = np.ogrid[tuple(map(slice, grey.shape))]
    scaled = (256 * grey + ((37 * row + 101 * column + 17 * image) & 255)) / 65535
    for number, name in enumerate(ids):
        (maps / name).parent.mkdir(exist_ok=True)
        np.save(maps / f"{name}.npy", scaled[number])
        height, width, instances = expected[f"shape_{number:03}"]
        names = {f"mask_{number:03}_{i}": f"{number:03}_{i}.png" for i in range(instances)}
        names[f"ignore_{number:03}"] = f"{number:03}_ig.png"
        for key, file in names.items():
            bits = np.unpackbits(expected[key], count=height * width).reshape(height, width)
            Image.fromarray(bits * np.uint8(255)).save(masks / file)
    out = tmp_path / "out"
    code, printed, error = call(
        capsys,
        out,
        metadata=metadata,
        scoremap_dir=maps,
        mask_dir=masks,
        protocols=["all"],
        step=0.001,
        bootstrap=3,
    )
    assert code == 0, error
    assert numbers(out, "pxap")["PxAP"] == expected["cfg2_pxap"]
    assert "The protocol wsoleval is left out: it needs boxes" in printed
    assert "Best, worst and random images" in (out / "report.html").read_text()


@pytest.fixture
def two_images(tmp_path):
    """A wide and a square image whose true boxes lie in the middle and in a corner."""
    folder = tmp_path / "metadata"
    folder.mkdir()
    write_lines(folder / "image_ids.txt", [["a.jpg"], ["b.jpg"]])
    write_lines(folder / "class_labels.txt", [["a.jpg", 0], ["b.jpg", 1]])
    write_lines(folder / "image_sizes.txt", [["a.jpg", 448, 224], ["b.jpg", 224, 224]])
    # Scaled to 224 × 224: 56 to 168 both ways, and the corner of 56 pixels.
    write_lines(
        folder / "localization.txt", [["a.jpg", 112, 56, 336, 168], ["b.jpg", 0, 0, 55, 55]]
    )
    return folder


def test_centred_gaussian_by_hand(two_images, capsys, tmp_path):
    out = tmp_path / "out"
    given = {"method": ["centred_gaussian"], "metadata": two_images, "bootstrap": 0}
    code, printed, _ = call(capsys, out, protocols=["all"], **given)
    assert code == 0
    found = numbers(out, "wsoleval")
    # Centred squares meet the box in the middle at some threshold and the corner never: the whole
    # image overlaps it by 56² / 224² = 6 %.
    assert found == {f"MaxBoxAccV2{level}": 50.0 for level in ("@30", "@50", "@70", "")}
    assert numbers(out, "pointing")["PointingGame"] == 50.0
    # 256 × 256 cut to its central 224: the box is 48 to 176 there.
    assert numbers(out, "adl") == {"GT-known": 50.0}
    with (out / "per_class.csv").open() as file:
        rows = list(csv.DictReader(file))
    accuracy = [row["centred_gaussian, wsoleval, MaxBoxAcc@50"] for row in rows]
    assert accuracy == ["100.0", "0.0"]
    assert "Top-k is left out" in printed
    page = (out / "report.html").read_text()
    assert page.count("data:image/") >= 4
    assert "centred Gaussian" in page
    # A finished run is not repeated.
    before = (out / "report.html").stat().st_mtime_ns
    code, printed, _ = call(capsys, out, protocols=["all"], **given)
    assert code == 0
    assert "Known from before" in printed
    assert "MaxBoxAccV2@30" in printed
    assert (out / "report.html").stat().st_mtime_ns == before
    # Another setting is another run.
    _, printed, _ = call(capsys, out, protocols=["all"], seed=3, **given)
    assert "Known from before" not in printed


def test_bad_maps_are_refused_or_named(box_split, capsys, tmp_path):
    metadata, maps = box_split
    broken = tmp_path / "maps"
    paths = sorted(maps.rglob("*.npy"))
    for path in paths:
        target = broken / path.relative_to(maps)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(path)
    nan, wrong, lost = (broken / path.relative_to(maps) for path in paths[:3])
    given = {"metadata": metadata, "scoremap_dir": broken, "bootstrap": 0, "step": 0.1}
    lost.unlink()
    code, _, error = call(capsys, tmp_path / "a", **given)
    assert code == 1
    assert "lacks the score maps of 1 of 60 images" in error
    assert error.count("\n") == 1
    lost.symlink_to(paths[2])
    for path, array in ((nan, np.full((224, 224), np.nan)), (wrong, np.zeros((7, 7)))):
        path.unlink()
        np.save(path, array)
        code, _, error = call(capsys, tmp_path / "a", **given)
        assert code == 1
        assert "NaN" in error or "7 × 7" in error
        if path is nan:
            path.unlink()
            path.symlink_to(paths[0])
    path = nan
    path.unlink()
    lost.unlink()
    code, printed, error = call(capsys, tmp_path / "b", on_corrupt="skip", **given)
    assert code == 0
    assert len(results(tmp_path / "b")["left_out"]) == 3
    assert error.count("Left out: ") == 3
    assert "57" in printed


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"method": ["gaussian"]}, "did you mean"),
        ({"protocols": ["wsolevl"]}, "did you mean wsoleval"),
        ({"protocols": ["adl"], "adl_thresholds": ["x"]}, "--adl_thresholds=0.1,0.2"),
        ({"tscam_threshold": ["0.1", "0.2"], "protocols": ["tscam"]}, "takes one number"),
        ({"metadata": "nowhere"}, "image_ids.txt"),
        ({"method": []}, "neither came"),
        ({"method": ["cam"]}, "and a metadata folder holds none"),
        ({"dataset": "critters"}, "but both came"),
        ({"among": ["a-b"]}, "--among=7-24,80-100"),
        ({"protocols": ["pxap"]}, "needs masks of the objects"),
        ({"scoremap_dir": "nowhere", "method": []}, "nowhere is not a folder"),
    ],
)
def test_bad_input_is_one_sentence(two_images, capsys, tmp_path, changes, words):
    given = {"method": ["centred_gaussian"], "metadata": two_images, "bootstrap": 0, **changes}
    code, _, error = call(capsys, tmp_path / "out", **given)
    assert code == 1
    assert words in error
    assert error.count("\n") == 1


def test_thresholds_of_a_validation_folder(two_images, capsys, tmp_path):
    code, printed, _ = call(
        capsys,
        tmp_path / "out",
        method=["centred_gaussian"],
        metadata=two_images,
        val_metadata=two_images,
        bootstrap=2,
    )
    assert code == 0
    rows = results(tmp_path / "out")["rows"]
    both = [row["value"] for row in rows if row["metric"] == "MaxBoxAccV2"]
    # The same images: what is best there is best here.
    assert both == [50.0, 50.0]
    assert "best on the validation split" in printed


@pytest.fixture
def pictures(tmp_path):
    """Class folders of small pictures with a box each, and a model of as many classes."""
    generator = np.random.default_rng(0)
    rows = [["image", "x0", "y0", "x1", "y1"]]
    for split, number in [("val", 0), ("val", 1), *(("test", i) for i in range(6))]:
        name = f"{split}/{'cat' if number % 2 else 'dog'}/{number}.png"
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 255, (30, 40, 3), np.uint8)).save(path)
        rows.append([name, 4, 5 + number, 30, 25])
    write_lines(tmp_path / "boxes.csv", rows)
    keras.utils.set_random_seed(0)
    image = keras.Input((16, 16, 3))
    x = layers.Conv2D(4, 3, 2, activation="relu")(layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, layers.Dense(2)(layers.GlobalAveragePooling2D()(x)))
    model.save(tmp_path / "model.keras")
    return {
        "model": tmp_path / "model.keras",
        "dataset": "folder",
        "source": tmp_path / "pictures",
        "boxes": tmp_path / "boxes.csv",
        "data_dir": tmp_path / "data",
        "step": 0.05,
        "bootstrap": 3,
        "examples": 2,
    }


def test_from_a_model_and_pictures_to_the_report(pictures, capsys, tmp_path):
    given = {"method": ["cam", "layercam", "random"], "protocols": ["wsoleval", "bas"], **pictures}
    out = tmp_path / "out"
    code, printed, error = call(capsys, out, limit=4, val_split="val", **given)
    assert code == 0, error
    assert "Top-1 Cls" in printed
    assert printed.count("Only the first 4 images of folder ") == 1
    assert (out / "validation" / "metrics.json").exists()
    page = (out / "report.html").read_text()
    assert "Only the first 4 images of folder " in page
    assert "by chance" in page
    assert "cat" in page
    made = results(out)["made"]
    assert (made["--limit"], made["seed"]) == (4, 0)
    assert "tensorflow" in made
    code, printed, _ = call(capsys, tmp_path / "mean", bas_top_k=2, **given)
    assert code == 0
    assert "mean of 2 predicted classes' maps" in printed
    code, printed, error = call(capsys, tmp_path / "b", explain="predicted", among=["1"], **given)
    assert code == 0, error
    assert "Top-1" not in printed
    assert {row["images"] for row in results(tmp_path / "b")["rows"]} == {6}
    code, _, error = call(capsys, tmp_path / "c", among=["0-4"], **given)
    assert (code, error.count("\n")) == (1, 1)
    assert "--explain=predicted" in error
    code, _, error = call(capsys, tmp_path / "c", among=["0-4"], explain="predicted", **given)
    assert "go up to 4, but the model has 2" in error


def test_a_corrupt_picture_is_refused_or_skipped_and_named(pictures, capsys, tmp_path):
    file = pictures["source"] / "test" / "dog" / "2.png"
    file.write_bytes(file.read_bytes()[:-40])
    given = {"method": ["random"], **pictures}
    code, _, error = call(capsys, tmp_path / "out", **given)
    assert code == 1
    assert "test/dog/2.png" in error
    assert "--on_corrupt=skip" in error
    assert not (tmp_path / "out").exists()
    words = "Left out as corrupt when folder was prepared: 1 picture (test/dog/2.png)."
    for on_corrupt in ("skip", "refuse"):  # what is prepared stays as it is
        code, printed, _ = call(capsys, tmp_path / "out", on_corrupt=on_corrupt, **given)
        assert code == 0
        assert words in printed
    assert {row["images"] for row in results(tmp_path / "out")["rows"]} == {5}
    assert words in results(tmp_path / "out")["about"]


def test_help_lists_the_flags():
    started = [sys.executable, "-m", "tfwsol.scripts.evaluate", "--help"]
    done = subprocess.run(started, capture_output=True, text=True)
    for name in ("--method", "--protocols", "--scoremap_dir", "--layer", "--dataset", "--limit"):
        assert name in done.stdout
    for name in ("--[no]gif", "--colormap", "--image:"):
        assert name not in done.stdout
