"""Where the files of a plain tar lie in it."""

from __future__ import annotations

import tarfile
from dataclasses import dataclass

from tfwsol.data.preparation.member_names import follow_links, link_target, safe_name
from tfwsol.data.preparation.record import SourceError
from tfwsol.data.preparation.window import Window


@dataclass(frozen=True, slots=True)
class Span:
    """The place of a file in an archive, in bytes; ``modified`` in seconds since 1970."""

    start: int
    size: int
    modified: int


def tar_spans(data: Window, path: str) -> dict[str, Span]:
    """The place of every file in a plain tar, by name; links inside it lead to their files.

    Args:
        data: The bytes of the tar.
        path: Its name for messages.

    Raises:
        SourceError: If it is no tar or cut off, or if a member is unsafe (see ``open_source``).
    """
    spans: dict[str, Span] = {}
    links: dict[str, str] = {}
    try:
        with data.file() as file, tarfile.open(fileobj=file, mode="r:") as archive:
            while member := archive.next():
                _add(member, path, spans, links)
                # Else tarfile keeps every member in memory; ImageNet has 1.3 million.
                archive.members.clear()
    except (tarfile.TarError, EOFError) as error:
        raise SourceError(
            f"{path} is no whole archive ({error}); download it again and compare its size."
        ) from error
    for name, span in spans.items():
        if span.start + span.size > data.size:
            raise SourceError(f"{path} is cut off within {name!r}; download it again.")
    files = follow_links(links, set(spans))
    return spans | {name: spans[target] for name, target in files.items()}


def _add(member: tarfile.TarInfo, path: str, spans: dict[str, Span], links: dict[str, str]) -> None:
    name = safe_name(member.name, path)
    if member.issym():
        links[name] = link_target(name, member.linkname, path)
    elif member.islnk():
        links[name] = safe_name(member.linkname, path)
    elif member.isreg() and not member.issparse():
        spans[name] = Span(member.offset_data, member.size, int(member.mtime))
    elif not member.isdir():
        raise SourceError(
            f"{path} holds {name!r}, which is neither a plain file nor a folder; pack it again."
        )
