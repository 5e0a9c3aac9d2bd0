"""Measures of localization that never run a model."""

from tfwsol.metrics.localization_accuracy import LocalizationAccuracy
from tfwsol.metrics.max_box_acc import MaxBoxAcc
from tfwsol.metrics.p_iou import PIoU
from tfwsol.metrics.part_focus import energy_inside, part_focus, part_only, peak_inside
from tfwsol.metrics.px_ap import PxAP
from tfwsol.metrics.segmentation_mean_iou import SegmentationMeanIoU

__all__ = [
    "LocalizationAccuracy",
    "MaxBoxAcc",
    "PIoU",
    "PxAP",
    "SegmentationMeanIoU",
    "energy_inside",
    "part_focus",
    "part_only",
    "peak_inside",
]
