"""The world of the matrix: everybody who may ask, and a thing of every kind, forum and state.

Every text of every thing carries a mark of its own, so that wherever it turns up it can be told
whose it is and who may read it.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.tokens import default_token_generator
from django.core.files.base import ContentFile
from django.db import models, transaction
from django.test import Client, override_settings
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from cluster_portal.shared import history, previews
from cluster_portal.shared.models import (
    PendingRevision,
    PreviewLink,
    ReviewNote,
    User,
    WorkingCopy,
)
from cluster_portal.shared.richtext import RichTextField
from events.models import Event
from forums.models import Coordinator, ForumUpdate
from tests import builders as b
from tests.matrix import table

MARK = re.compile(r"zq[0-9a-f]{12}qz")
STATES = ("draft", "in_review", "scheduled", "published", "pending", "expired", "archived")
PUBLIC_STATES = frozenset({"published", "pending", "there"})
GONE = frozenset({"deleted", "never"})
DAY = timedelta(days=1)

# Who may read a mark: everybody, the coordinators of a forum and staff, staff, administrators.
PUBLIC, STAFF, ADMINISTRATORS = "public", "staff", "administrators"


@dataclass
class Thing:
    """One thing in the world: `row` is in memory even when the database has it no longer."""

    kind: str
    forum: str  # A, B or none
    state: str
    row: Any
    # A photo that it shows.
    photo: Any = None

    @property
    def counting_forum(self) -> str:
        return self.forum if self.kind in COUNTING else "none"

    def value(self, name: str) -> Any:
        """Return the argument `name` of an address of this thing."""
        row = self.row
        makers: dict[str, Callable[[], Any]] = {
            "pk": lambda: row.pk,
            "object_id": lambda: row.pk,
            "user_id": lambda: row.pk,
            "slug": lambda: row.slug,
            "forum_slug": lambda: row.slug if self.kind == "forums.forum" else row.forum.slug,
            "reference": lambda: row.reference,
            "width": lambda: row.widths[0],
            "suffix": lambda: "jpg",
            "name": lambda: row.filename,
            "kind": lambda: self.kind,
            "number": lambda: history.latest_number(row) or 1,
            "file_path": lambda: self.file_path or "photos/1/64.jpg",
            "uidb64": lambda: urlsafe_base64_encode(force_bytes(row.pk)),
            "token": self.token,
        }
        return makers[name]()

    def token(self) -> str:
        """Return the signed part of an address: a one-time link's, or that of a preview."""
        if self.kind == "shared.previewlink":
            signed = previews.signer.sign(str(self.row.pk))
            return f"{signed[:-3]}abc" if self.state in {"forged", "never"} else signed
        return "x-y" if self.state in GONE else default_token_generator.make_token(self.row)

    @property
    def file_path(self) -> str:
        """The address of a photo that the thing shows, below the media's."""
        photo = self.photo
        return f"photos/{photo.pk}/{photo.widths[0]}.jpg" if photo else ""


# Kinds at whose addresses a coordinator of the thing's forum has rights of their own. A forum is
# itself the thing at "write something new for this forum".
COUNTING = {*table.counting_kinds(), "forums.forum"}
# States of a link to a preview in which it shows nothing.
DEAD_LINKS = ("expired", "revoked", "outdated")


def mark() -> str:
    return f"zq{secrets.token_hex(6)}qz"


def state_fields(state: str) -> dict[str, Any]:
    now = timezone.now()
    fields: dict[str, dict[str, Any]] = {
        "scheduled": {"state": "published", "publish_at": now + DAY},
        "expired": {"state": "published", "publish_at": now - 2 * DAY, "expire_at": now - DAY},
        "pending": {"state": "published"},
    }
    # Of what is not published the hour may have come all the same; it stays hidden.
    hidden = {"draft", "in_review", "archived"}
    return fields.get(
        state, {"state": state} | ({"publish_at": now - DAY} if state in hidden else {})
    )


