"""The lists of PASCAL VOC: which pictures a split holds, and sometimes what is on them."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from tfwsol.data.preparation.record import SourceError
from tfwsol.data.wsol_voc.classes import CLASS_NAMES

_NAME = re.compile(r"\d{4}_\d{6}")


def read_list(text: str, where: str) -> dict[str, tuple[int, ...]]:
    """The classes that a list gives each picture, none in most, in the order of the list.

    Three forms are in use: ``2007_000032``; ``/JPEGImages/2007_000032.jpg
    /SegmentationClassAug/2007_000032.png``; and ``2007_000032 0 14``, with classes from 0.

    Args:
        text: The list.
        where: What to call it in an error.

    Raises:
        SourceError: If a line has another form, or a picture is listed twice.
    """
    listed: dict[str, tuple[int, ...]] = {}
    for line, words in enumerate(map(str.split, text.splitlines()), 1):
        if not words:
            continue
        name = PurePosixPath(words[0]).stem
        classes = () if "/" in words[0] else words[1:]
        fit = all(word.isdecimal() and int(word) < len(CLASS_NAMES) for word in classes)
        if not _NAME.fullmatch(name) or not fit:
            raise SourceError(
                f"{where}, line {line}: expected the name of a picture, such as 2007_000032, and "
                f"at most its classes from 0 to {len(CLASS_NAMES) - 1}; got {' '.join(words)!r}."
            )
        if name in listed:
            raise SourceError(f"{where}, line {line}: {name} is listed twice.")
        listed[name] = tuple(sorted(set(map(int, classes))))
    return listed
