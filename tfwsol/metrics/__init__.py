"""Measures of localization that never run a model."""

from tfwsol.metrics.classification_accuracy import ClassificationAccuracy
from tfwsol.metrics.cor_loc import CorLoc
from tfwsol.metrics.insertion_deletion import InsertionDeletion
from tfwsol.metrics.localization_accuracy import LocalizationAccuracy
from tfwsol.metrics.max_box_acc import MaxBoxAcc
from tfwsol.metrics.p_iou import PIoU
from tfwsol.metrics.part_focus import energy_inside, part_focus, part_only, peak_inside
from tfwsol.metrics.pointing_game import PointingGame
from tfwsol.metrics.px_ap import PxAP
from tfwsol.metrics.segmentation_mean_iou import SegmentationMeanIoU
from tfwsol.metrics.true_masks import label_image

__all__ = [
    "ClassificationAccuracy",
    "CorLoc",
    "InsertionDeletion",
    "LocalizationAccuracy",
    "MaxBoxAcc",
    "PIoU",
    "PointingGame",
    "PxAP",
    "SegmentationMeanIoU",
    "energy_inside",
    "label_image",
    "part_focus",
    "part_only",
    "peak_inside",
]
