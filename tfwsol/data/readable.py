"""Data that cannot be read, in words for the person who asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

_LONGEST = 240


class UnreadableError(ValueError):
    """Records that cannot be read; its text is one sentence for the person who asked."""


def readable(dataset: tf.data.Dataset, what: str) -> Iterator[Any]:
    """The elements of a data set.

    Args:
        dataset: Any.
        what: Begins the sentence, "Images to be scored", say.

    Raises:
        UnreadableError: One cannot be read: a file is damaged, cut short or gone.
    """
    iterator = iter(dataset)
    while True:
        try:
            found = next(iterator)
        except StopIteration:
            return
        except tf.errors.OpError as error:
            raise UnreadableError(
                f"{what} cannot be read ({reason_of(error)}); if a file is damaged, remove the "
                "prepared data set and prepare it again, then start the same command."
            ) from error
        yield found


def reason_of(error: tf.errors.OpError) -> str:
    """What an error of TensorFlow's input pipeline says, without the operations it went through."""
    words = re.sub(r"\{\{[^}]*\}\}|\[\[.*|\[Op:.*", "", error.message, flags=re.DOTALL)
    words = " ".join(words.split()).rstrip(".:")
    return words if len(words) <= _LONGEST else f"{words[:_LONGEST]}…"
