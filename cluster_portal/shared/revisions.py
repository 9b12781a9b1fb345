"""What is sent for review, approved or sent back, and what of a published thing only waits.

The public sees a published thing as it was approved. A change of one by somebody who may not
publish it alone is a pending revision: the whole thing as it would be, kept beside it.
"""

import copy
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, models, transaction
from django.db.models.signals import post_save
from django.utils import timezone
from django.utils.translation import gettext as _

from cluster_portal.shared import attachments, conflicts, history, letters, policy
from cluster_portal.shared.history import Snapshot
from cluster_portal.shared.models import Document, Photo, Version
from cluster_portal.shared.models.review import PendingRevision, ReviewNote
from cluster_portal.shared.policy import Action
from cluster_portal.shared.publishing import PublicationState, Publishable, may_follow
from cluster_portal.shared.text import clean_text

# Parts that a revision adds have no row yet; in its data they are numbered from here on, where no
# row ever comes. Approved, they get numbers of their own.
NEW_PART = 10**15
LONGEST_REMARK = 2000


class CannotReview(ValueError):
    """It cannot be done as things stand; the text says why, for people."""


class Outdated(CannotReview):
    """Somebody else has saved in between."""


class Kind(NamedTuple):
    """Who hears of reviews of a kind of thing, and where they go on writing it."""

    people: Callable[[Any], Iterable[Any]]
    address: Callable[[Any], str]


_kinds: dict[type[models.Model], Kind] = {}


def register_people(
    kind: type[models.Model],
    *,
    people: Callable[[Any], Iterable[Any]],
    address: Callable[[Any], str],
) -> None:
    """Tell who beside the author is to hear of reviews of `kind`, and where they go on writing."""
    _kinds[kind] = Kind(people, address)


def demand(user: Any, action: Action, thing: models.Model) -> None:
    """Raise PermissionDenied unless `user` may do `action` to `thing`."""
    if not policy.may(user, action, thing):
        raise PermissionDenied


def needs_approval(user: Any, thing: models.Model) -> bool:
    """Say whether a change of `thing` by `user` must wait: it is published, and not theirs to be.

    What is published for later, or no longer shows, counts as published too.
    """
    return (
        isinstance(thing, Publishable)
        and (thing.stored_state or thing.state) == PublicationState.PUBLISHED
        and not policy.may(user, Action.PUBLISH, thing)
    )


# --- What would be, without being ---------------------------------------------------------------

# Attachments written within a savepoint that will be rolled back: (a copy of the row, is it new).
_written: ContextVar[list[tuple[Any, bool]] | None] = ContextVar("written", default=None)


class RollBack(Exception):
    """Ends a savepoint whose work is not to stay."""


def note_attachment(sender: Any, instance: Any, created: bool, raw: bool, **kwargs: Any) -> None:
    written = _written.get()
    if written is not None and not raw:
        written.append((copy.copy(instance), created))


for attachment_kind in (Photo, Document):
    post_save.connect(note_attachment, sender=attachment_kind, dispatch_uid="revisions")


@contextmanager
def undone() -> Iterator[list[tuple[Any, bool]]]:
    """Undo at the end what was written within, but for new photos and documents: those stay.

    Yields the list of the attachments written. Nothing of theirs is public, since nothing public
    shows them; and their files are stored already.
    """
    written: list[tuple[Any, bool]] = []
    with transaction.atomic():
        token = _written.set(written)
        try:
            with history.editing(), transaction.atomic():
                yield written
                raise RollBack
        except RollBack:
            pass
        finally:
            _written.reset(token)
        last = {(type(row), row.pk): row for row, _created in written}
        for row, created in written:
            if created:
                insert(last[type(row), row.pk])


def insert(row: Any) -> None:
    row._state.adding = True
    row.save(force_insert=True)


