"""What the tests of public pages share: a site with all of it, and a reader of pages."""

from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

from django.core.files.base import ContentFile
from django.test import Client
from django.utils import timezone

from cluster_portal.shared.models import AccessibilityStatement, SiteSettings
from tests import builders as b

# Made of the characters that turn or hide what stands beside them.
OVERRIDES = "".join(chr(code) for code in range(0x202A, 0x202F))


def hidden(make: Callable[..., Any], **kw: Any) -> list[Any]:
    """Return one row of each kind that the public must not see."""
    now = timezone.now()
    day = timedelta(days=1)
    return [
        make(state="draft", **kw),
        make(state="in_review", **kw),
        make(state="archived", **kw),
        make(state="published", publish_at=now + day, **kw),
        make(state="published", publish_at=now - 2 * day, expire_at=now - day, **kw),
    ]


class PageReader(HTMLParser):
    """Reads what the claims about every page are about."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.title = ""
        self.text = ""
        self._in_title = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append((tag, attributes))
        if tag[0] == "h" and tag[1:].isdigit():
            self.headings.append(int(tag[1:]))
        if attributes.get("id"):
            self.ids.append(str(attributes["id"]))
        self._in_title = tag == "title" and not self.title

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._in_title:
            self.title += data

    def attribute(self, tag: str, key: str, value: str, wanted: str) -> str | None:
        """Return the attribute `wanted` of the first `tag` whose `key` is `value`."""
        for name, attributes in self.tags:
            if name == tag and attributes.get(key) == value:
                return attributes.get(wanted)
        return None

    def links(self) -> list[str]:
        return [str(attributes["href"]) for tag, attributes in self.tags if tag == "a"]


def read(client: Client, path: str) -> PageReader:
    """Fetch a page that must be there, and read it."""
    response = client.get(path)
    assert response.status_code == 200, path
    return PageReader(response.content.decode())


def whole_site(updates: int = 3) -> list[str]:
    """Fill the database with something of every kind; return the path of every public page."""
    SiteSettings(name="אשכול לבדיקה", tagline="שורת משנה", description="תיאור האתר.").save()
    AccessibilityStatement(introduction="<p>פתיחה</p>").save()
    city = b.municipality(website="https://city.example.org/", summary="עיר בנגב.")
    council = b.municipality(kind="regional_council", name_ar="مجلس", name_en="Council")
    for n in range(3):
        b.municipality_fact(council, value=f"{n},000")
        b.locality(council)
    goal = b.goal(as_of=2013, source=b.source())
    b.story_chapter(municipality=council, source=b.source())
    body = b.related_body(kind="accompanying")
    b.office_holder(body)
    b.related_body()
    b.source_quote(key="members-one")
    b.source_quote(key="milestones-one")
    forum = b.forum(goal=goal, purpose="תכלית הפורום.", source_text="דברי המקור.", as_of=2013)
    b.forum(kind="lead", state="planned")
    b.forum(kind="think_team", state="closed")
    b.coordinator(forum)
    b.forum_document(forum)
    for n in range(updates):
        update = b.forum_update(forum, summary=f"תקציר {n}")
        update.municipalities.add(council)
    b.update_photo(update)
    b.update_photo(update)
    b.update_document(update)
    tier = b.milestone_tier(slug="incubator", summary="בקצרה.")
    for state in ("planned", "under_way", "done"):
        b.milestone(tier, state=state, forums=[forum], as_of=2013)
    kind = b.initiative_kind(text="דברי המקור על הסוג.")
    initiative = b.initiative(kind=kind, forum=forum, municipalities=[council])
    coming = b.event(municipality=council, forum=forum, is_featured=True)
    now = timezone.now()
    past = b.event(
        starts_at=now - timedelta(days=400),
        ends_at=now - timedelta(days=399),
        is_all_day=True,
        participants="קבוצה אחת\nקבוצה שנייה",
        outcomes="דבר אחד\nדבר שני",
        recording_label="לצפייה:",
        municipality=council,
    )
    for n in range(3):
        b.topic(past, goal=goal, forum=forum, outcome=f"תוצאה {n}")
    b.event_photo(past)
    b.event_document(past)
    b.recording(past)
    b.recording(
        past,
        file=ContentFile(b"film", name="film.mp4"),
        captions=ContentFile(b"WEBVTT\n", name="captions.vtt"),
        transcript="<p>תמליל</p>",
    )
    for slug in ("privacy", "foi", "free"):
        b.page(slug=slug, body="<p>פסקה</p><h2>כותרת</h2><p>פסקה</p>")
    return [
        "/",
        "/about/",
        "/members/",
        city.get_absolute_url(),
        council.get_absolute_url(),
        "/goals/",
        "/related/",
        "/forums/",
        forum.get_absolute_url(),
        "/updates/",
        "/updates/2026/",
        update.get_absolute_url(),
        "/milestones/",
        "/incubator/",
        initiative.get_absolute_url(),
        "/events/",
        coming.get_absolute_url(),
        past.get_absolute_url(),
        "/accessibility/",
        "/privacy/",
        "/foi/",
        "/free/",
        "/sitemap/",
    ]