@dataclass
class World:
    """Everybody and everything; made once for a module of tests."""

    people: dict[str, User | None] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    things: dict[str, list[Thing]] = field(default_factory=dict)
    readers: dict[str, str] = field(default_factory=dict)
    # Marks of what a living link to a preview shows to whoever has it.
    linked: set[str] = field(default_factory=set)

    # Marks

    def marked(self, row: models.Model, reader: str) -> Any:
        """Put a mark into every text of `row`, readable by `reader`, and save it."""
        for column in row._meta.concrete_fields:
            if not takes_mark(column):
                continue
            new = mark()
            self.readers[new] = reader
            old = getattr(row, column.attname) or ""
            if isinstance(column, RichTextField):
                value = f"{old}<p>{new}</p>"
            elif isinstance(column, models.SlugField):
                value = f"{old[:20]}-{new}"[-(column.max_length or 50) :]
            elif isinstance(column, models.EmailField):
                value = f"{new}@example.org"
            elif isinstance(column, models.URLField):
                value = f"https://{new}.example.org/"
            else:
                value = f"{old} {new}".strip()
                if column.max_length and len(value) > column.max_length:
                    value = new
            if column.max_length and len(value) > column.max_length:
                continue
            setattr(row, column.attname, value)
        row.save()
        return row

    def readable(self, who: str) -> Callable[[str], bool]:
        """Return whether somebody may read a mark."""
        columns = table.people()[who]

        def may_read(found: str) -> bool:
            reader = self.readers.get(found, PUBLIC)
            if reader == PUBLIC or columns["none"] == "administrator":
                return True
            if reader.startswith("only "):
                return reader == f"only {who}"
            if columns["none"] == "editor":
                return reader != ADMINISTRATORS
            if reader in {"A", "B"}:
                return columns[reader] == "coordinator"
            return False

        return may_read

    # Things

    def add(self, kind: str, forum: str, state: str, row: Any, photo: Any = None) -> Any:
        self.things.setdefault(kind, []).append(Thing(kind, forum, state, row, photo))
        return row

    def of(self, kind: str) -> list[Thing]:
        """Return the things of `kind`, those that are gone too."""
        return self.things[kind]

    def one(self, kind: str, forum: str, state: str) -> Any:
        return next(t.row for t in self.things[kind] if (t.forum, t.state) == (forum, state))

    def client(self, who: str) -> Client:
        """Return a browser in which `who` has logged in before."""
        client = Client()
        if who in self.cookies:
            client.cookies[settings.SESSION_COOKIE_NAME] = self.cookies[who]
        return client


def takes_mark(column: Any) -> bool:
    return (
        isinstance(column, models.CharField | models.TextField)
        and not isinstance(column, models.UUIDField)
        and not column.choices
        and column.name
        not in {"kind", "password", "reference", "token", "message_id", "about", "key"}
    )


@contextmanager
def standing(blocker: Any, var: Path) -> Iterator[World]:
    """Within, the world stands: its rows in a transaction that is undone, its files in `var`."""
    with (
        blocker.unblock(),
        override_settings(VAR_DIR=var, MEDIA_ROOT=var / "media"),
        transaction.atomic(),
    ):
        yield build()
        transaction.set_rollback(True)


def build() -> World:
    """Fill the database; returns what was made."""
    world = World()
    forums = {"A": b.forum(is_trusted=True), "B": b.forum(is_trusted=False)}
    for name, forum in forums.items():
        world.add("forums.forum", name, "there", world.marked(forum, PUBLIC))
    hire(world, forums)
    for name, forum in forums.items():
        for state in STATES:
            add_update(world, name, forum, state)
    for state in STATES:
        add_others(world, state, forums["A"])
    add_stateless(world, forums["A"])
    add_links(world, forums["A"])
    add_gone(world, forums)
    return world


def hire(world: World, forums: dict[str, Any]) -> None:
    today = timezone.localdate()

    def person(who: str, role: str, **kw: Any) -> User:
        user = b.user(role, **kw)
        new = mark()
        world.readers[new] = f"only {who}"
        user.email = f"{new}@example.org"
        user.save()
        world.people[who] = user
        return user

    def tie(user: User, *names: str, **kw: Any) -> None:
        for name in names:
            Coordinator.objects.create(forum=forums[name], user=user, **kw)

    world.people["anonymous"] = None
    person("account without a forum", "coordinator")
    of_a = person("coordinator of A", "coordinator")
    tie(of_a, "A")
    tie(person("coordinator of B", "coordinator"), "B")
    tie(person("coordinator of A and B", "coordinator"), "A", "B")
    span = {"stands_in_for": of_a, "starts_on": today - 9 * DAY, "ends_on": today + DAY}
    tie(person("stand-in of A today", "coordinator"), "A", **span)
    span["ends_on"] = today - DAY
    tie(person("stand-in of A whose time is over", "coordinator"), "A", **span)
    revoked = person("coordinator of A, revoked after log-in", "coordinator")
    tie(revoked, "A")
    person("editor", "editor")
    person("administrator", "administrator")
    disabled = person("disabled after log-in", "editor")
    tie(disabled, "A")
    for who, user in world.people.items():
        if user is None:
            continue
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        assert SESSION_KEY in client.session
        world.cookies[who] = client.cookies[settings.SESSION_COOKIE_NAME].value
    revoked.coordinations.all().delete()
    User.objects.filter(pk=disabled.pk).update(is_active=False)


