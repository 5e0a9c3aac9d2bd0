"""PASCAL VOC 2012: twenty kinds of objects, several on a picture, with segmentations and boxes."""