def capture(save: Callable[[], models.Model]) -> Snapshot:
    """Return the thing that `save` would make, as a snapshot; what it wrote is rolled back.

    `save` returns the thing. New photos and documents stay, since the snapshot names them; of those
    that were there and would change (a caption, say) the snapshot names changed copies.
    """
    with undone() as written:
        thing = save()
        data = history.snapshot(thing)
    kind = type(thing)
    changed = {
        (type(row), row.pk): row
        for row, created in written
        if not created and (type(row), row.pk) not in {(type(r), r.pk) for r, c in written if c}
    }
    copies = {}
    for key, row in changed.items():
        standing = type(row)._base_manager.filter(pk=row.pk).first()
        if standing is not None and history.row(standing) == history.row(row):
            continue
        if not is_named(kind, data, *key):
            continue
        row.pk = None
        insert(row)
        copies[key] = row.pk
    for name, rows in data["parts"].items():
        part = part_kind(kind, name)
        for field, attachment in attachment_fields(part):
            for r in rows:
                r[field] = copies.get((attachment, r[field]), r[field])
        number_new(part, thing, name, rows)
    return data


def part_kind(kind: type[models.Model], name: str) -> type[models.Model]:
    return kind._meta.get_field(name).related_model  # type: ignore[return-value]


def attachment_fields(part: type[models.Model]) -> list[tuple[str, type[models.Model]]]:
    """Return the columns of a part that name a photo or document, and which of the two."""
    return [
        (f.attname, f.related_model)
        for f in part._meta.concrete_fields
        if isinstance(f, models.ForeignKey) and f.related_model in (Photo, Document)
    ]


def is_named(kind: type[models.Model], data: Snapshot, attachment: type, pk: int) -> bool:
    """Say whether the snapshot `data` of a thing of `kind` shows this photo or document."""
    return any(
        r[field] == pk
        for name, rows in data["parts"].items()
        for field, model in attachment_fields(part_kind(kind, name))
        if model is attachment
        for r in rows
    )


def number_new(
    part: type[models.Model], thing: models.Model, name: str, rows: list[dict[str, Any]]
) -> None:
    """Give the rows of parts that do not stand numbers that no other row will ever have."""
    standing = set(getattr(thing, name).values_list("pk", flat=True))
    last = max([NEW_PART, *(r["pk"] for r in rows)])
    for r in rows:
        if r["pk"] not in standing and r["pk"] < NEW_PART:
            last += 1
            r["pk"] = last


@contextmanager
def thing_as(revision: PendingRevision) -> Iterator[Any]:
    """Within, the database has the thing as `revision` would make it; afterwards as it was.

    For previews, and for opening the revision in a form: build and render it within. Raises
    CannotReview when the thing is gone or cannot be so.
    """
    kind = history.kind_of(revision.kind)
    if kind is None or not kind._base_manager.filter(pk=revision.object_id).exists():
        raise CannotReview(_("What it changes no longer exists."))
    with undone():
        latest = history.latest_number(kind(pk=revision.object_id))
        try:
            history.apply(kind, revision.object_id, revision.data)
        except (history.CannotRestore, IntegrityError) as error:
            raise CannotReview(_("Something that it needs no longer exists.")) from error
        thing = kind._base_manager.get(pk=revision.object_id)
        # Its version number goes on being that of what is approved.
        Version.objects.of(thing).filter(number__gt=latest).order_by().delete()
        yield thing


# --- Pending revisions --------------------------------------------------------------------------


def thing_of(revision: PendingRevision) -> Any:
    """Return the thing that `revision` changes, as it stands; None if it is gone."""
    kind = history.kind_of(revision.kind)
    return kind._base_manager.filter(pk=revision.object_id).first() if kind else None


def waiting_to_show(attachment: models.Model) -> Iterator[models.Model]:
    """Yield the things whose pending revisions show `attachment`."""
    for revision in PendingRevision.objects.all():
        kind = history.kind_of(revision.kind)
        if kind and is_named(kind, revision.data, type(attachment), attachment.pk):
            yield from kind._base_manager.filter(pk=revision.object_id)


attachments.register_waiting(waiting_to_show)


