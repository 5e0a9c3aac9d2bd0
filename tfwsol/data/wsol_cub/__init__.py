"""CUB-200-2011: birds of 200 species with boxes, segmentations and CUBV2 for validation."""
