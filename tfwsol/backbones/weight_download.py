"""Letting Keras download weights where there is a network, and fail at once where there is none."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

_HOST = "https://storage.googleapis.com/tensorflow/keras-applications/"
_SECONDS_TO_ANSWER = 6.0

T = TypeVar("T")


class DownloadError(OSError):
    """Says why nothing could be downloaded: "there is no network" or "the download failed"."""


def with_downloads(build: Callable[[], T]) -> T:
    """What `build` returns; it may take files from Keras' cache or download them.

    Raises:
        DownloadError: If a file was needed that is not in the cache and cannot be had, within
            seconds where there is no network.
    """
    online = answers(_HOST)
    try:
        with contextlib.nullcontext() if online else without_network():
            return build()
    except Exception as error:  # keras.utils.get_file raises plain Exception
        if "URL" not in str(error) and not isinstance(error, OSError):
            raise
        why = "the download failed" if online else "there is no network"
        raise DownloadError(why) from error


def answers(url: str, seconds: float = _SECONDS_TO_ANSWER) -> bool:
    """True where the host says anything at all; False after a few seconds of silence."""
    done, said = threading.Event(), []

    def ask() -> None:
        try:
            urllib.request.urlopen(url, timeout=seconds).close()
            said.append(True)
        except urllib.error.HTTPError:
            said.append(True)  # a refusal is an answer
        except OSError:
            pass
        done.set()

    # A name server may stay silent longer than any timeout of ours: ask in a thread.
    threading.Thread(target=ask, daemon=True).start()
    done.wait(seconds)
    return bool(said)


@contextlib.contextmanager
def without_network() -> Iterator[None]:
    """Lets downloads fail at once, and Keras not announce them, where there is no network."""
    look_up = socket.getaddrinfo

    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise OSError("no network")

    socket.getaddrinfo = refuse
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        socket.getaddrinfo = look_up
