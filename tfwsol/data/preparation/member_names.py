"""Names in archives, checked before anything is read."""

from __future__ import annotations

import posixpath

from tfwsol.data.preparation.record import SourceError


def safe_name(name: str, archive: str) -> str:
    """A member's name in its shortest form.

    Raises:
        SourceError: If it is absolute or leads out of the archive.
    """
    plain = name.replace("\\", "/")
    if plain.startswith("/") or plain[1:3] == ":/" or ".." in plain.split("/"):
        raise SourceError(
            f"{archive} holds {name!r}, which leads out of the archive; it is not safe to use, "
            "download it again from its official place."
        )
    return posixpath.normpath(plain)


def link_target(name: str, target: str, archive: str) -> str:
    """Which member a symbolic link means, relative to the root of the archive.

    Raises:
        SourceError: If it leads out of the archive.
    """
    found = posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
    if target.startswith("/") or found.split("/", maxsplit=1)[0] == "..":
        raise SourceError(
            f"{archive} holds a link {name!r} to {target!r}, which leads out of the archive; it "
            "is not safe to use, download it again from its official place."
        )
    return found


def follow_links(links: dict[str, str], files: set[str]) -> dict[str, str]:
    """The file behind each link that ends at one; links to folders and to nothing are left out."""
    found = {}
    for name, target in links.items():
        steps = 0
        while target in links and steps <= len(links):
            target, steps = links[target], steps + 1
        if target in files:
            found[name] = target
    return found
