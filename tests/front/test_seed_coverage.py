"""Every sentence of the seed (seed.txt, the text of 2013) can be read on a public page, dated.

The site is walked as a reader would, from the home page along its links. What is compared is what a
reader sees; only white space and the forms of quotation marks and dashes are folded.
"""

import re
import unicodedata
from collections import deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

pytestmark = pytest.mark.django_db

SEED = Path(__file__).with_name("seed.txt")
UNSEEN = {"head", "script", "style", "template", "svg"}
# Tags within a word; all others part words.
INLINE = {"a", "abbr", "b", "bdi", "bdo", "em", "i", "mark", "q", "small", "span", "strong", "time"}
VOID = {"br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
FOLDS = str.maketrans(
    {
        **dict.fromkeys("״“”„‟«»", '"'),
        **dict.fromkeys("׳’‘‚`´", "'"),
        **dict.fromkeys("־‐‑‒–—―−", "-"),
    }
)


def fold(text: str) -> str:
    """Return `text` with one form of white space, quotation marks and dashes."""
    return " ".join(unicodedata.normalize("NFC", text).translate(FOLDS).split())


def seed_lines() -> list[str]:
    """Return the lines of the seed without list markers and the pager of its old page (1 to 5)."""
    lines = (re.sub(r"^\s*(?:•|\d\.)\s+", "", line) for line in SEED.read_text("utf-8").split("\n"))
    return [line for line in map(fold, lines) if line and line not in set("12345")]


def seed_sentences() -> list[str]:
    """Return the seed's lines, and the sentences of those that have several."""
    parts = (part for line in seed_lines() for part in [line, *re.split(r"(?<=[.:;]) ", line)])
    return list(dict.fromkeys(parts))


@dataclass
class WalkedPage:
    """What a page shows and where it leads."""

    text: str = ""
    links: set[str] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)


class PageReader(HTMLParser):
    """Gathers the visible words, the links and the anchors of a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.page = WalkedPage()
        self.words: list[str] = []
        self.unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if attributes.get("id"):
            self.page.ids.add(str(attributes["id"]))
        for name in ("href", "src"):
            # Signs of an icon file are named by fragments that are not the page's.
            if attributes.get(name) and tag != "use":
                self.page.links.add(str(attributes[name]))
        for candidate in (attributes.get("srcset") or "").split(","):
            if candidate.strip():
                self.page.links.add(candidate.split()[0])
        if tag not in VOID and (tag in UNSEEN or "hidden" in attributes or self.unseen):
            self.unseen.append(tag)
        if tag not in INLINE:
            self.words.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in self.unseen:
            while self.unseen.pop() != tag:
                pass
        if tag not in INLINE:
            self.words.append(" ")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.words.append(data)


def read_page(html: str) -> WalkedPage:
    reader = PageReader()
    reader.feed(html)
    reader.close()
    reader.page.text = fold("".join(reader.words))
    return reader.page


@dataclass
class Walk:
    """The pages found from the home page, and the links that lead nowhere."""

    pages: dict[str, WalkedPage] = field(default_factory=dict)
    dead: list[str] = field(default_factory=list)


def own_address(base: str, link: str) -> str | None:
    """Return the path and fragment of a link on the page `base`; None if it leads elsewhere."""
    address = urljoin(settings.SITE_URL + base, link.strip())
    ours, parts = urlsplit(settings.SITE_URL), urlsplit(address)
    if parts.scheme not in {"http", "https"} or parts.netloc != ours.netloc:
        return None
    return address.removeprefix(settings.SITE_URL) or "/"


def walk_site(client: Client) -> Walk:
    """Follow every link of our own from the home page on, each address once."""
    walk = Walk()
    waiting = deque([("/", "the start")])
    seen, fragments = {"/"}, []
    while waiting:
        path, origin = waiting.popleft()
        response = client.get(path)
        if response.status_code in {301, 302}:
            target = own_address(path, response.headers["Location"])
            if target and urldefrag(target).url not in seen:
                seen.add(urldefrag(target).url)
                waiting.append((urldefrag(target).url, path))
            continue
        if response.status_code != 200:
            walk.dead.append(f"{path} ({response.status_code}), linked from {origin}")
            continue
        if not response.headers["Content-Type"].startswith("text/html"):
            # Read to its end, a file is closed without closing the test's database connection.
            deque(getattr(response, "streaming_content", ()), maxlen=0)
            continue
        page = walk.pages[path] = read_page(response.content.decode())
        for link in sorted(page.links):
            address = own_address(path, link)
            if address is None:
                continue
            target, fragment = urldefrag(address)
            if fragment:
                fragments.append((target, unquote(fragment), path))
            if target not in seen:
                seen.add(target)
                waiting.append((target, path))
    walk.dead += [
        f"{target}#{fragment}, linked from {origin}"
        for target, fragment, origin in fragments
        if target in walk.pages and fragment not in walk.pages[target].ids
    ]
    return walk


@pytest.fixture
def walk(client: Client) -> Walk:
    call_command("load_content", stdout=StringIO())
    return walk_site(client)


def test_every_sentence_of_the_seed_is_on_a_public_page(walk: Walk) -> None:
    texts = [page.text for page in walk.pages.values()]
    assert [s for s in seed_sentences() if not any(s in text for text in texts)] == []


def test_every_page_that_quotes_the_seed_says_its_year(walk: Walk) -> None:
    sentences = [sentence for sentence in seed_sentences() if len(sentence) > 40]
    quoting = [
        path
        for path, page in walk.pages.items()
        if any(sentence in page.text for sentence in sentences)
    ]
    assert len(quoting) >= 6
    assert [path for path in quoting if "נכון ל-2013" not in walk.pages[path].text] == []


def test_no_link_is_dead(walk: Walk) -> None:
    assert walk.dead == []
    assert {"/about/", "/members/rahat/", "/forums/education/", "/events/launch-2013/"} <= set(
        walk.pages
    )


def test_the_seed_is_whole() -> None:
    lines = seed_lines()
    assert len(lines) == 30
    assert lines[0] == "אשכול נגב מערבי"
    assert "ב- 18.3.13, יום ב', התקיים כנס החשיפה של אשכול הנגב המערבי." in seed_sentences()


def test_what_is_hidden_or_split_over_tags_is_read_as_people_read_it() -> None:
    page = read_page(
        '<title>כותרת</title><p>ה<bdi>"פורום</bdi>&nbsp;מתאם"<br>באשכול</p>'
        "<p hidden>סמוי <b>עוד</b></p><svg><title>תרשים</title></svg><p>סוף</p>"
    )
    assert page.text == 'כותרת ה"פורום מתאם" באשכול סוף'
