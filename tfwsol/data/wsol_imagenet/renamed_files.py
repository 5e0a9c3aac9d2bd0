"""The list of ImageNetV2's old and new file names."""

from __future__ import annotations

import re
from pathlib import Path

from tfwsol.data.preparation.record import SourceError

_NUMBERED = re.compile(r"\d{1,3}/\d{1,2}\.jpe?g", re.I)
_IN_CLASS = re.compile(r"\d{1,3}/[^/]+\.jpe?g", re.I)


def read_renamed(path: Path) -> dict[str, str]:
    """The file of each picture by its number, ``0/3.jpeg`` → ``0/8e1374….jpeg``.

    Args:
        path: A text file of two names per line, comma or blank between them, the older one with
            the number of the picture in its class first or last; folders above the class are of
            no account.

    Raises:
        SourceError: If a line is anything else, or gives a number twice.
    """
    renamed: dict[str, str] = {}
    for line, text in enumerate(path.read_text("utf-8-sig").splitlines(), 1):
        names = ["/".join(name.split("/")[-2:]) for name in re.split(r"[,;\s]+", text.strip())]
        names.sort(key=lambda name: not _NUMBERED.fullmatch(name))
        fit = len(names) == 2 and _NUMBERED.fullmatch(names[0]) and _IN_CLASS.fullmatch(names[1])
        if not fit or renamed.setdefault(names[0], names[1]) != names[1]:
            raise SourceError(
                f"{path}, line {line}: expected an old and a new name, 0/3.jpeg and "
                f"0/8e1374a4.jpeg, each old one once; got {text!r}."
            )
    return renamed
