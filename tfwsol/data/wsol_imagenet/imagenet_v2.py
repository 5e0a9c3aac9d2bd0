"""The split ``val``: ImageNetV2's threshold-0.7 pictures with the boxes of wsolevaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tfwsol.data.preparation.record import Record, SourceError
from tfwsol.data.preparation.source_tree import SourceFile
from tfwsol.data.some_names import some_names
from tfwsol.data.wsol_metadata import Metadata

_FOLDER = "val2/"


def v2_records(
    pictures: dict[str, SourceFile], metadata: Metadata | None, renamed: Mapping[str, str]
) -> tuple[list[Record], list[str]]:
    """The pictures in the order of the metadata, and what was noticed, one sentence each.

    The metadata call a picture ``val2/0/3.jpeg``: class, and number in the class. Archives from
    before December 2020 hold that very name. Those since then are named by hashes, and nothing in
    them tells which was which; ``renamed`` does. No picture is guessed by its place or size.

    Args:
        pictures: By class folder and file name: ``0/3.jpeg``.
        metadata: ``metadata/ILSVRC/val``; None: the pictures have classes, but no boxes.
        renamed: File of a picture by the name that the metadata have for it.

    Raises:
        SourceError: If not one picture has a name of the metadata, or two claim one file.
    """
    if metadata is None:
        problem = "val: metadata/ILSVRC/val is not in the source, so its pictures have no boxes."
        return [_plain(name, pictures[name]) for name in sorted(pictures, key=_place)], [problem]
    files = _files(metadata.image_ids, pictures, renamed)
    records, differing = [], []
    for image_id, label in zip(metadata.image_ids, metadata.labels.tolist(), strict=True):
        if image_id in files:
            if label != _place(_name(image_id))[0]:
                differing.append(image_id)
            boxes = tuple(tuple(map(float, box)) for box in metadata.boxes.get(image_id, ()))
            size = metadata.sizes.get(image_id)
            records.append(Record(image_id, label, files[image_id], boxes, size))
    missing = [image_id for image_id in metadata.image_ids if image_id not in files]
    problems = [
        (missing, "the source holds no file for"),
        (metadata.unlocalized(), "there is no box for"),
        (differing, "the class in the metadata is not that of the folder of"),
    ]
    return records, [f"val: {what} {some_names(names)}." for names, what in problems if names]


def _plain(name: str, picture: SourceFile) -> Record:
    return Record(_FOLDER + name, _place(name)[0], picture)


def _name(image_id: str) -> str:
    """Class folder and file: what stands below ``val2`` or whatever else the metadata call it."""
    return "/".join(image_id.split("/")[-2:])


def _place(name: str) -> tuple[int, str]:
    folder, _, file = name.partition("/")
    return int(folder), file


def _files(
    image_ids: Sequence[str], pictures: dict[str, SourceFile], renamed: Mapping[str, str]
) -> dict[str, SourceFile]:
    """The file of each picture that has one."""
    names = {image_id: renamed.get(_name(image_id), _name(image_id)) for image_id in image_ids}
    found = {image_id: pictures[name] for image_id, name in names.items() if name in pictures}
    if not found:
        raise SourceError(
            f"val: the metadata call the pictures {_name(image_ids[0])!r} and so on, the source "
            f"calls them {min(pictures)!r}; put the list of old and new names into "
            "metadata/ILSVRC/val/mapping.txt (it is known from issue 42 of "
            "clovaai/wsolevaluation), or take ImageNetV2 out of the source to go without val."
        )
    if len(set(found.values())) < len(found):
        raise SourceError("val: mapping.txt leads two pictures of the metadata to one file.")
    return found
