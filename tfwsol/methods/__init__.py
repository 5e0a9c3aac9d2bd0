"""The published methods, one file each, on one contract."""

from tfwsol.methods.cam import CAM
from tfwsol.methods.grad_cam import GradCAM
from tfwsol.methods.l2caf import L2CAF
from tfwsol.methods.layer_cam import LayerCAM

__all__ = ["CAM", "L2CAF", "GradCAM", "LayerCAM"]