def add_update(
    world: World, name: str, forum: Any, state: str, *, in_grid: bool = True
) -> ForumUpdate:
    """Add an update with a photo and a document; one that is pending has a change that waits."""
    reader = PUBLIC if state in PUBLIC_STATES else name
    with history.editing():
        update = b.forum_update(
            forum, author=world.people[f"coordinator of {name}"], **state_fields(state)
        )
        world.marked(update, reader)
        photo = world.marked(b.photo(content=SMALL), reader)
        document = world.marked(b.document(), reader)
        b.update_photo(update, photo)
        b.update_document(update, document)
    if not in_grid:
        return update
    world.add("forums.forumupdate", name, state, update, photo)
    world.add("shared.photo", name, state, photo)
    world.add("shared.document", name, state, document)
    if state == "pending":
        revision = pend(world, update, name)
        world.add("shared.pendingrevision", name, "there", revision, photo)
    if state == "in_review":
        remark = world.marked(ReviewNote(**reference(update), outcome="sent_back"), name)
        remark.by = world.people["editor"]
        remark.save()
    if state == "archived":
        new = mark()
        who = f"coordinator of {name}"
        world.readers[new] = f"only {who}"
        WorkingCopy.objects.create(
            user=world.people[who], typed={"title": [new], "body": [new]}, **reference(update)
        )
    return update


def reference(thing: models.Model) -> dict[str, Any]:
    return {"kind": thing._meta.label_lower, "object_id": thing.pk}


def pend(world: World, thing: models.Model, reader: str) -> PendingRevision:
    """Let a change of `thing` wait for approval, whose words nobody reads but `reader`."""
    data = history.snapshot(thing)
    changed = mark()
    world.readers[changed] = reader
    for name in ("title", "body", "text", "summary"):
        if name in data["fields"]:
            data["fields"][name] = f"<p>{changed}</p>" if name == "body" else changed
    return PendingRevision.objects.create(
        title=changed,
        data=data,
        base_number=history.latest_number(thing),
        author=getattr(thing, "author", None),
        **reference(thing),
    )


SMALL = b.image_bytes(64, 40)


def add_others(world: World, state: str, forum: Any) -> None:
    """Add what has a state and whose forum gives no rights: staff alone see it before its time."""
    reader = PUBLIC if state in PUBLIC_STATES else STAFF
    fields = state_fields(state)
    with history.editing():
        event: Event = world.marked(b.event(forum=forum, **fields), reader)
        photo = world.marked(b.photo(content=SMALL), reader)
        document = world.marked(b.document(), reader)
        b.event_photo(event, photo)
        b.event_document(event, document)
        world.marked(b.topic(event, forum=forum), reader)
        film = b.recording(
            event,
            file=ContentFile(b"film", name="film.mp4"),
            captions=ContentFile(b"WEBVTT\n", name="captions.vtt"),
        )
        film.url = ""
        film.title = f"{film.title} {note(world, reader)}"
        film.transcript = f"<p>{note(world, reader)}</p>"
        film.save()
    rows = {
        "events.event": event,
        "shared.photo": photo,
        "shared.document": document,
        "events.recording": film,
        "forums.initiative": world.marked(b.initiative(forum=forum, **fields), reader),
        "members.storychapter": world.marked(b.story_chapter(**fields), reader),
        "shared.page": world.marked(b.page(**fields), reader),
    }
    for kind, row in rows.items():
        world.add(kind, "none", state, row, photo if kind == "events.event" else None)
        if state == "pending" and kind in {
            "events.event",
            "forums.initiative",
            "members.storychapter",
            "shared.page",
        }:
            revision = pend(world, row, STAFF)
            world.add("shared.pendingrevision", "none", "there", revision, photo)


def note(world: World, reader: str) -> str:
    new = mark()
    world.readers[new] = reader
    return new


