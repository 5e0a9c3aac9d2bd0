import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def pictures(tmp_path):
    """Makes pictures of random pixels below ``tmp_path/source`` and gives that folder."""

    def make(*names, size=(30, 20)):
        for number, name in enumerate(names):
            path = tmp_path / "source" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(number).integers(0, 256, (*size[::-1], 3), np.uint8)
            Image.fromarray(pixels).save(path)
        return tmp_path / "source"

    return make


@pytest.fixture
def metadata(tmp_path):
    """Writes a wsolevaluation metadata folder below ``tmp_path`` and gives it."""

    def make(folder, labels, boxes=(), sizes=()):
        folder = tmp_path / folder
        folder.mkdir(parents=True)
        files = {
            "image_ids.txt": [(name,) for name in labels],
            "class_labels.txt": labels.items(),
            "localization.txt": boxes,
            "image_sizes.txt": sizes,
        }
        for name, rows in files.items():
            (folder / name).write_text("\n".join(",".join(map(str, row)) for row in rows))
        return folder

    return make
