"""The words beside a map: which class, and how sure the model was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tfwsol.localization import Localization

ClassNames = Sequence[str] | Mapping[int, str]


def class_name(class_id: int, class_names: ClassNames | None = None) -> str:
    """Returns the name of a class: ``class 17`` without a name, ``all classes`` for -1."""
    if class_id == -1:
        return "all classes"
    if isinstance(class_names, Mapping):
        return class_names.get(class_id, f"class {class_id}")
    known = class_names is not None and class_id < len(class_names)
    return class_names[class_id] if known else f"class {class_id}"


def captions(localization: Localization, class_names: ClassNames | None = None) -> list[list[str]]:
    """Returns one short caption per image and class asked, such as ``tabby cat, 92.1 %``.

    The percentage is the softmax of the record's scores; class-oblivious maps have none.

    Args:
        localization: The record; tensors are accepted.
        class_names: Names by class id; classes without one are called ``class 17``.

    Returns:
        Images × classes asked.
    """
    ids = np.asarray(localization.class_ids)
    scores = np.asarray(localization.scores).astype(np.float64)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return [
        [
            class_name(int(k), class_names) + ("" if k < 0 else f", {100 * row[k]:.1f} %")
            for k in asked
        ]
        for asked, row in zip(ids, shares, strict=True)
    ]
