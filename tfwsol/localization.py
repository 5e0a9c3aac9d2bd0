"""The one record that passes from methods to boxes, metrics and pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

Array = Any
"""A NumPy array or a backend tensor; producers leave tensors on their device."""


@dataclasses.dataclass(frozen=True)
class Localization:
    """Where a model saw what it was asked about, for one batch of images.

    Plain data that knows nothing: resizing, min-max and thresholds belong to the
    functions on higher floors that take a record.

    Attributes:
        maps: float32, batch × classes asked × height × width at the resolution of the
            explained layer, not normalised. Video layers add a frame axis before the height.
        class_ids: int32, batch × classes asked. A class-oblivious map has the id -1.
        scores: float32, batch × classes, logits before the softmax (or the embedding).
        image_size: (height, width) in pixels of the view the model saw.
        regions: float32, batch × 4: x0, y0, x1, y1 of the view in pixels of the original
            image. None means that the view is the image.
        details: Arrays with leading axes batch × classes asked (loss, iterations, converged,
            negative_share, film, ...). Reports and tests read them, nothing else does.
    """

    maps: Array
    class_ids: Array
    scores: Array
    image_size: tuple[int, int]
    regions: Array | None = None
    details: Mapping[str, Array] = dataclasses.field(default_factory=dict)
