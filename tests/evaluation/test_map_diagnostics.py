import numpy as np
import pytest
import tensorflow as tf

from tfwsol.evaluation import map_diagnostics
from tfwsol.evaluation.dataset_source import DatasetSource
from tfwsol.evaluation.map_diagnostics import (
    MaskedExamples,
    at_image_size,
    diagnose,
    half_maximum_boxes,
)
from tfwsol.evaluation.one_pass import EvaluationSettings, evaluate
from tfwsol.evaluation.trivial_maps import trivial_maps


def examples(count=2):
    """Images of 16 × 16: an object of 8 × 8 with a part of 4 × 4 in its corner."""
    masks = np.zeros((count, 16, 16), bool)
    masks[:, 4:12, 4:12] = True
    parts = np.zeros_like(masks)
    parts[:, 4:8, 4:8] = True
    boxes = np.tile(np.array([4.0, 4, 12, 12], np.float32), (count, 1))
    part_boxes = np.tile(np.array([4.0, 4, 8, 8], np.float32), (count, 1))
    images = np.zeros((count, 16, 16, 3), np.uint8)
    return MaskedExamples(images, np.arange(count) % 2, boxes, masks, part_boxes, parts)


def test_a_map_of_the_object_and_a_map_of_the_part():
    truth = examples()
    maps = np.stack([truth.masks[0], truth.part_masks[1]]).astype(np.float32)
    diagnosis = diagnose(maps, truth)
    scores = diagnosis.numbers
    # IoU 1 for the first; the part is a quarter of the object's box for the second.
    assert scores["mean_iou"] == pytest.approx(100 * (1 + 0.25) / 2)
    np.testing.assert_allclose(diagnosis.overlaps, [1, 0.25])
    assert scores["part_only"] == pytest.approx(50.0)
    assert scores["energy_in_part"] == pytest.approx(100 * (0.25 + 1) / 2)


def test_maps_are_enlarged_and_stretched():
    maps = np.array([[[2.0, 4.0], [2.0, 2.0]]])
    enlarged = at_image_size(maps, (8, 8))
    assert enlarged.shape == (1, 8, 8)
    assert (enlarged.min(), enlarged.max()) == (0.0, 1.0)
    (box,) = half_maximum_boxes(enlarged)
    assert box[0] >= 3
    assert box[3] <= 5


def test_from_example_dictionaries():
    truth = examples()
    batch = {
        "image": truth.images,
        "label": truth.labels,
        "boxes": truth.boxes[:, None],
        "mask": truth.masks.astype(np.uint8),
        "part_boxes": truth.part_boxes[:, None],
        "part_mask": truth.part_masks.astype(np.uint8),
    }
    taken = MaskedExamples.of(batch)
    np.testing.assert_array_equal(taken.boxes, truth.boxes)
    assert taken.masks.dtype == bool


def test_numbers_are_those_of_the_evaluation(monkeypatch):
    monkeypatch.setattr(map_diagnostics, "_BATCH", 3)
    truth = examples(8)
    batch = {
        "image": truth.images,
        "label": truth.labels,
        "boxes": truth.boxes[:, None],
        "mask": truth.masks.astype(np.uint8),
        "image_id": [str(place) for place in range(8)],
    }
    dataset = tf.data.Dataset.from_tensor_slices(batch)
    source = DatasetSource(dataset, trivial=("random",), num_classes=2, batch_size=4)
    rows = evaluate(source, ("wsoleval", "pxap"), EvaluationSettings(bootstrap=0)).rows
    wanted = {row.metric: row.value for row in rows}
    found = diagnose(trivial_maps(["random"], 0, 8)["random"], truth)
    for name in ("MaxBoxAccV2@30", "MaxBoxAccV2@50", "MaxBoxAccV2@70", "MaxBoxAccV2", "PxAP"):
        assert found.numbers[name] == pytest.approx(wanted[name], abs=1e-9), name
    assert found.hits.shape == (8, 3, 1000)
    assert 0 < found.numbers["MaxBoxAccV2"] < 100
