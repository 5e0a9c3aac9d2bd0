"""The files of a zip archive."""

from __future__ import annotations

import stat
import zipfile

from tfwsol.data.preparation.member_names import follow_links, link_target, safe_name


def zip_members(archive: zipfile.ZipFile, path: str) -> dict[str, zipfile.ZipInfo]:
    """Every file of a zip by name; links inside it lead to their files.

    Args:
        archive: The open zip.
        path: Its name for messages.

    Raises:
        SourceError: If a member is unsafe (see ``open_source``).
    """
    # ZipInfo.filename is already cut and cleaned; what the archive says is in orig_filename.
    named = {safe_name(member.orig_filename, path): member for member in archive.infolist()}
    links = {
        name: link_target(name, archive.read(member).decode(), path)
        for name, member in named.items()
        if stat.S_ISLNK(member.external_attr >> 16)
    }
    files = {
        name: member for name, member in named.items() if name not in links and not member.is_dir()
    }
    found = follow_links(links, set(files))
    return files | {name: files[target] for name, target in found.items()}
