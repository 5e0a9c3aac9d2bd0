"""A data set of its own, so that the machinery is tested apart from any published one."""

import io

import numpy as np
import pytest
import tensorflow_datasets as tfds
from PIL import Image

from tfwsol.data.preparation.record import Index, Record, SourceError
from tfwsol.data.preparation.record_builder import RecordBuilder
from tfwsol.data.preparation.source_tree import open_source


class ToyBirds(RecordBuilder):
    """Pictures ``<split>/<class>_<number>.jpg``, with ``<the same>.png`` as a mask."""

    SPLITS = ("train", "test")
    WHERE = "A folder of toys."
    MASKS = True

    def index(self, source, work_dir):
        tree = open_source(source, work_dir)
        splits = {"train": [], "test": []}
        for number, name in enumerate(name for name in tree.names() if name.endswith("jpg")):
            split, file = name.split("/")
            mask = name.replace(".jpg", ".png")
            splits[split].append(
                Record(
                    image_id=name,
                    label=int(file[0]),
                    image=tree.file(name),
                    boxes=((number, 1, number + 2.5, 9),),
                    size=(20, 30),
                    masks=(tree.file(mask),) if tree.has(mask) else (),
                )
            )
        if not splits["train"]:
            raise SourceError(f"{source} holds no toys.")
        return Index(splits, ["crow", "jay"], {"train": 8, "test": 4}, ["There is no split val."])


def jpeg(seed, height=20, width=30):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg", quality=95)
    return buffer.getvalue()


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png")
    return buffer.getvalue()


def make_toys(folder, train=8, test=4):
    for split, count in (("train", train), ("test", test)):
        (folder / split).mkdir(parents=True)
        for number in range(count):
            name = folder / split / f"{number % 2}_{number}.jpg"
            name.write_bytes(jpeg(number + count))
            if split == "test":
                mask = np.zeros((20, 30), np.uint8)
                mask[2:5, number:7] = 255
                name.with_suffix(".png").write_bytes(png(mask))
    return folder


@pytest.fixture
def toys(tmp_path):
    return make_toys(tmp_path / "source")


@pytest.fixture
def builder(tmp_path):
    tfds.disable_progress_bar()
    return ToyBirds(data_dir=tmp_path / "data")
