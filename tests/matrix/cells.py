"""Asks one cell of the matrix, and holds the answer against the table.

A cell is a route, a method, a person and a thing. What is looked at: the status, the words of the
answer, what it tells caches, and what was written.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from django.apps import apps
from django.core import mail
from django.db import connection, transaction
from django.test import Client
from django.urls import Resolver404, resolve

from tests.matrix import table
from tests.matrix.cast import MARK, PUBLIC_STATES, Thing, World
from tests.matrix.routes import Route

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
# Tables in which an answer may leave a trace whoever asks: log-ins and counts against spam.
TECHNICAL_TABLES = {"django_session", "shared_ratelimithit"}
TECHNICAL = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
# Places of which no answer may be kept by a cache, and those that know no cookie.
KEPT_BY_NONE: tuple[str, ...] = (
    *("desk", "account", "log-", "one-time", "receipt", "preview", "admin", "review"),
    *("content", "inbox", "people", "records", "settings", "statement"),
)
COOKIELESS: tuple[str, ...] = ("page", "technical")


@dataclass
class Answer:
    status: int
    body: str
    headers: dict[str, str]
    location: str
    cookies: bool
    writes: list[str] = field(default_factory=list)
    context: Any = None

    @property
    def words(self) -> str:
        return f"{self.headers} {self.body}"


def path_of(pattern: str, route: Route, thing: Thing | None) -> str:
    """Return the address of `thing` by this pattern."""
    if route.path:
        return f"/{route.path}"

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in route.values:
            return quote(str(route.values[name]))
        assert thing is not None, f"{pattern}: nothing to take {name} from"
        return quote(str(thing.value(name)))

    return "/" + PARAMETER.sub(value, pattern)


@contextmanager
def watched() -> Iterator[list[str]]:
    """Collect the tables that are written to, but those that are technical."""
    written: list[str] = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if (found := TECHNICAL.match(sql)) and not (
            found[1] in TECHNICAL_TABLES or found[1].startswith("axes_")
        ):
            written.append(found[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield written


def ask(client: Client, method: str, path: str, data: dict[str, Any] | None = None) -> Answer:
    response: Any
    with watched() as written:
        if method == "POST":
            response = client.post(path, data or {})
        else:
            response = client.generic(method, path)
        parts: Any = response.streaming_content if response.streaming else [response.content]
        body = b"".join(parts)
    return Answer(
        response.status_code,
        body.decode("utf-8", "replace"),
        dict(response.headers),
        response.headers.get("Location", ""),
        bool(response.cookies),
        written,
        response.context,
    )


@contextmanager
def undone() -> Iterator[None]:
    """Undo whatever is written inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def fingerprint() -> str:
    """Return a hash of everything in the database but sessions and the like."""
    digest = hashlib.sha256()
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            name = model._meta.db_table
            if name in TECHNICAL_TABLES or name.startswith(("axes_", "django_content")):
                continue
            order = model._meta.pk.column
            cursor.execute(f'SELECT * FROM "{name}" ORDER BY "{order}"')  # noqa: S608
            digest.update(repr((name, cursor.fetchall())).encode())
    return digest.hexdigest()


class FormReader(HTMLParser):
    """Reads the forms and the addresses of a page; what a browser would send of each form."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[dict[str, Any]] = []
        self.addresses: list[str] = []
        self._select = ""
        self._textarea = ""
        self._chosen: list[str] = []
        self.feed(html)

    @property
    def data(self) -> dict[str, Any]:
        return self.forms[-1]["data"] if self.forms else {}

    def put(self, name: str, value: str) -> None:
        if not self.forms or not name:
            return
        data = self.data
        if name in data:
            known = data[name] if isinstance(data[name], list) else [data[name]]
            data[name] = [*known, value]
        else:
            data[name] = value

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(
                {
                    "action": values.get("action", ""),
                    "method": values.get("method", "get").lower(),
                    "data": {},
                    "buttons": [],
                }
            )
        elif tag == "input":
            kind = values.get("type", "text")
            if kind in {"checkbox", "radio"}:
                if "checked" in values:
                    self.put(values.get("name", ""), values.get("value", "on"))
            elif kind in {"submit", "image", "button"}:
                if self.forms and values.get("name"):
                    self.forms[-1]["buttons"].append((values["name"], values.get("value", "")))
            elif kind != "file":
                self.put(values.get("name", ""), values.get("value", ""))
        elif tag == "button" and self.forms and values.get("name"):
            self.forms[-1]["buttons"].append((values["name"], values.get("value", "")))
        elif tag == "select":
            self._select = values.get("name", "")
        elif tag == "option" and self._select and "selected" in values:
            self.put(self._select, values.get("value", ""))
        elif tag == "textarea":
            self._textarea, self._chosen = values.get("name", ""), []
        for name in ("href", "action", "formaction"):
            if values.get(name):
                self.addresses.append(values[name])

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""
        elif tag == "textarea" and self._textarea:
            self.put(self._textarea, "".join(self._chosen).removeprefix("\n"))
            self._textarea = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._chosen.append(data)


def form_of(html: str) -> dict[str, Any]:
    """Return what the page's main POST form would send: the longest, but the log-out's."""
    forms = [
        form
        for form in FormReader(html).forms
        if form["method"] == "post" and "logout" not in form["action"]
    ]
    data: dict[str, Any] = max((form["data"] for form in forms), key=len, default={})
    return {name: value for name, value in data.items() if name != "csrfmiddlewaretoken"}


def in_other_words(data: dict[str, Any]) -> dict[str, Any]:
    """Return what a form sends without any mark, so that one in the answer is no echo."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(one) for one in value]
        return MARK.sub("forged", value) if isinstance(value, str) else value

    return {name: plain(value) for name, value in data.items()}


