"""The one error of this package, and the border at which every other becomes it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator


class CheckpointError(ValueError):
    """A file of weights that cannot be used; its text is one sentence for who asked."""


@contextlib.contextmanager
def reported(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turns whatever parsers say about a file into a CheckpointError that names the file."""
    try:
        yield
    except CheckpointError as error:
        raise CheckpointError(f"{os.fspath(path)}: {error}") from error
    except OSError as error:
        # Parsers seek where a damaged file sends them; EINVAL is that, not the machine's fault.
        if error.errno in (None, errno.EINVAL):
            raise _damaged(path, error) from error
        raise CheckpointError(f"{os.fspath(path)} cannot be read: {error.strerror}.") from error
    except Exception as error:  # damaged bytes raise nearly anything in parsers not our own
        raise _damaged(path, error) from error


def _damaged(path: str | os.PathLike[str], error: Exception) -> CheckpointError:
    words = " ".join(f"{type(error).__name__} {error}".split())
    # Bytes of the file may stand in the message; only what can be printed is repeated.
    words = "".join(letter if letter.isprintable() else "?" for letter in words)[:120]
    return CheckpointError(
        f"{os.fspath(path)} is damaged or no file of weights ({words}); fetch or save it again."
    )
