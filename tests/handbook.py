"""What both handbooks are checked for: the labels they quote, their pictures, their headings."""

import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

from django.utils.translation import trans_real

from tests.conftest import PROJECT

TEMPLATES = sorted((PROJECT / "templates" / "handbook").glob("*.html"))
PICTURES = PROJECT / "static" / "img" / "handbook"
CONTENTS = re.compile(r'<nav class="handbook__contents".*?</nav>', re.DOTALL)
CHAPTER = re.compile(
    r'<section class="handbook__chapter" aria-labelledby="([\w-]+)">\s*<h2 id="\1">(.*?)</h2>'
)
LABEL = re.compile(r'<b class="ui">(.*?)</b>', re.DOTALL)


def labels_of(html: str) -> set[str]:
    """Return the names of buttons and fields that `html` quotes."""
    return {unescape(" ".join(label.split())) for label in LABEL.findall(html)}


def words_of_the_interface() -> set[str]:
    """Return all that the interface can say in Hebrew: our catalogue before Django's own."""
    words: set[str] = set()
    for catalogue in trans_real.translation("he")._catalog._catalogs:  # type: ignore[attr-defined]
        words.update(value for value in catalogue.values() if value)
    return words


class Outline(HTMLParser):
    """The headings, ids, links and pictures of a page, in their order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[tuple[int, str]] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.pictures: list[dict[str, Any]] = []
        self.captions = 0
        self._level = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if "id" in values:
            self.ids.append(values["id"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "img" and "img/handbook/" in values.get("src", ""):
            self.pictures.append(values)
        if tag == "figcaption":
            self.captions += 1
        if re.fullmatch(r"h[1-6]", tag):
            self._level = int(tag[1])
            self.headings.append((self._level, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == f"h{self._level}":
            self._level = 0

    def handle_data(self, data: str) -> None:
        if self._level:
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)


def contents_of(html: str) -> list[tuple[str, str]]:
    """Return the ids and the names of the chapters, as the table of contents has them."""
    found = CONTENTS.search(html)
    return re.findall(r'<a href="#([\w-]+)">(.*?)</a>', found[0]) if found else []


def faults_of(html: str) -> list[str]:
    """Return what is wrong with a page of the handbook: headings, contents, pictures."""
    outline = Outline(html)
    levels = [level for level, _text in outline.headings]
    faults = []
    if levels.count(1) != 1:
        faults.append(f"{levels.count(1)} headings of the first level")
    faults += [
        f"a heading of level {after} below one of level {before}"
        for before, after in pairwise(levels)
        if after > before + 1
    ]
    if len(outline.ids) != len(set(outline.ids)):
        faults.append("an id stands twice")
    inner = [link[1:] for link in outline.links if link.startswith("#")]
    faults += [f"#{name} leads nowhere" for name in inner if name not in outline.ids]
    if contents_of(html) != CHAPTER.findall(html):
        faults.append("the contents do not name the chapters in their order")
    if len(outline.pictures) != outline.captions:
        faults.append("a picture without a caption")
    faults += [
        f"{picture['src']} lacks {name}"
        for picture in outline.pictures
        for name in ("alt", "width", "height", "loading")
        if not picture.get(name)
    ]
    return faults
