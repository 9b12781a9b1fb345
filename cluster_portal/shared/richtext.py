"""Rich text: what HTML is safe, and the light markup in which people write it.

Stored is clean HTML. People write light markup: a blank line parts paragraphs, ``## `` opens a
heading, ``- `` and ``1. `` a list, ``> `` a quotation, ``**strong**`` and ``[words](address)``.
Both are read into the same few blocks and written from them, so a text can be opened and saved any
number of times without a change.
"""

import re
from collections.abc import Iterable, Iterator
from html import escape, unescape
from html.parser import HTMLParser
from itertools import groupby
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import nh3
from django import forms
from django.db import models
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared.text import HARMFUL, clean_text

ALLOWED_TAGS = {"p", "br", "h2", "h3", "ul", "ol", "li", "blockquote", "strong", "a"}
ALLOWED_SCHEMES = {"http", "https", "mailto", "tel"}


def is_safe_address(address: str) -> bool:
    """Say whether a link may lead to `address`: our own pages, the web, e-mail or telephone."""
    if address.startswith("/"):
        return not address.startswith(("//", "/\\"))
    if address.startswith("#"):
        return True
    try:
        return urlsplit(address).scheme.lower() in ALLOWED_SCHEMES
    except ValueError:
        return False


def plain_address(address: str) -> str | None:
    """Return `address` with what markup or HTML would stumble over encoded; None if not safe."""
    address = clean_text(address).strip()
    if not is_safe_address(address):
        return None
    return re.sub(r"[()*\\<>\"\s]", lambda sign: quote(sign[0], safe=""), address)


def keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "href" and not is_safe_address(value.strip()):
        return None
    return value


def without_foreign_tags(html: str) -> str:
    return nh3.clean(
        html,
        tags=ALLOWED_TAGS,
        attributes={"a": {"href"}},
        attribute_filter=keep_attribute,
        url_schemes=ALLOWED_SCHEMES,
        link_rel=None,
    ).strip()


class Run(NamedTuple):
    """Words of one look."""

    text: str
    strong: bool = False
    href: str | None = None


Line = list[Run]


class Block(NamedTuple):
    """A part of a text.

    A paragraph ("p") has a line of its own for each line break; a heading ("h2", "h3") has one
    line; a list ("ul", "ol") one for each item; a "blockquote" has blocks instead, no quotation
    among them.
    """

    tag: str
    lines: list[Line]
    blocks: list["Block"]


def tidy_line(runs: Iterable[Run]) -> Line:
    """Return the runs with single spaces, none at the ends, and what looks alike joined."""
    signs: list[Run] = []
    for run in runs:
        for sign in re.sub(r"[ \t\n]+", " ", clean_text(run.text)):
            if sign != " " or (signs and signs[-1].text != " "):
                signs.append(Run(sign, run.strong, run.href))
    if signs and signs[-1].text == " ":
        signs.pop()
    line = joined(signs)
    return joined(Run(run.text) if not run.text.strip() else run for run in line)


def joined(runs: Iterable[Run]) -> Line:
    return [
        Run(clean_text("".join(run.text for run in group)), strong, href)
        for (strong, href), group in groupby(runs, key=lambda run: (run.strong, run.href))
    ]


def is_blank(line: Line) -> bool:
    return not any(run.text.strip() for run in line)


def tidy_blocks(blocks: Iterable[Block]) -> list[Block]:
    """Return the blocks as they are stored: nothing empty, lists that follow each other joined.

    Two line breaks in a row part paragraphs, as they do in markup.
    """
    tidy: list[Block] = []
    for block in blocks:
        if block.tag == "blockquote":
            if inner := tidy_blocks(block.blocks):
                tidy.append(Block("blockquote", [], inner))
            continue
        lines = [tidy_line(line) for line in block.lines]
        if block.tag == "p":
            for blank, group in groupby(lines, key=is_blank):
                if not blank:
                    tidy.append(Block("p", list(group), []))
            continue
        lines = [line for line in lines if not is_blank(line)]
        if not lines:
            continue
        if block.tag in {"ul", "ol"} and tidy and tidy[-1].tag == block.tag:
            tidy[-1].lines.extend(lines)
        else:
            tidy.append(Block(block.tag, lines, []))
    return tidy


# Markup to blocks

INLINE = re.compile(
    r"\\(?P<escaped>[\\*\[\]()#>\-.])"
    r"|\*\*(?P<strong>(?:\\.|[^\\])+?)\*\*"
    r"|\[(?P<words>(?:\\.|[^\\\[\]])+)\]\((?P<address>[^()\s]+)\)"
)
HEADING = re.compile(r"(##|###) +(.*)")
ITEM = re.compile(r"(- |\d{1,3}\. )[ ]*(.*)")
QUOTED = re.compile(r"(?:>[ \t]*)+(.*)")


