import numpy as np
import pytest

from tfwsol.data.score_map_folder import ScoreMapFolder
from tfwsol.data.wsol_metadata import Metadata
from tfwsol.evaluation.metadata_source import SCORE_MAPS, MetadataSource

BOXES = {"a": np.array([[0.0, 0, 9, 9]]), "c": np.array([[1.0, 1, 5, 5], [2, 2, 3, 3]])}
SIZES = {"a": (20, 30), "b": (10, 10), "c": (15, 10)}


@pytest.fixture
def metadata():
    return Metadata(("a", "b", "c"), np.array([1, 0, 2]), SIZES, BOXES)


def test_batches(metadata):
    source = MetadataSource(metadata, None, ("full_image", "random"), batch_size=2)
    (first_end, first), (end, last) = source.batches(0)
    assert (first_end, end) == (2, 3)
    assert (first.image_ids, last.image_ids) == (("a", "b"), ("c",))
    np.testing.assert_array_equal(first.image_sizes, [(20, 30), (10, 10)])
    assert [len(boxes) for boxes in (*first.boxes, *last.boxes)] == [1, 0, 2]
    assert (first.maps["full_image"]["centre"] == 1).all()
    (single,) = source.at({2})
    for view in ("whole", "centre"):
        np.testing.assert_array_equal(single.maps["random"][view], last.maps["random"][view])
    assert source.num_classes == 3


def test_score_maps_cover_the_whole_image_only(metadata, tmp_path):
    for number, name in enumerate("abc"):
        np.save(tmp_path / f"{name}.npy", np.full((224, 224), number / 4))
    source = MetadataSource(metadata, ScoreMapFolder(tmp_path), limit=2)
    assert source.views == ("whole",)
    ((end, batch),) = source.batches(0)
    assert end == 2
    assert batch.maps[SCORE_MAPS]["whole"][:, 0, 0].tolist() == [0, 0.25]
    assert SCORE_MAPS in batch.scaled


def test_a_size_that_is_missing(metadata):
    blind = Metadata(metadata.image_ids, metadata.labels, {}, BOXES)
    with pytest.raises(ValueError, match="has no line for a, so its boxes cannot be scaled"):
        next(MetadataSource(blind, None, ("random",)).batches(0))


def test_masks_without_their_folder(metadata):
    masked = Metadata(metadata.image_ids, metadata.labels, masks={"a": ("a.png",)})
    with pytest.raises(ValueError, match="--mask_dir"):
        MetadataSource(masked, None, ("random",))
