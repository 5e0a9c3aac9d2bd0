"""Event files for TensorBoard, which need TensorBoard only to be looked at."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping

import numpy as np
import tensorflow as tf


def _metadata(plugin: str, data_class: str) -> tf.compat.v1.SummaryMetadata:
    metadata = tf.compat.v1.SummaryMetadata()
    metadata.plugin_data.plugin_name = plugin
    classes = metadata.DESCRIPTOR.fields_by_name["data_class"].enum_type.values_by_name
    metadata.data_class = classes[data_class].number
    return metadata


_SCALARS = _metadata("scalars", "DATA_CLASS_SCALAR")
_IMAGES = _metadata("images", "DATA_CLASS_BLOB_SEQUENCE")


class EventLog:
    """Writes numbers and pictures of training steps.

    `tf.summary.scalar` and `tf.summary.image` belong to the package TensorBoard, which TensorFlow
    no longer brings along; `tf.summary.write` does not, and this is what they write.

    Args:
        path: The folder of the event files; an earlier run's stay, and TensorBoard reads on.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._writer = tf.summary.create_file_writer(os.fspath(path))

    def numbers(self, values: Mapping[str, float], step: int) -> None:
        """Writes one number under each name."""
        with _errors_of_the_disk(), self._writer.as_default(step):
            for name, value in values.items():
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=_SCALARS)

    def pictures(self, values: Mapping[str, np.ndarray], step: int) -> None:
        """Writes pictures under each name, uint8, number × height × width × 3."""
        with _errors_of_the_disk(), self._writer.as_default(step):
            for name, pictures in values.items():
                height, width = pictures.shape[1:3]
                encoded = [tf.io.encode_png(picture) for picture in pictures]
                content = tf.stack([str(width), str(height), *encoded])
                tf.summary.write(name, content, metadata=_IMAGES)

    def flush(self) -> None:
        """Puts everything on the disk.

        Raises:
            OSError: There is no room.
        """
        with _errors_of_the_disk():
            self._writer.flush()


@contextlib.contextmanager
def _errors_of_the_disk() -> Iterator[None]:
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        raise OSError(errno.ENOSPC, "No space left for TensorBoard's event files") from error