def add_stateless(world: World, forum: Any) -> None:
    """Add what is public when saved, what the public sent, and people and settings."""
    source = world.marked(b.source(), PUBLIC)
    city = world.marked(b.municipality(), PUBLIC)
    b.municipality_fact(city, source=source)
    b.locality(city)
    body = world.marked(b.related_body(), PUBLIC)
    b.office_holder(body)
    tier = world.marked(b.milestone_tier(), PUBLIC)
    shown = world.marked(b.document(), PUBLIC)
    b.forum_document(forum, shown)
    for slug in ("privacy", "foi"):
        b.page(slug=slug)
    for singleton, reader in (
        ("shared.accessibilitystatement", PUBLIC),
        ("shared.sitesettings", ""),
    ):
        row: Any = apps.get_model(singleton).load()
        if reader:
            world.marked(row, reader)
        else:
            row.notice_email = f"{note(world, ADMINISTRATORS)}@example.org"
        row.save()
        world.add(singleton, "none", "there", row)
    loose = world.marked(b.recording(is_released=False), STAFF)
    world.add("events.recording", "none", "draft", with_film(loose))
    message = world.marked(b.contact_message(), STAFF)
    proposal = b.proposal(
        field=forum,
        attachment=ContentFile(b.PDF, name="plan.pdf"),
        attachment_name="plan.pdf",
    )
    for column in ("note", "contact_name", "description", "title"):
        setattr(proposal, column, note(world, STAFF))
    proposal.save()
    rows = {
        "members.municipality": city,
        "members.goal": world.marked(b.goal(), PUBLIC),
        "members.relatedbody": body,
        "forums.milestonetier": tier,
        "forums.milestone": world.marked(b.milestone(tier, forums=[forum]), PUBLIC),
        "forums.initiativekind": world.marked(b.initiative_kind(), PUBLIC),
        "shared.document": shown,
        "shared.sourcequote": world.marked(b.source_quote(), PUBLIC),
        "shared.source": source,
        "shared.contactmessage": message,
        "forums.proposal": proposal,
        "shared.user": b.user("coordinator"),
        "shared.outboxmessage": world.marked(b.outbox_message(), ADMINISTRATORS),
    }
    for kind, row in rows.items():
        world.add(kind, "none", "there", row)


def add_links(world: World, forum: Any) -> None:
    """Add links to previews of a draft: one that lives, and one for each way to be dead."""
    now = timezone.now()
    author = world.people["coordinator of A"]
    for state in ("there", *DEAD_LINKS):
        known = set(world.readers)
        update = add_update(world, "A", forum, "draft", in_grid=False)
        if state == "there":
            world.linked = set(world.readers) - known
        link = PreviewLink.objects.create(
            **reference(update),
            version_number=history.latest_number(update) - (state == "outdated"),
            created_by=author,
            created_at=now - 2 * DAY,
            expires_at=now - DAY if state == "expired" else now + DAY,
            revoked_at=now if state == "revoked" else None,
        )
        photo = update.photo_links.get().photo
        world.add("shared.previewlink", "A", state, link, photo)
        if state == "there":
            # The same living link, its signature forged.
            world.add("shared.previewlink", "A", "forged", link, photo)


def with_film(recording: Any) -> Any:
    recording.file.save("film.mp4", ContentFile(b"film"), save=False)
    recording.captions.save("captions.vtt", ContentFile(b"WEBVTT\n"), save=False)
    recording.url = ""
    recording.save()
    return recording


def add_gone(world: World, forums: dict[str, Any]) -> None:
    """Add to each kind a thing that was deleted and one that never was."""
    gone_forum = b.forum()
    for name, forum in forums.items():
        binned = add_update_to_bin(world, name, forum)
        world.add("forums.forumupdate", name, "deleted", binned)
    singletons = {"shared.accessibilitystatement", "shared.sitesettings"}
    for kind, things in list(world.things.items()):
        model = apps.get_model(kind)
        sample = things[0].row
        never = copied(sample)
        never.pk = 2 if kind in singletons else 10_000_000
        if kind != "shared.photo" and hasattr(never, "slug"):
            never.slug = "never-was"
        if hasattr(never, "reference"):
            never.reference = "AAAA-AAAA-AAAA"
        world.add(kind, "none", "never", never)
        if kind in NO_BIN or kind == "forums.forumupdate":
            continue
        dead = gone_forum if kind == "forums.forum" else fresh(kind, model)
        kept = copied(dead)
        dead.delete()
        world.add(kind, "none", "deleted", kept)


# Kinds whose rows nobody deletes by hand.
NO_BIN = {
    "shared.accessibilitystatement",
    "shared.sitesettings",
    "shared.pendingrevision",
    "shared.previewlink",
}


def add_update_to_bin(world: World, name: str, forum: Any) -> ForumUpdate:
    with history.editing():
        update = world.marked(b.forum_update(forum), name)
    kept: Any = copied(update)
    with history.editing():
        update.delete()
    return kept


def copied(row: Any) -> Any:
    """Return the row again, apart from its later life."""
    values = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields}
    return type(row)(**values)


def fresh(kind: str, model: type[models.Model]) -> Any:
    """Return a new thing of `kind`, made by the builder that bears its name."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", model.__name__).lower()
    kw: dict[str, Any] = {}
    if kind == "shared.photo":
        kw["content"] = SMALL
    return getattr(b, name)(**kw)
