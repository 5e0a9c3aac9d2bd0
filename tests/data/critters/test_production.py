import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from tfwsol.data.critters import production, render
from tfwsol.data.critters.production import produce

OPTIONS = {"image_size": 48, "body": 0.7}


def decode(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)


def test_other_processes_render_the_same_pictures_in_order():
    packed = list(produce(0, "val", 7, workers=3, **OPTIONS))
    assert [example["image_id"] for example in packed] == [f"val/0000{k}" for k in range(7)]
    for index, example in enumerate(packed):
        critter = render(0, "val", index, **OPTIONS)
        np.testing.assert_array_equal(decode(example["image"])[..., ::-1], critter.image)
        np.testing.assert_array_equal(decode(example["mask"]), critter.mask)
        np.testing.assert_array_equal(decode(example["part_mask"]), critter.part_mask)
        np.testing.assert_array_equal(example["boxes"], critter.box[None])
        np.testing.assert_array_equal(example["part_boxes"], critter.part_box[None])
        assert tuple(example["attributes"]) == critter.attributes
        assert example["label"] == critter.label == index


def test_the_renderer_needs_neither_keras_nor_tfds():
    # Workers would otherwise take longer to start than to render.
    folder = str(Path(production.__file__).parents[1])
    program = (
        f"import sys; sys.path.insert(0, {folder!r}); import critters.worker; "
        "sys.exit(bool({'keras', 'tensorflow', 'tensorflow_datasets'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_smaller_split_is_the_beginning_of_a_larger_one():
    few, more = (list(produce(0, "train", size, workers=1, **OPTIONS)) for size in (3, 5))
    for short, long in zip(few, more, strict=False):
        assert short["image"] == long["image"]
        assert short["mask"] == long["mask"]


def test_a_dying_worker_is_reported(capfd):
    with pytest.raises(RuntimeError, match="renders critter 0 of 'train' ended with code 1"):
        next(produce(0, "train", 4, workers=1, image_size=8, body=0.7))
    assert "at least 32 pixels" in capfd.readouterr().err


def test_workers_end_with_the_iterator(monkeypatch):
    started = []
    start = production._start
    monkeypatch.setattr(production, "_start", lambda job: started.append(start(job)) or started[-1])
    examples = produce(0, "train", 1000, workers=2, **OPTIONS)
    next(examples)
    examples.close()
    assert len(started) == 2
    assert all(worker.returncode is not None for worker in started)