def pending_of(thing: models.Model) -> PendingRevision | None:
    """Return the change of `thing` that waits, whether for approval or for its author."""
    return PendingRevision.objects.filter(kind=thing._meta.label_lower, object_id=thing.pk).first()


def pending_for(things: Iterable[models.Model]) -> dict[int, PendingRevision]:
    """Return the pending revisions of `things`, all of one kind, by the things' keys."""
    rows = list(things)
    if not rows:
        return {}
    found = PendingRevision.objects.filter(
        kind=rows[0]._meta.label_lower, object_id__in=[row.pk for row in rows]
    ).select_related("author")
    return {revision.object_id: revision for revision in found}


def last_note(thing: models.Model) -> ReviewNote | None:
    """Return what was last answered to `thing`."""
    return ReviewNote.objects.filter(kind=thing._meta.label_lower, object_id=thing.pk).first()


def notes_for(things: Iterable[models.Model]) -> dict[int, ReviewNote]:
    """Return the last answers to `things`, all of one kind, by the things' keys."""
    rows = list(things)
    if not rows:
        return {}
    found = ReviewNote.objects.filter(
        kind=rows[0]._meta.label_lower, object_id__in=[row.pk for row in rows]
    ).order_by("at", "pk")
    return {note.object_id: note for note in found}


def locked(thing: models.Model) -> Any:
    """Return `thing` as it stands in the database, its row held until the transaction ends."""
    fresh = conflicts.lock(type(thing)._base_manager.filter(pk=thing.pk)).first()
    if fresh is None:
        raise CannotReview(_("It no longer exists."))
    return fresh


def locked_revision(revision: PendingRevision, seen: int | None) -> PendingRevision:
    """Return `revision` as it stands, held; raise Outdated if it is not as `seen` any more."""
    fresh = conflicts.lock(PendingRevision.objects.filter(pk=revision.pk)).first()
    if fresh is None:
        raise Outdated(_("This change waits no longer; somebody has dealt with it meanwhile."))
    if seen is not None and fresh.number != seen:
        raise Outdated(_("Meanwhile somebody saved this change again. Look at it once more."))
    return fresh


def submit(
    user: Any, thing: models.Model, data: Snapshot, base_number: int, seen: int | None = None
) -> PendingRevision:
    """Let `data`, from `capture`, wait for approval as the change of `thing` by `user`.

    `base_number` is the version of the thing that the author had before them, `seen` the number of
    the revision that they went on writing (None: none, or their own). Raises PermissionDenied;
    Outdated when somebody else saved in between; CannotReview when it cannot be.
    """
    demand(user, Action.CHANGE, thing)
    with transaction.atomic():
        standing = locked(thing)
        if standing.state != PublicationState.PUBLISHED:
            raise CannotReview(_("It is not published, so nothing has to wait: just save it."))
        if not may_follow(standing.state, data["fields"]["state"]):
            raise CannotReview(_("It cannot be put into this state from where it is."))
        if history.latest_number(standing) != base_number:
            raise Outdated(_("Meanwhile somebody else saved this. Compare, and save again."))
        if data == history.snapshot(standing):
            raise CannotReview(_("Nothing was changed."))
        revision = conflicts.lock(
            PendingRevision.objects.filter(kind=thing._meta.label_lower, object_id=thing.pk)
        ).first()
        if revision is not None and (
            revision.number != seen if seen is not None else revision.author_id != user.pk
        ):
            raise Outdated(
                _("Meanwhile somebody else saved a change of this that waits for approval.")
            )
        is_news = revision is None or revision.state == PendingRevision.State.SENT_BACK
        if revision is None:
            revision = PendingRevision(kind=thing._meta.label_lower, object_id=thing.pk, number=0)
        revision.state = PendingRevision.State.IN_REVIEW
        revision.title = str(data["fields"].get("title") or thing)[:200]
        revision.data = data
        revision.base_number = base_number
        revision.number += 1
        revision.author = user
        revision.submitted_at = timezone.now()
        revision.save()
        if is_news:
            letters.submitted(standing, revision, user)
    return revision


