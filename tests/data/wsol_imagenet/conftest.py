"""A few pictures of ImageNet in the layouts of the official archives."""

import io
import tarfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

XML = """<annotation>
 <folder>val</folder><filename>{name}</filename>
 <size><width>{width}</width><height>{height}</height><depth>3</depth></size>{objects}
</annotation>"""
OBJECT = """<object><name>{synset}</name><bndbox>
 <xmin>{0}</xmin><ymin>{1}</ymin><xmax>{2}</xmax><ymax>{3}</ymax></bndbox></object>"""


def picture(number, kind="jpeg", mode="RGB", size=(12, 16)):
    """Bytes of a picture of smooth colours; its height is 12 and its width 16."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    pixels = np.stack([rows * 9, columns * 9, rows + columns + number], -1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, kind)
    return buffer.getvalue()


def xml(name, synset, *boxes, size=(12, 16)):
    objects = "".join(OBJECT.format(*box, synset=synset) for box in boxes)
    return XML.format(name=name, objects=objects, height=size[0], width=size[1]).encode()


def packed(files, mode="w"):
    """Bytes of a tar of files by name."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


TRAIN = {
    "n01443537": {"n01443537_2.JPEG": picture(1), "n01443537_16.JPEG": picture(2, mode="L")},
    "n01440764": {
        "n01440764_10026.JPEG": picture(3, kind="png"),
        "n01440764_36.JPEG": picture(4, mode="CMYK"),
    },
}
TEST = {f"ILSVRC2012_val_{number:08}.JPEG": picture(number) for number in (1, 2, 3)}
TEST_BOXES = {
    "val/ILSVRC2012_val_00000001.xml": xml("1", "n01751748", (1, 2, 8, 9), (0, 0, 15, 11)),
    "val/ILSVRC2012_val_00000002.xml": xml("2", "n15075141", (3, 3, 3, 3)),
    "val/ILSVRC2012_val_00000003.xml": xml("3", "n01440764", (5, 4, 16, 12)),
}
TRAIN_BOXES = {
    "n01440764/n01440764_10026.xml": xml("x", "tench", (9, 8, 2, 1), size=(300, 400)),
    "n01443537/n01443537_9999.xml": xml("x", "n01443537", (1, 1, 2, 2)),
}
V2 = {
    "imagenetv2-threshold0.7-format-val/0/0.jpeg": picture(5),
    "imagenetv2-threshold0.7-format-val/0/1.jpeg": picture(6),
    "imagenetv2-threshold0.7-format-val/10/0.jpeg": picture(7),
    "imagenetv2-threshold0.7-format-val/2/0.jpeg": picture(8),
}
METADATA = {
    "image_ids.txt": "val2/2/0.jpeg\nval2/0/0.jpeg\nval2/0/1.jpeg\nval2/10/0.jpeg",
    "class_labels.txt": "val2/2/0.jpeg,2\nval2/0/0.jpeg,0\nval2/0/1.jpeg,0\nval2/10/0.jpeg,10",
    "image_sizes.txt": "\n".join(f"val2/{n}.jpeg,16,12" for n in ("2/0", "0/0", "0/1", "10/0")),
    "localization.txt": (
        "val2/10/0.jpeg,1,2,9,10\nval2/0/0.jpeg,0,0,15,11\nval2/0/1.jpeg,2,3,4,5\n"
        "val2/0/0.jpeg,4,4,6,6\nval2/2/0.jpeg,7,7,8,8"
    ),
}


def write(folder, files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


@pytest.fixture
def archives(tmp_path):
    """A folder with all official archives and the metadata of ImageNetV2."""
    source = tmp_path / "downloads"
    synsets = {f"{synset}.tar": packed(files) for synset, files in TRAIN.items()}
    write(
        source,
        {
            "ILSVRC2012_img_train.tar": packed(synsets),
            "ILSVRC2012_img_val.tar": packed(TEST),
            "ILSVRC2012_bbox_val_v3.tgz": packed(TEST_BOXES, "w:gz"),
            "ILSVRC2012_bbox_train_v2.tar.gz": packed(TRAIN_BOXES, "w:gz"),
            "imagenetv2-threshold0.7.tar.gz": packed(V2, "w:gz"),
        },
    )
    write(source / "metadata/ILSVRC/val", METADATA)
    return source


@pytest.fixture
def folders(tmp_path):
    """The same files unpacked, as Kaggle's archive and wsolevaluation keep them."""
    source = tmp_path / "unpacked"
    for synset, files in TRAIN.items():
        write(source / "ILSVRC/Data/CLS-LOC/train" / synset, files)
    write(source / "ILSVRC/Data/CLS-LOC/val", TEST)
    write(source / "ILSVRC/Annotations/CLS-LOC", TEST_BOXES)
    write(source / "ILSVRC/Annotations/CLS-LOC/train", TRAIN_BOXES)
    write(source / "val2", {name.partition("/")[2]: data for name, data in V2.items()})
    write(source / "metadata/ILSVRC/val", METADATA)
    return source


@pytest.fixture
def make():
    """The functions that make pictures, box files and archives."""
    return SimpleNamespace(picture=picture, xml=xml, packed=packed, write=write)
