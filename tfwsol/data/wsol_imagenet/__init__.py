"""ImageNet: ILSVRC2012 with its boxes, and ImageNetV2 for validation."""
