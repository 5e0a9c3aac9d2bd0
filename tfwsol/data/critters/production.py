"""Many critter pictures at once, rendered by one process per core.

Threads do not help: the renderer makes many short calls under the interpreter's lock (measured
on two cores: two threads took 1.2 times as long as one, two processes half as long). Forking is
unsafe once TensorFlow runs threads, and ``multiprocessing`` would run the user's unguarded
script again, so the workers are plain programs that write to a pipe.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_PROGRAM = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[1]); "
    "from critters.worker import main; main()"
)
_MOST_WORKERS = 16


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _start(job: dict[str, Any]) -> subprocess.Popen[bytes]:
    path = [str(Path(__file__).resolve().parents[1]), *filter(None, sys.path)]
    command = [sys.executable, "-c", _PROGRAM, json.dumps(path), json.dumps(job)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)


def produce(
    seed: int, split: str, size: int, *, image_size: int, body: float, workers: int | None = None
) -> Iterator[dict[str, Any]]:
    """The packed examples 0 to ``size`` - 1 of a split, in this order.

    The result does not depend on the number of workers. Worker processes end with the iterator.

    Args:
        seed: Number of the data set.
        split: "train", "val" or "test".
        size: How many pictures.
        image_size: Side of the pictures in pixels.
        body: Probability with which coat and pattern follow the class.
        workers: How many processes; None: one per available core.

    Raises:
        RuntimeError: If a worker process ends early (its own message stands above).
    """
    count = max(1, min(workers or _cores(), _MOST_WORKERS, size))
    job = {"seed": seed, "split": split, "options": {"image_size": image_size, "body": body}}
    running = [_start({**job, "indices": [first, size, count]}) for first in range(count)]
    try:
        for index in range(size):
            yield _receive(running[index % count], split, index)
    finally:
        for worker in running:
            worker.kill()
            worker.stdout.close()
            worker.wait()


def _receive(worker: subprocess.Popen[bytes], split: str, index: int) -> dict[str, Any]:
    try:
        return pickle.load(worker.stdout)
    except EOFError:
        raise RuntimeError(
            f"The process that renders critter {index} of {split!r} ended with code "
            f"{worker.wait()}; its own message above says why."
        ) from None
