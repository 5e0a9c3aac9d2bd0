"""The XML files in which PASCAL VOC and ILSVRC keep the boxes of a picture."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass

from tfwsol.data.preparation.record import SourceError


@dataclass(frozen=True)
class AnnotatedObject:
    """One object of a picture.

    Attributes:
        name: Its class as the file writes it: ``"dog"``, ``"n02085620"``.
        box: xmin, ymin, xmax, ymax as the file writes them.
    """

    name: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True)
class PascalAnnotation:
    """What one file says about a picture.

    Attributes:
        objects: In the order of the file; parts of objects (heads, hands) are not among them.
        size: Height and width in pixels; None where the file does not say.
    """

    objects: tuple[AnnotatedObject, ...]
    size: tuple[int, int] | None


def read_annotation(content: bytes, where: str) -> PascalAnnotation:
    """What a PASCAL VOC annotation file says.

    Document types and entities are refused, so a file can neither name other files nor unfold
    into more than itself.

    Args:
        content: The file.
        where: What to call the file in an error.

    Raises:
        SourceError: The content is not such a file, or a coordinate is not a finite number.
    """
    root = _parse(content, where)
    objects = tuple(_object(element, where) for element in root.findall("object"))
    return PascalAnnotation(objects, _size(root, where))


def _parse(content: bytes, where: str) -> ElementTree.Element:
    try:
        # Decoded here, so that no other encoding can hide what is looked for below.
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{where} is not UTF-8 text ({error}).") from error
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise SourceError(f"{where} declares a document type or entities, which no box file needs.")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise SourceError(f"{where} is not whole XML ({error}).") from error
    if root.tag != "annotation":
        raise SourceError(f"{where}: expected an <annotation> element; got <{root.tag}>.")
    return root


def _number(element: ElementTree.Element, path: str, where: str) -> float:
    text = (element.findtext(path) or "").strip()
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SourceError(f"{where}: expected a number in <{path}>; got {text!r}.")
    return number


def _object(element: ElementTree.Element, where: str) -> AnnotatedObject:
    name = (element.findtext("name") or "").strip()
    if not name:
        raise SourceError(f"{where} holds an object without a name.")
    sides = ("xmin", "ymin", "xmax", "ymax")
    x0, y0, x1, y1 = (_number(element, f"bndbox/{side}", where) for side in sides)
    return AnnotatedObject(name, (x0, y0, x1, y1))


def _size(root: ElementTree.Element, where: str) -> tuple[int, int] | None:
    if root.find("size") is None:
        return None
    height, width = (int(_number(root, f"size/{side}", where)) for side in ("height", "width"))
    return (height, width) if height > 0 and width > 0 else None
