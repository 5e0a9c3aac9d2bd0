"""The program of one worker process: renders some pictures and writes them to its output.

It is started by ``production`` as part of a package of its own name, not of tfwsol: importing
tfwsol would import Keras and TensorFlow, which take longer than the rendering.
"""

from __future__ import annotations

import json
import pickle
import signal
import sys
from typing import Any

import cv2
import numpy as np

from .rendering import Critter, render


def _png(picture: np.ndarray) -> bytes:
    return cv2.imencode(".png", picture[..., ::-1] if picture.ndim == 3 else picture)[1].tobytes()


def pack(critter: Critter, split: str, index: int) -> dict[str, Any]:
    """The example dictionary of a critter with its pictures as PNG files in memory."""
    return {
        "image": _png(critter.image),
        "label": critter.label,
        "boxes": critter.box[None].astype(np.float32),
        "image_id": f"{split}/{index:05d}",
        "mask": _png(critter.mask.astype(np.uint8)),
        "part_boxes": critter.part_box[None].astype(np.float32),
        "part_mask": _png(critter.part_mask.astype(np.uint8)),
        "attributes": np.array(critter.attributes, np.int32),
    }


def main() -> None:
    """Renders the job in the last argument (JSON) and writes one pickle per picture."""
    job = json.loads(sys.argv[-1])
    cv2.setNumThreads(1)
    # Ctrl-C is the parent's to answer; without a parent that reads, there is nothing to do.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for index in range(*job["indices"]):
        critter = render(job["seed"], job["split"], index, **job["options"])
        pickle.dump(pack(critter, job["split"], index), sys.stdout.buffer, protocol=5)
        sys.stdout.buffer.flush()
