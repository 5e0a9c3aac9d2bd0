import pytest

from tfwsol.data.pascal_xml import AnnotatedObject, read_annotation
from tfwsol.data.preparation.record import SourceError

BOX = "<bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox>"
SIZE = "<size><width>500</width><height>375</height><depth>3</depth></size>"


def annotation(content):
    return f"<annotation>{content}</annotation>".encode()


def test_objects_in_order_without_their_parts():
    part = f"<part><name>head</name>{BOX.format(1, 1, 2, 2)}</part>"
    person = f"<object><name>person</name>{part}{BOX.format(45.5, 7, 50, 9)}</object>"
    dog = f"<object>{BOX.format(9, 8, 2, 1)}<name> dog\n</name></object>"
    found = read_annotation(annotation(SIZE + person + dog), "a.xml")
    assert found.objects == (
        AnnotatedObject("person", (45.5, 7.0, 50.0, 9.0)),
        AnnotatedObject("dog", (9.0, 8.0, 2.0, 1.0)),
    )
    assert found.size == (375, 500)


@pytest.mark.parametrize("size", ["", "<size><width>0</width><height>9</height></size>"])
def test_no_object_and_no_size(size):
    found = read_annotation(annotation(size), "a.xml")
    assert (found.objects, found.size) == ((), None)


ENTITY = '<!DOCTYPE annotation [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (ENTITY.encode() + annotation("&a;"), "document type or entities"),
        ((ENTITY + "<annotation/>").encode("utf-16"), "not UTF-8 text"),
        (b'<?xml version="1.0" encoding="cp037"?>' + ENTITY.encode("cp037"), "not UTF-8|whole XML"),
        (annotation(SIZE)[:-5], "not whole XML"),
        (b"", "not whole XML"),
        (b"<html/>", "expected an <annotation> element; got <html>"),
        (annotation(f"<object>{BOX.format(1, 2, 3, 4)}</object>"), "object without a name"),
        (annotation("<object><name>dog</name></object>"), "a number in <bndbox/xmin>; got ''"),
        (annotation(f"<object><name>a</name>{BOX.format(1, 'nan', 3, 4)}</object>"), "got 'nan'"),
        (annotation("<size><width>a</width><height>1</height></size>"), "got 'a'"),
    ],
)
def test_what_is_wrong_is_named(content, message):
    with pytest.raises(SourceError, match=message) as caught:
        read_annotation(content, "a.xml")
    assert str(caught.value).startswith("a.xml")
