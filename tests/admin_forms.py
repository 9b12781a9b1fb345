"""The forms of the admin as a browser sends them back."""

from html.parser import HTMLParser
from typing import Any

from django.db import models

from cluster_portal.shared import history


def based(thing: models.Model) -> dict[str, Any]:
    """Return what the form of `thing`, or the question whether to delete it, carries along."""
    return {"base_number": history.latest_number(thing)}


def shown(*things: models.Model) -> dict[str, Any]:
    """Return what a list that shows `things` carries along."""
    return {"shown_number": [f"{thing.pk}:{history.latest_number(thing)}" for thing in things]}


class FormReader(HTMLParser):
    """Collects the fields of a page with what stands in them."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self.area: str | None = None
        self.select: str | None = None

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        values = dict(attrs)
        name = values.get("name")
        if tag == "textarea" and name:
            self.area = name
            self.fields.setdefault(name, []).append("")
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select and "selected" in values:
            self.fields.setdefault(self.select, []).append(values.get("value") or "")
        elif tag == "input" and name:
            kind = values.get("type", "text")
            if kind in {"submit", "file", "button"}:
                return
            if kind in {"checkbox", "radio"}:
                if "checked" in values:
                    self.fields.setdefault(name, []).append(values.get("value") or "on")
                return
            self.fields.setdefault(name, []).append(values.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = None
        elif tag == "select":
            self.select = None

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.fields[self.area][-1] += data


def filled(html: str) -> dict[str, list[str]]:
    """Return the fields of the page's forms with what stands in them, as a browser sends them."""
    reader = FormReader()
    reader.feed(html)
    # A text area's first line break belongs to the markup.
    return {
        name: [value.removeprefix("\r\n").removeprefix("\n") for value in values]
        for name, values in reader.fields.items()
        if "__prefix__" not in name and name not in {"q", "action"}
    }