def withdraw(user: Any, revision: PendingRevision) -> None:
    """Throw `revision` away; the thing stays as it is.

    Raises PermissionDenied; Outdated when it was approved or thrown away meanwhile.
    """
    thing = thing_of(revision)
    if thing is None:
        raise CannotReview(_("What it changes no longer exists."))
    demand(user, Action.CHANGE, thing)
    with transaction.atomic():
        locked(thing)
        locked_revision(revision, None).delete()


def approve(
    user: Any, revision: PendingRevision, seen: int | None = None, over: int | None = None
) -> models.Model:
    """Make the thing what `revision` says, as one version, and return it.

    `seen` is the number of the revision that was read. When the thing has changed since the
    revision was made it is refused, unless `over` is the number of the version that it is knowingly
    put in place of. Raises PermissionDenied, Outdated, CannotReview.
    """
    thing = thing_of(revision)
    if thing is None:
        raise CannotReview(_("What it changes no longer exists."))
    demand(user, Action.REVIEW, thing)
    try:
        with transaction.atomic():
            standing = locked(thing)
            revision = locked_revision(revision, seen)
            latest = history.latest_number(standing)
            if latest not in (revision.base_number, over):
                raise Outdated(
                    _(
                        "The published text has changed since this change was made. Compare both, "
                        "and approve again or send it back."
                    )
                )
            author = revision.author
            approved = apply_revision(user, standing, revision)
            revision.delete()
            note = answer(user, approved, ReviewNote.Outcome.APPROVED)
            letters.answered(approved, note, people_of(approved, author), _address_of(approved))
    except (history.CannotRestore, IntegrityError) as error:
        raise CannotReview(
            _("It cannot be approved: something that it needs no longer exists, or is taken.")
        ) from error
    return approved


def apply_revision(user: Any, thing: models.Model, revision: PendingRevision) -> Any:
    data = copy.deepcopy(revision.data)
    data["fields"]["reviewed_at"] = history.plain(timezone.now())
    for rows in data["parts"].values():
        for r in rows:
            if r["pk"] >= NEW_PART:
                r["pk"] = None
    text = _("Approved; written by %(name)s") % {"name": revision.author or _("somebody unknown")}
    with history.editing(lambda: user, note=text[:300]):
        history.apply(type(thing), thing.pk, data)
    return type(thing)._base_manager.get(pk=thing.pk)


def answer(user: Any, thing: models.Model, outcome: str, remark: str = "") -> ReviewNote:
    return ReviewNote.objects.create(
        kind=thing._meta.label_lower, object_id=thing.pk, outcome=outcome, remark=remark, by=user
    )


def people_of(thing: models.Model, author: Any = None) -> list[Any]:
    """Return those who are to hear of a review of `thing`: who wrote it, and who works with it.

    Whoever may not view it any more, having left the forum, hears nothing.
    """
    found = [author or getattr(thing, "author", None) or first_writer(thing)]
    if type(thing) in _kinds:
        found += _kinds[type(thing)].people(thing)
    by_key = {person.pk: person for person in found if person}
    return [person for person in by_key.values() if policy.may(person, Action.VIEW, thing)]


def first_writer(thing: models.Model) -> Any:
    first = Version.objects.of(thing).select_related("user").order_by("number").first()
    return first.user if first else None


def _address_of(thing: models.Model) -> str | None:
    """Return where those who are not staff go on writing `thing`, if anywhere."""
    return _kinds[type(thing)].address(thing) if type(thing) in _kinds else None


# --- Things that are not published yet ----------------------------------------------------------


def check_seen(thing: models.Model, seen: int | None) -> None:
    if seen is not None and history.latest_number(thing) != seen:
        raise Outdated(_("Meanwhile somebody saved this again. Look at it once more."))


