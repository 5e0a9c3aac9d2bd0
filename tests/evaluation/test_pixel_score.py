import numpy as np

from tfwsol.evaluation.map_batch import MapBatch
from tfwsol.evaluation.pixel_score import PixelScore
from tfwsol.evaluation.protocols import PROTOCOLS
from tfwsol.evaluation.score import ScoreOptions


def test_overlap_of_single_images_is_that_of_the_plain_reading():
    generator = np.random.default_rng(0)
    maps = np.round(generator.uniform(size=(3, 224, 224)), 2)
    masks = generator.choice(np.array([0, 1, 255], np.uint8), (3, 224, 224))
    batch = MapBatch(
        tuple("abc"),
        np.arange(3),
        np.array([0, 1, 1]),
        np.full((3, 2), 224),
        {"m": {"whole": maps}},
        masks=masks,
    )
    score = PixelScore("m", PROTOCOLS["pxap"], ScoreOptions(bootstrap=0, num_classes=3))
    fits = score.update(batch, maps)
    for image in range(3):
        for place, threshold in enumerate(score.example_thresholds):
            found = (maps[image] >= threshold) & (masks[image] != 255)
            common = (found & (masks[image] == 1)).sum()
            union = (found | (masks[image] == 1)).sum()
            assert fits[image, place] == common / union
    best = score.shown_threshold()
    place = np.abs(score.example_thresholds - best).argmin()
    expected = [100 * fits[0, place], 100 * fits[1:, place].mean(), np.nan]
    np.testing.assert_allclose(score.per_class(), expected, rtol=1e-12)
    assert {row.metric for row in score.rows()} == {"PxAP", "PIoU"}
