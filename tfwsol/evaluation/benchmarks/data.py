"""How many pictures a second the input pipeline gives, beside a plain loop over Pillow."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from tfwsol.data.model_view import model_view
from tfwsol.data.photograph import read_image
from tfwsol.data.pipeline import batches
from tfwsol.data.registry import load
from tfwsol.data.views import Resize, ResizeCrop, View
from tfwsol.evaluation.benchmarks.case_group import CaseGroup, SuiteOptions
from tfwsol.evaluation.benchmarks.pictures import write_pictures
from tfwsol.evaluation.benchmarks.timing import Case

NUMBER = 256
"""Pictures that every case goes through once."""

_HEIGHT, _WIDTH = 375, 500
_SIDE, _RESIZED = 224, 256


def data(options: SuiteOptions) -> Iterator[CaseGroup]:
    """A group of cases for each batch size, on seeded JPEG files of 500 × 375 pixels.

    Every case ends in float32 batches. The test view is the whole picture at the image size; the
    training view resizes to 8/7 of it, crops at random and mirrors every other picture, after
    shuffling. All cases of a view do the same work.

    Raises:
        ValueError: If the image size is not square.
    """
    height, width = options.image_size or (_SIDE, _SIDE)
    if height != width:
        raise ValueError(f"Expected a square image size; got {height}×{width}.")
    with tempfile.TemporaryDirectory() as folder:
        files = write_pictures(Path(folder) / "pictures", NUMBER, (_HEIGHT, _WIDTH), options.seed)
        prepared = Path(folder) / "prepared"
        load("folder", "test", prepared, Path(folder) / "pictures")
        subject = f"{NUMBER} JPEG files {_WIDTH}×{_HEIGHT} to {height}×{width}"
        for batch_size in options.batch_sizes or (32,):
            suite = _Suite(files, prepared, height, batch_size, options.seed)
            yield CaseGroup(subject, batch_size, tuple(suite.cases()))


class _Suite:
    """The cases of one batch size."""

    def __init__(
        self, files: list[Path], prepared: Path, side: int, batch_size: int, seed: int
    ) -> None:
        self._files, self._prepared = files, prepared
        self._side, self._resized = side, round(side * _RESIZED / _SIDE)
        self._batch_size, self._seed = batch_size, seed

    def cases(self) -> Iterator[Case]:
        """The plain loop of a view is the baseline of the pipelines that give this view."""
        crop = ResizeCrop(self._resized, self._side, "random")
        plain = _timed("Pillow loop, test view", lambda: self._plain(training=False))
        yield plain
        yield from self._pipelines("test view", plain.name, Resize(self._side))
        plain = _timed("Pillow loop, training view", lambda: self._plain(training=True))
        yield plain
        yield from self._pipelines("training view", plain.name, crop, shuffle=True, flip=True)

    def _pipelines(self, what: str, plain: str, view: View, **options: Any) -> Iterator[Case]:
        source = self._prepared.parent / "pictures"
        records = load("folder", "test", self._prepared, source, decode=False)
        files = tf.data.Dataset.from_tensor_slices([str(file) for file in self._files])
        files = files.map(lambda name: {"image": tf.io.read_file(name)}, tf.data.AUTOTUNE)
        for name, examples in {"JPEG files": files, "prepared records": records}.items():
            batched = batches(examples, view, self._batch_size, seed=self._seed, **options)
            yield _timed(f"{name}, {what}", lambda batched=batched: _images(batched), plain)

    def _plain(self, training: bool) -> Iterator[np.ndarray]:
        """What one would write by hand: one picture after the other, one thread."""
        random = np.random.default_rng(self._seed)
        files = random.permutation(self._files) if training else self._files
        for start in range(0, len(files), self._batch_size):
            batch = []
            for file in files[start : start + self._batch_size]:
                side = self._resized if training else self._side
                image = model_view(read_image(file), (side, side))
                batch.append(_cropped(image, self._side, random) if training else image)
            yield np.stack(batch)


def _cropped(image: np.ndarray, side: int, random: np.random.Generator) -> np.ndarray:
    y, x = random.integers(0, len(image) - side + 1, 2)
    image = image[y : y + side, x : x + side]
    return image[:, ::-1] if random.random() < 0.5 else image


def _images(batched: tf.data.Dataset) -> Iterator[tf.Tensor]:
    return (batch["image"] for batch in batched)


def _timed(name: str, batches_of: Callable[[], Iterator[Any]], plain: str | None = None) -> Case:
    """A case that goes through all batches and says how many pictures a second there were."""
    speeds = []

    def run() -> np.ndarray:
        start, number = time.perf_counter(), 0
        for images in batches_of():
            number += len(images)
        speeds.append(number / (time.perf_counter() - start))
        return np.array(number)

    return Case(name, run, plain, lambda _: f"{np.median(speeds):.0f} images/s")
