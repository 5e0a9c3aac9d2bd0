"""A few pictures of OpenImages30k in the layout of wsolevaluation."""

import io
import tarfile
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

ROWS = {
    "train": ("01226z/t1", "01226z/t2", "015p6/t3"),
    "val": ("01226z/v1", "015p6/v2"),
    "test": ("01226z/a", "015p6/b"),
}
LABELS = {"01226z": 0, "015p6": 1}


def picture(size=(20, 30), mode="RGB"):
    rows, columns = np.mgrid[: size[0], : size[1]]
    pixels = np.stack([rows * 6, columns * 6, rows + columns], -1).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(buffer, "jpeg")
    return buffer.getvalue()


def mask(rows, columns, size=(20, 30), mode="1"):
    """A PNG that is white in some rows and columns."""
    values = np.zeros(size, np.uint8)
    values[rows, columns] = 255
    buffer = io.BytesIO()
    Image.fromarray(values).convert(mode).save(buffer, "png")
    return buffer.getvalue()


def write(folder, files):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data if isinstance(data, bytes) else data.encode())


PICTURES = {f"{split}/{row}.jpg": picture() for split, rows in ROWS.items() for row in rows}
MASKS = {
    "val/01226z/v1_m01226z_1.png": mask(slice(0, 5), slice(0, 5)),
    "val/01226z/v1_ignore.png": mask(slice(0), slice(0)),
    "val/015p6/v2_m015p6_2.png": mask(slice(1, 2), slice(0, 30), mode="L"),
    "val/015p6/v2_ignore.png": mask(slice(0), slice(0), mode="L"),
    "test/01226z/a_m01226z_3.png": mask(slice(0, 5), slice(0, 5)),
    "test/01226z/a_m01226z_4.png": mask(slice(4, 9), slice(3, 8)),
    "test/01226z/a_ignore.png": mask(slice(0, 20), slice(7, 9)),
    "test/015p6/b_m015p6_5.png": mask(slice(4, 8), slice(6, 14), size=(40, 60)),
    "test/015p6/b_ignore.png": mask(slice(0), slice(0), size=(40, 60)),
}


def rows_of(split):
    """Lines of localization.txt; the ignore mask stands on the first of a picture."""
    lines = []
    for row in ROWS[split]:
        names = [name for name in MASKS if name.startswith(f"{split}/{row}_m")]
        ends = [f"{split}/{row}_ignore.png"] + [""] * len(names)
        lines += [f"{split}/{row}.jpg,{name},{end}" for name, end in zip(names, ends, strict=False)]
    return "\n".join(lines)


def metadata(split):
    ids = [f"{split}/{row}.jpg" for row in ROWS[split]]
    labels = [LABELS[row.partition("/")[0]] for row in ROWS[split]]
    return {
        "image_ids.txt": "\n".join(ids),
        "class_labels.txt": "\n".join(f"{i},{n}" for i, n in zip(ids, labels, strict=True)),
        "image_sizes.txt": "",
        "localization.txt": rows_of(split),
    }


def archive(path, files):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as packed:
            for name, data in files.items():
                packed.writestr(name, data)
        return
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as packed:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            packed.addfile(member, io.BytesIO(data))


@pytest.fixture
def source(tmp_path):
    """Folders of pictures, a tree of masks, and the metadata."""
    folder = tmp_path / "downloads"
    for split in ROWS:
        write(folder / "metadata/OpenImages" / split, metadata(split))
    write(folder / "dataset/OpenImages", PICTURES)
    write(folder / "OpenImages_annotation/OpenImages", MASKS)
    return folder


@pytest.fixture
def make():
    return SimpleNamespace(
        picture=picture,
        mask=mask,
        write=write,
        archive=archive,
        PICTURES=PICTURES,
        MASKS=MASKS,
    )