def submit_thing(user: Any, thing: Publishable) -> None:
    """Send the draft `thing` for review. Raises PermissionDenied, CannotReview."""
    demand(user, Action.CHANGE, thing)
    with transaction.atomic():
        standing = locked(thing)
        if standing.state != PublicationState.DRAFT:
            raise CannotReview(_("Only a draft can be sent for review."))
        standing.state = PublicationState.IN_REVIEW
        standing.save()
        letters.submitted(standing, None, user)
    thing.state = thing.stored_state = standing.state


def approve_thing(user: Any, thing: Publishable, seen: int | None = None) -> None:
    """Publish `thing`, which is in review: now, or at its time.

    `seen` is the version that was read. Raises PermissionDenied, Outdated, CannotReview.
    """
    demand(user, Action.REVIEW, thing)
    with transaction.atomic():
        standing = locked(thing)
        if standing.state != PublicationState.IN_REVIEW:
            raise CannotReview(_("It is not in review; somebody has dealt with it meanwhile."))
        check_seen(standing, seen)
        now = timezone.now()
        if standing.expire_at is not None and standing.expire_at <= max(
            now, standing.publish_at or now
        ):
            raise CannotReview(_("The time at which it is to be taken down is over."))
        standing.state = PublicationState.PUBLISHED
        standing.reviewed_at = now
        standing.save()
        note = answer(user, standing, ReviewNote.Outcome.APPROVED)
        letters.answered(standing, note, people_of(standing), _address_of(standing))
    thing.state = thing.stored_state = standing.state
    thing.publish_at, thing.reviewed_at = standing.publish_at, standing.reviewed_at


def send_back(user: Any, what: models.Model, remark: str, seen: int | None = None) -> ReviewNote:
    """Give `what`, a thing or a pending revision, back to its author with the `remark` why.

    A thing becomes a draft again. Raises PermissionDenied, Outdated, CannotReview.
    """
    revision = what if isinstance(what, PendingRevision) else None
    thing = thing_of(revision) if revision is not None else what
    if thing is None:
        raise CannotReview(_("What it changes no longer exists."))
    demand(user, Action.REVIEW, thing)
    remark = clean_text(remark).strip()
    if not remark:
        raise CannotReview(_("Say in a sentence or two what is to be changed."))
    if len(remark) > LONGEST_REMARK:
        raise CannotReview(_("The remark is too long."))
    with transaction.atomic():
        standing = locked(thing)
        author = None
        if revision is not None:
            revision = locked_revision(revision, seen)
            if revision.state != PendingRevision.State.IN_REVIEW:
                raise CannotReview(_("It was sent back already."))
            author = revision.author
            PendingRevision.objects.filter(pk=revision.pk).update(
                state=PendingRevision.State.SENT_BACK
            )
        else:
            if standing.state != PublicationState.IN_REVIEW:
                raise CannotReview(_("It is not in review; somebody has dealt with it meanwhile."))
            check_seen(standing, seen)
            standing.state = PublicationState.DRAFT
            standing.save()
        note = answer(user, standing, ReviewNote.Outcome.SENT_BACK, remark)
        letters.answered(standing, note, people_of(standing, author), _address_of(standing))
    return note


def tell_of_change(user: Any, thing: Publishable, before: str | None) -> None:
    """Write the letters that are due when staff have put `thing` into another state by its form.

    `before` is the state it had; None for a new thing.
    """
    if before != thing.state and thing.state == PublicationState.IN_REVIEW:
        letters.submitted(thing, None, user)
    elif before == PublicationState.IN_REVIEW and thing.state == PublicationState.PUBLISHED:
        note = answer(user, thing, ReviewNote.Outcome.APPROVED)
        letters.answered(thing, note, people_of(thing), _address_of(thing))


def still_right(user: Any, thing: Publishable) -> None:
    """Note that `user` looked at `thing` now and found that it holds; its text does not change."""
    demand(user, Action.REVIEW, thing)
    type(thing)._base_manager.filter(pk=thing.pk).update(reviewed_at=timezone.now())
