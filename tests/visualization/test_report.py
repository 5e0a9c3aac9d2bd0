"""The report is one page that needs nothing else."""

import html.parser
import io
import re

import numpy as np
import pytest
from PIL import Image

from tfwsol.visualization import Figure, Report, Section, Table, render_report, write_report

NASTY = "<script>alert('1')</script> & \"cat\""
PICTURE = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
VOID = {"meta", "img", "link", "br", "hr", "input"}


class Page(html.parser.HTMLParser):
    """Elements, text and nesting of a page."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.open, self.words = [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data.strip())

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def png():
    buffer = io.BytesIO()
    Image.fromarray(PICTURE).save(buffer, format="PNG")
    return buffer.getvalue()


def full_report():
    numbers = Table(
        ["Method", "IoU", "Images", "Time"],
        [[NASTY, 0.3121, 500, "12 ms"], ["CAM", -0.1, None, "9 ms"]],
        f"Scores of {NASTY}",
    )
    pictures = Table(["Class", "Input"], [[NASTY, Figure(PICTURE, NASTY, NASTY)], ["b", None]])
    section = Section(
        f"Part {NASTY}", [NASTY], [numbers, pictures], [Figure(png(), NASTY, f"A {NASTY}")]
    )
    return Report(f"Title {NASTY}", [f"Lead {NASTY}"], [section, section], {NASTY: NASTY, "n": 3})


def test_everything_is_inside_the_page():
    text = render_report(full_report())
    page = Page(text)
    addresses = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "data", "poster", "action", "background")
    ]
    assert len(addresses) == 4
    assert all(address.startswith(("data:image/", "#")) for address in addresses)
    assert not page.all("script")
    assert not page.all("link")
    assert not page.all("iframe")
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)[1]
    assert "@import" not in style
    assert "url(" not in style
    assert "&" not in style
    policy = [meta["content"] for meta in page.all("meta") if "http-equiv" in meta]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_words_are_escaped_wherever_they_stand():
    text = render_report(full_report())
    assert "<script" not in text
    words = " ".join(Page(text).words)
    for place in ("Title", "Lead", "Part", "Scores of", "A"):
        assert f"{place} {NASTY}" in words
    assert [image["alt"] for image in Page(text).all("img")] == [NASTY] * 4


def test_numbers_are_written_alike_and_flush_right():
    text = render_report(Report("t", [], [Section("s", [], full_report().sections[0].tables)]))
    cells = re.findall(r'<td class="(\w+)">(.*?)</td>', text, re.DOTALL)
    kinds = [(kind, content.strip()) for kind, content in cells if kind != "picture"]
    assert kinds == [
        ("number", "0.312"),
        ("number", "500"),
        ("text", "12 ms"),
        ("number", "−0.100"),
        ("number", "–"),
        ("text", "9 ms"),
    ]


def test_floats_show_three_digits_of_the_largest():
    rows = [[91.2, 1234.6, 0.0456, float("nan"), "12.5 %"], [3.0, 7.0, -1e-6, 2.0, "–"]]
    text = render_report(Report("t", [], [Section("s", [], [Table("abcde", rows)])]))
    cells = re.findall(r'<td class="number">(.*?)</td>', text, re.DOTALL)
    written = [cell.strip() for cell in cells]
    assert written[:5] == ["91.2", "1235", "0.0456", "–", "12.5 %"]
    assert written[5:] == ["3.0", "7", "0.0000", "2.00", "–"]


def test_tables_and_figures_are_numbered_through():
    text = render_report(full_report())
    for kind, count in (("Table", 4), ("Figure", 2)):
        assert re.findall(rf"<b>{kind} (\d+)\.</b>", text) == [str(i + 1) for i in range(count)]


def test_an_empty_report_is_a_page():
    page = Page(render_report(Report("Nothing")))
    assert "Nothing" in page.words
    assert not page.all("table")
    assert not page.all("footer")


def test_a_row_of_another_length_writes_nothing(tmp_path):
    table = Table(["a", "b"], [["1"]])
    with pytest.raises(ValueError, match="2 cells per row as in the header, got 1"):
        write_report(tmp_path / "r.html", Report("t", [], [Section("s", [], [table])]))
    assert not list(tmp_path.iterdir())


def test_the_file_is_the_page(tmp_path):
    write_report(tmp_path / "runs" / "r.html", full_report())
    text = (tmp_path / "runs" / "r.html").read_text(encoding="utf-8")
    assert text == render_report(full_report())
    assert text.startswith("<!DOCTYPE html>")
