"""A few pictures of PASCAL VOC 2012 in the layout of the official archive."""

import io
import tarfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

ROOT = "VOCdevkit/VOC2012/"
OBJECT = """<object>
 <name>{name}</name><difficult>{difficult}</difficult>{part}
 <bndbox><xmax>{2}</xmax><xmin>{0}</xmin><ymax>{3}</ymax><ymin>{1}</ymin></bndbox>
</object>"""
PART = """<part><name>head</name>
 <bndbox><xmin>1</xmin><ymin>1</ymin><xmax>2</xmax><ymax>2</ymax></bndbox></part>"""


def picture(size=(20, 30)):
    rows, columns = np.mgrid[: size[0], : size[1]]
    pixels = np.stack([rows * 6, columns * 6, rows + columns], -1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "jpeg")
    return buffer.getvalue()


def drawing(*areas, size=(20, 30), mode="P"):
    """A PNG of classes; VOC's have a palette, SBD's are grey. An area is (value, rows, columns)."""
    values = np.zeros(size, np.uint8)
    for value, rows, columns in areas:
        values[rows, columns] = value
    image = Image.fromarray(values)
    if mode == "P":
        # The palette takes no value to the grey of its own number.
        image.putpalette([(7 * entry + 3) % 256 for entry in range(768)])
    buffer = io.BytesIO()
    image.convert(mode).save(buffer, "png")
    return buffer.getvalue()


def xml(*objects, size=(20, 30)):
    """An annotation; an object is (name, xmin, ymin, xmax, ymax), of which every second is hard."""
    text = "".join(
        OBJECT.format(*box, name=name, difficult=number % 2, part=PART if name == "person" else "")
        for number, (name, *box) in enumerate(objects)
    )
    height, width = size
    return (
        f"<annotation><folder>VOC2012</folder><size><width>{width}</width><height>{height}</height>"
        f"<depth>3</depth></size>{text}</annotation>"
    ).encode()


def write(folder, files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


def archive(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as packed:
        for name, data in files.items():
            data = data if isinstance(data, bytes) else data.encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))


FILES = {
    "ImageSets/Segmentation/train.txt": "2007_000032\n2008_000002\n",
    "ImageSets/Segmentation/val.txt": "2007_000033\n",
    "ImageSets/Segmentation/trainval.txt": "2007_000032\n2007_000033\n2008_000002\n",
    "ImageSets/Main/train.txt": "2011_000003\n",
    "JPEGImages/2007_000032.jpg": picture(),
    "JPEGImages/2007_000033.jpg": picture(),
    "JPEGImages/2008_000002.jpg": picture(),
    "JPEGImages/2011_000003.jpg": picture(),
    "Annotations/2007_000032.xml": xml(
        ("person", 4, 5, 10, 12), ("aeroplane", 1, 1, 30, 20), ("person", 2.5, 3, 4, 5)
    ),
    "Annotations/2007_000033.xml": xml(("tvmonitor", 30, 20, 30, 20)),
    "Annotations/2008_000002.xml": xml(("dog", 2, 2, 9, 9)),
    "Annotations/2011_000003.xml": xml(("cat", 1, 1, 2, 2)),
    "SegmentationClass/2007_000032.png": drawing(
        (1, slice(0, 9), slice(0, 30)), (15, slice(4, 12), slice(3, 10)), (255, 4, slice(0, 30))
    ),
    "SegmentationClass/2007_000033.png": drawing((20, 19, 29)),
    "SegmentationClass/2008_000002.png": drawing((12, slice(1, 9), slice(1, 9))),
}
SBD = {
    "SegmentationClassAug/2008_000002.png": drawing((12, 3, 3), mode="L"),
    "SegmentationClassAug/2011_000003.png": drawing((8, 0, slice(0, 2)), (255, 9, 9), mode="L"),
}
SBD_LIST = "2011_000003\n2008_000002\n"


@pytest.fixture
def official(tmp_path):
    """A folder with the official archive."""
    path = tmp_path / "downloads" / "VOCtrainval_11-May-2012.tar"
    archive(path, {ROOT + name: data for name, data in FILES.items()})
    return path.parent


@pytest.fixture
def make():
    return SimpleNamespace(
        picture=picture,
        drawing=drawing,
        xml=xml,
        write=write,
        archive=archive,
        ROOT=ROOT,
        FILES=FILES,
        SBD=SBD,
        SBD_LIST=SBD_LIST,
    )