def read_line(text: str, strong: bool = False, href: str | None = None) -> Iterator[Run]:
    """Yield the runs of one line of markup: strong words, links, signs made plain by ``\\``."""
    end = 0
    for match in INLINE.finditer(text):
        yield Run(text[end : match.start()], strong, href)
        end = match.end()
        if match["escaped"]:
            yield Run(match["escaped"], strong, href)
        elif match["strong"]:
            yield from read_line(match["strong"], True, href)
        elif address := plain_address(match["address"]):
            yield from read_line(match["words"], strong, href or address)
        else:
            yield Run(match[0], strong, href)
    yield Run(text[end:], strong, href)


def read_markup(markup: str) -> Iterator[Block]:
    """Yield the blocks of a text in light markup; a line's first signs tell what it is."""
    paragraph: list[Line] = []
    quoted: list[str] = []
    for line in [*markup.split("\n"), ""]:
        line = line.strip(" \t")
        quotation, heading, item = QUOTED.match(line), HEADING.match(line), ITEM.match(line)
        if quoted and not quotation:
            yield Block("blockquote", [], list(read_markup("\n".join(quoted))))
            quoted = []
        if paragraph and (quotation or heading or item or not line.strip()):
            yield Block("p", paragraph, [])
            paragraph = []
        if quotation:
            quoted.append(quotation[1])
        elif heading:
            tag = "h2" if heading[1] == "##" else "h3"
            yield Block(tag, [list(read_line(heading[2]))], [])
        elif item:
            yield Block("ul" if item[1] == "- " else "ol", [list(read_line(item[2]))], [])
        elif line.strip():
            paragraph.append(list(read_line(line)))


# HTML to blocks


class HtmlReader(HTMLParser):
    """Reads clean HTML into `blocks`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.lines: list[Line] = [[]]
        self.heading: str | None = None
        self.lists: list[str] = []
        self.quotes = 0
        self.strong = 0
        self.links: list[str | None] = []

    def flush(self) -> None:
        """Put what was read since the last block into a block of its own."""
        tag = self.lists[-1] if self.lists else self.heading or "p"
        lines = self.lines
        if tag != "p":
            lines = [[run for line in self.lines for run in [*line, Run(" ")]]]
        target = self.blocks[-1].blocks if self.quotes else self.blocks
        target.append(Block(tag, lines, []))
        self.lines = [[]]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "strong":
            self.strong += 1
        elif tag == "a":
            self.links.append(plain_address(dict(attrs).get("href") or ""))
        elif tag == "br" or (self.lists and tag in {"p", "h2", "h3"}):
            self.lines.append([])
        else:
            self.flush()
            if tag in {"ul", "ol"}:
                self.lists.append(tag)
            elif tag in {"h2", "h3"}:
                self.heading = tag
            elif tag == "blockquote":
                if not self.quotes:
                    self.blocks.append(Block("blockquote", [], []))
                self.quotes += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "strong":
            self.strong -= 1
        elif tag == "a":
            self.links.pop()
        elif self.lists and tag in {"p", "h2", "h3"}:
            self.lines.append([])
        elif tag != "br":
            self.flush()
            if tag in {"ul", "ol"}:
                self.lists.pop()
            elif tag in {"h2", "h3"}:
                self.heading = None
            elif tag == "blockquote":
                self.quotes -= 1

    def handle_data(self, data: str) -> None:
        href = next((link for link in reversed(self.links) if link), None)
        self.lines[-1].append(Run(data, self.strong > 0, href))


def read_html(html: str) -> list[Block]:
    reader = HtmlReader()
    reader.feed(without_foreign_tags(HARMFUL.sub("", html)))
    reader.close()
    reader.flush()
    return reader.blocks


# Blocks to HTML and to markup


def line_html(line: Line) -> str:
    parts = []
    for href, group in groupby(line, key=lambda run: run.href):
        words = "".join(
            f"<strong>{escape(run.text, quote=False)}</strong>"
            if run.strong
            else escape(run.text, quote=False)
            for run in group
        )
        parts.append(f'<a href="{escape(href)}">{words}</a>' if href else words)
    return "".join(parts)


def blocks_html(blocks: Iterable[Block]) -> str:
    parts = []
    for tag, lines, inner in blocks:
        if tag == "blockquote":
            parts.append(f"<blockquote>{blocks_html(inner)}</blockquote>")
        elif tag in {"ul", "ol"}:
            items = "".join(f"<li>{line_html(line)}</li>" for line in lines)
            parts.append(f"<{tag}>{items}</{tag}>")
        else:
            parts.append(f"<{tag}>{'<br>'.join(map(line_html, lines))}</{tag}>")
    return "".join(parts)


def run_markup(run: Run) -> str:
    """Return the run's words so that none of their signs is taken for markup."""
    text = run.text.replace("\\", "\\\\")
    text = re.sub(r"^\*|\*$|\*(?=\*)|(?<=\*)\*", r"\\*", text)
    text = re.sub(r"[\[\]]" if run.href else r"\](?=\(|$)", r"\\\g<0>", text)
    return f"**{text}**" if run.strong else text