def dead_addresses(html: str) -> list[str]:
    """Return the addresses of our own on a page at which no route stands."""
    dead = []
    for address in FormReader(html).addresses:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or not parts.path.startswith("/"):
            continue
        if parts.path.startswith("/static/"):
            continue
        try:
            match = resolve(unquote(parts.path))
        except Resolver404:
            dead.append(address)
            continue
        if match.route.endswith("(?P<url>.*)$"):
            dead.append(address)
    return dead


def without(text: str, path: str) -> str:
    """Return `text` without the address that was asked for, however it is spelt, and tokens."""
    asked = path.partition("?")[0]
    plain = unquote(asked)
    spellings = [path, asked, plain, quote(path, safe=""), quote(plain, safe="/"), quote(plain)]
    spellings += [asked.strip("/"), *(part for part in plain.split("/") if len(part) > 9)]
    for spelling in spellings:
        text = text.replace(spelling, "")
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)


@dataclass
class Cell:
    """One question, and what the table says of it."""

    world: World
    pattern: str
    route: Route
    method: str
    who: str
    thing: Thing | None

    def __post_init__(self) -> None:
        forum = self.thing.counting_forum if self.thing else "none"
        self.column = table.people()[self.who][forum]
        self.state = self.thing.state if self.thing else "none"
        self.path = path_of(self.pattern, self.route, self.thing)
        self.row = table.row_for(self.route.place, self.asked_method, self.state)
        self.expected = self.row.answers[self.column]

    @property
    def asked_method(self) -> str:
        """The method that the table is asked about: that of the address, if it takes this one."""
        return self.method if self.method in self.route.methods else self.route.methods[0]

    @property
    def in_admin(self) -> bool:
        return self.pattern.startswith("admin/")

    @property
    def name(self) -> str:
        about = f"{self.thing.forum}/{self.thing.state}" if self.thing else "–"
        return f"{self.method} {self.path} as {self.who} ({self.column}), {about}"

    @property
    def is_method_wrong(self) -> bool:
        return self.method not in self.route.methods

    @property
    def is_allowed(self) -> bool:
        return not self.is_method_wrong and self.expected in {"yes", "302"}

    def status_is_right(self, answer: Answer) -> bool:
        if self.is_method_wrong:
            # Within the admin the door is asked first, which lets these three in.
            at_the_door = self.in_admin and self.method in {"GET", "HEAD", "POST"}
            if not at_the_door or self.expected in {"yes", "302"}:
                return answer.status == 405
            if answer.status == 405:
                return self.column in {"editor", "administrator"}
        to_login = answer.location.startswith("/accounts/login/")
        match self.expected:
            case "yes":
                return answer.status in {200, 206, 304} or (answer.status == 302 and not to_login)
            case "302":
                return answer.status in {301, 302} and not to_login
            case "login":
                words_back = self.method == "POST" and answer.status == 403
                return words_back or (answer.status == 302 and to_login)
            case status:
                return answer.status == int(status)

    def faults(self, answer: Answer) -> Iterator[str]:
        """Yield what is wrong with the answer."""
        if not self.status_is_right(answer):
            yield (
                f"answered {answer.status} {answer.location}; "
                f"the table says {self.expected} ({self.row.line})"
            )
        if not self.is_allowed and answer.writes:
            yield f"wrote to {sorted(set(answer.writes))}"
        if not self.is_allowed and mail.outbox:
            yield "sent a letter"
        may_read = self.world.readable(self.who)
        text = without(answer.words, self.path)
        found = {m for m in MARK.findall(text) if not may_read(m)}
        if self.route.place == "preview by link" and self.is_allowed:
            found -= self.world.linked
        if found:
            place = text.index(next(iter(found)))
            yield f"showed what is not theirs to read: …{text[max(0, place - 80) : place + 40]}…"
        yield from self.cache_faults(answer)

    def cache_faults(self, answer: Answer) -> Iterator[str]:
        control = answer.headers.get("Cache-Control", "")
        if self.route.place.startswith(KEPT_BY_NONE):
            # Of a 405 there is nothing to keep.
            if "no-store" not in control and answer.status != 405:
                yield f"may be kept by a cache: {control!r}"
        elif self.route.place.startswith(COOKIELESS) or (
            self.route.place == "file" and self.state in PUBLIC_STATES
        ):
            if answer.cookies:
                yield "set a cookie"
            if "cookie" in answer.headers.get("Vary", "").lower():
                yield "depends on a cookie"
        elif (
            self.route.place.startswith("file")
            and answer.status == 200
            and "no-store" not in control
        ):
            yield f"a file that is not public may be kept by a cache: {control!r}"
