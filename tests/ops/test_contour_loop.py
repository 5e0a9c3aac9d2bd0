import numpy as np

from tfwsol.ops import box_sweep_twin
from tfwsol.ops.contour_loop import contour_loop


def test_it_gives_the_boxes_of_the_twin():
    generator = np.random.default_rng(0)
    grey = np.kron(generator.integers(0, 9, (3, 6, 7)) * 30, np.ones((2, 3))).astype(np.uint8)
    levels = generator.integers(0, 256, (3, 12), dtype=np.int32)
    for multi_contour in (False, True):
        boxes, splits = box_sweep_twin(grey, levels, multi_contour)
        found = contour_loop(grey, levels, multi_contour)
        assert len(found) == 36
        for mine, wanted in zip(found, np.split(boxes, splits[1:-1]), strict=True):
            assert sorted(mine.tolist()) == sorted(wanted.tolist())