def line_markup(line: Line) -> str:
    parts = []
    for href, group in groupby(line, key=lambda run: run.href):
        words = "".join(map(run_markup, group))
        parts.append(f"[{words}]({href})" if href else words)
    text = "".join(parts)
    if re.match(r"#{2,3} |>|- ", text):
        return f"\\{text}"
    return re.sub(r"^(\d{1,3})\. ", r"\1\\. ", text)


def blocks_markup(blocks: Iterable[Block]) -> str:
    parts = []
    for tag, lines, inner in blocks:
        if tag == "blockquote":
            quoted = blocks_markup(inner).split("\n")
            parts.append("\n".join(f"> {line}".rstrip(" ") for line in quoted))
        elif tag == "ol":
            parts.append("\n".join(f"{n}. {line_markup(line)}" for n, line in enumerate(lines, 1)))
        else:
            prefix = {"h2": "## ", "h3": "### ", "ul": "- "}.get(tag, "")
            parts.append("\n".join(prefix + line_markup(line) for line in lines))
    return "\n\n".join(parts)


def clean_html(html: str) -> str:
    """Return `html` with nothing but the allowed tags, and links to allowed addresses.

    What the markup cannot say is put in the nearest way that it can: a list within a list becomes
    items of one list. Cleaning twice changes nothing.
    """
    # Written by us and escaped, and cleaned once more all the same: this is what pages show as is.
    return without_foreign_tags(blocks_html(tidy_blocks(read_html(html))))


def markup_to_html(markup: str) -> str:
    """Return the clean HTML that a text in light markup stands for."""
    return without_foreign_tags(blocks_html(tidy_blocks(read_markup(clean_text(markup)))))


def html_to_markup(html: str) -> str:
    """Return the light markup from which `markup_to_html` makes `clean_html(html)`."""
    return blocks_markup(tidy_blocks(read_html(html)))


def html_to_text(html: str) -> str:
    """Return the words of `html` alone, on one line: for descriptions and mails."""
    html = re.sub(r"</?(?:strong|a)\b[^>]*>", "", html)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def render_rich(html: str) -> SafeString:
    """Return a stored rich text, fit to stand in a page as it is.

    This is the one place where text is trusted to be HTML. It is cleaned once more on its way out:
    a row written past the field (by SQL, from a backup) then does no harm either.
    """
    return mark_safe(without_foreign_tags(HARMFUL.sub("", html or "")))  # noqa: S308


class RichTextWidget(forms.Textarea):
    """A text area that shows stored HTML as light markup."""

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, StoredHtml):
            return html_to_markup(value)
        return value


class StoredHtml(str):
    """HTML as the database gave it, to tell it from markup that somebody has just typed."""


class RichTextFormField(forms.CharField):
    """Takes light markup, gives clean HTML."""

    widget = RichTextWidget

    def prepare_value(self, value: Any) -> Any:
        return value

    def to_python(self, value: Any) -> str:
        return clean_text(super().to_python(value) or "")

    def clean(self, value: Any) -> str:
        return markup_to_html(super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return markup_to_html(str(data or "")) != str(initial or "")


class RichTextField(models.TextField):
    """Stores clean HTML, whichever way it is saved; edited as light markup."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault(
            "help_text",
            _(
                "A blank line begins a paragraph, “## ” a heading, “- ” a list, “> ” a quotation; "
                "**strong words**, [words of a link](address)."
            ),
        )
        super().__init__(*args, **kwargs)

    def from_db_value(self, value: str | None, *args: Any) -> str | None:
        return None if value is None else StoredHtml(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> StoredHtml:
        value = StoredHtml(clean_html(getattr(model_instance, self.attname) or ""))
        setattr(model_instance, self.attname, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return str(value) if isinstance(value, str) else value

    def formfield(self, **kwargs: Any) -> Any:
        return super().formfield(
            **{
                "form_class": RichTextFormField,
                "widget": RichTextWidget(attrs={"rows": 14, "dir": "auto", "class": "rich-text"}),
                **kwargs,
            }
        )
