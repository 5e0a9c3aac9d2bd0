"""Members of a ZIP archive from a stranger: no bomb, no overlap, no odd path."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath

from tfwsol.checkpoints.checkpoint_error import CheckpointError

_ENCRYPTED = 1
_MOST_UNPACKING = 20
_SMALL = 2**26
"""Weights hardly compress; an archive of more than this may not unpack to twenty times its size."""


def safe_members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The members by name; nothing is unpacked to disk anyway, so this is for clear words.

    Args:
        archive: Opened for reading.
        size: Of the whole file in bytes.

    Raises:
        CheckpointError: A name leaves its folder or stands twice, or the members would unpack
            to far more than an archive of weights does.
    """
    members: dict[str, zipfile.ZipInfo] = {}
    for member in archive.infolist():
        name = member.filename
        if name in members:
            raise CheckpointError(f"member {name[:80]!r} is there twice.")
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or name[1:3] in (":/", ":\\"):
            raise CheckpointError(f"member {name[:80]!r} has a path that leaves its folder.")
        if member.flag_bits & _ENCRYPTED:
            raise CheckpointError(f"member {name[:80]!r} is encrypted.")
        members[name] = member
    stored = [member for member in members.values() if member.compress_type == zipfile.ZIP_STORED]
    total = sum(member.file_size for member in members.values())
    # Stored members are slices of the file; larger than the file together, they overlap.
    if sum(member.file_size for member in stored) > size or total > max(
        _SMALL, _MOST_UNPACKING * size
    ):
        raise CheckpointError(
            f"the archive of {size} bytes claims to hold {total}: it is damaged or a ZIP bomb."
        )
    return members
