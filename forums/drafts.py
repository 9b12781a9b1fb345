"""An update as the desk's form has it: its words, photos and documents, and where saving leads."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext_lazy as _

from cluster_portal.shared import attachments, differences, history, policy, revisions
from cluster_portal.shared import working_copies as copies
from cluster_portal.shared.conflicts import Conflict, Difference
from cluster_portal.shared.models import (
    Document,
    PendingRevision,
    Photo,
    ReviewNote,
    Version,
    WorkingCopy,
)
from cluster_portal.shared.policy import Action
from cluster_portal.shared.publishing import PublicationState
from cluster_portal.shared.richtext import StoredHtml
from forums.forms import BaseRows, DocumentRows, PhotoRows, UpdateForm, with_another_row
from forums.models import ForumUpdate, ForumUpdateDocument, ForumUpdatePhoto

CHOOSE_FILES_AGAIN = _("Only the files that you chose must be chosen once more.")
OVERTAKEN = _(
    "Meanwhile somebody else changed what waits for approval. Nothing was saved and nothing that "
    "you typed is lost: compare below, correct if you like, and send again."
)
# What a working copy keeps of the form: what people type and tick, and the signed numbers that tie
# it to its files and to what stood when it was opened.
TYPED = re.compile(
    r"(title|summary|body|municipalities|publish_at|expire_at|base_number|seen"
    r"|(photos|documents)-([A-Z]{1,10}_FORMS"
    r"|\d{1,2}-(kept|order|credit|remove|alt|is_decorative|caption|title)))"
)
# Of these, what says that somebody has really begun.
BEGUN = re.compile(r"title|summary|body|.*-(kept|alt|caption|title)")


def scope_of(update: ForumUpdate) -> str:
    """Return of which new thing a working copy is, where `update` has no number yet."""
    return f"forum-{update.forum_id}"


def typed_into(data: QueryDict) -> copies.Typed:
    """Return what a working copy keeps of the form `data`; raises copies.TooLarge."""
    return copies.typed_of(data, [name for name in data if TYPED.fullmatch(name)])


def has_begun(typed: copies.Typed) -> bool:
    """Say whether anything was typed that is worth keeping."""
    return any(value.strip() for name in typed if BEGUN.fullmatch(name) for value in typed[name])


class Draft:
    """The form of one update, bound to what was typed or not: its words, photos and documents.

    `once` is the signed number of the form of a new update. `revision` is the change that waits for
    approval; the form then opens with its words, not with those that the public reads. `copy` is
    what was typed before and never saved.
    """

    ACTIONS = frozenset({"save", "submit", "publish", "keep", "add_photos", "add_documents"})

    def __init__(
        self,
        request: HttpRequest,
        update: ForumUpdate,
        once: str = "",
        *,
        revision: PendingRevision | None = None,
        base_number: int | None = None,
        copy: WorkingCopy | None = None,
    ) -> None:
        self.request = request
        self.update = update
        self.once = once
        self.revision = revision
        self.copy = copy
        self.note: ReviewNote | None = None
        self.has_errors = False
        self.status_code = 200
        asked = request.POST.get("action", "save")
        self.action = asked if asked in self.ACTIONS else "save"
        self.may_publish = bool(update.forum_id) and policy.may(
            request.user, Action.PUBLISH, update
        )
        self.was_published = update.state == PublicationState.PUBLISHED
        self.needs_approval = self.was_published and not self.may_publish
        self.data: Any = None
        if request.method == "POST":
            self.data = request.POST
        elif copy is not None:
            self.data = copies.form_data(copy)
        for prefix in ("photos", "documents"):
            if self.data is not None and self.action == f"add_{prefix}":
                self.data = with_another_row(self.data, prefix)
        self.build(base_number)

    def build(self, base_number: int | None) -> None:
        """Make the form and its rows."""
        data = self.data
        files = self.request.FILES if self.request.method == "POST" else None
        update, revision = self.update, self.revision
        kwargs: dict[str, Any] = {
            "form_kwargs": {
                "user": self.request.user,
                "scope": f"{update.pk or f'new-{update.forum_id}'}",
            }
        }
        initial = None
        if revision is not None:
            initial, base_number = words_of(revision), revision.base_number
        self.form = UpdateForm(
            data, instance=update, initial=initial, base_number=base_number, to=self.target
        )
        self.photos: BaseRows = PhotoRows(
            data,
            files,
            prefix="photos",
            initial=None if data is not None else self.initial_photos(),
            **kwargs,
        )
        self.documents: BaseRows = DocumentRows(
            data,
            files,
            prefix="documents",
            initial=None if data is not None else self.initial_documents(),
            **kwargs,
        )
        self.form.rows = ((self.photos, "photo"), (self.documents, "document"))
        for rows in (self.photos, self.documents):
            # An empty row invites to the first file; to more, a button.
            rows.extra = 0 if rows.initial else 1
        self.rows_are_checked = False

    @property
    def target(self) -> str:
        """The state to which this form is to lead, by itself or once it is approved."""
        if self.was_published or self.action == "publish":
            return PublicationState.PUBLISHED
        return PublicationState.IN_REVIEW if self.action == "submit" else PublicationState.DRAFT

    @property
    def base_number(self) -> str:
        """The version on which the form was opened, as the form carries it."""
        if "base_number" in self.form.fields:
            value = self.form["base_number"].value()
            return "" if value is None else str(value)[:20]
        # The form of somebody who was logged out is not looked up, and carries it on all the same.
        return str(self.request.POST.get("base_number", ""))[:20]

    @property
    def seen(self) -> str:
        """Which save of the change that waits the form was opened with; 0 for none."""
        if self.data is not None:
            return str(self.data.get("seen", ""))[:10]
        return str(self.revision.number if self.revision else 0)

    @property
    def seen_number(self) -> int:
        return int(self.seen) if self.seen.isascii() and self.seen.isdecimal() else 0

    def initial_photos(self) -> list[dict[str, Any]]:
        return [
            {
                "attachment": photo,
                "order": order,
                "alt": photo.alt,
                "is_decorative": photo.is_decorative,
                "caption": photo.caption,
                "credit": photo.credit,
            }
            for order, photo in enumerate(self.shown(ForumUpdatePhoto, "photo", Photo), 1)
        ]

    def initial_documents(self) -> list[dict[str, Any]]:
        return [
            {
                "attachment": document,
                "order": order,
                "title": document.title,
                "credit": document.credit,
            }
            for order, document in enumerate(
                self.shown(ForumUpdateDocument, "document", Document), 1
            )
        ]

    def shown(self, links: Any, name: str, kind: Any) -> Iterator[Any]:
        """Yield the attachments of the update in their order: as it stands, or as it waits."""
        if self.revision is not None:
            rows = self.revision.data["parts"].get(f"{name}_links", [])
            rows = sorted(rows, key=lambda row: (row.get("order") or 0, row.get("pk") or 0))
            found = kind._default_manager.in_bulk([row[f"{name}_id"] for row in rows])
            yield from (found[row[f"{name}_id"]] for row in rows if row[f"{name}_id"] in found)
        elif self.update.pk is not None:
            for link in links.objects.filter(update=self.update).select_related(name):
                yield getattr(link, name)

    @property
    def forms(self) -> list[Any]:
        return [self.form, *self.photos.forms, *self.documents.forms]

    def check_rows(self) -> None:
        """Check photos and documents, and keep the good files whether the rest is right or not."""
        if self.rows_are_checked:
            return
        self.rows_are_checked = True
        for rows in (self.photos, self.documents):
            rows.is_valid()
            rows.keep_files()

    def is_valid(self, saving: bool = True) -> bool:
        """Check everything; for `saving`, within a transaction, against newer versions too."""
        self.check_rows()
        self.form.looks_for_conflict = saving
        valid = self.form.is_valid()
        self.has_errors = not valid or self.photos.has_errors() or self.documents.has_errors()
        return not self.has_errors

    def forgive(self) -> None:
        """Drop the errors of a form that nobody wanted to save yet, but those of the files."""
        self.is_valid(saving=False)
        for form in self.forms:
            for name in [name for name in form.errors if name not in {"file", "kept"}]:
                del form.errors[name]
        self.has_errors = any(form.errors for form in self.forms)

    def refuse(self, message: Any, status: int = 200) -> None:
        """Make the form come back as it was typed, with `message` alone above it."""
        for form in self.forms:
            form.errors.clear()
        self.form.add_error(None, message)
        if self.request.FILES and not self.rows_are_checked:
            self.form.add_error(None, CHOOSE_FILES_AGAIN)
        self.has_errors = True
        self.status_code = status

    def typed(self) -> copies.Typed:
        """Return what was typed, the files that have just arrived by their signed numbers."""
        typed = typed_into(self.request.POST)
        for row in (*self.photos.forms, *self.documents.forms):
            name = row.add_prefix("kept")
            if kept := row.data.get(name):
                typed[name] = [kept]
        return typed

    def save(self) -> ForumUpdate:
        """Store the update with its photos and documents; within a transaction.

        Raises revisions.Outdated when somebody else has changed what waits for approval and would
        be replaced; `show_overtaken` then says so.
        """
        waiting = self.revision
        if waiting is not None and waiting.number != self.seen_number:
            self.captured = revisions.capture(self.store)
            raise revisions.Outdated
        update = self.store()
        if self.revision is not None:
            # What waited for approval is what was just saved, or replaced by it.
            self.revision.delete()
        if self.form.to == PublicationState.IN_REVIEW and update.state != self.form.to:
            revisions.submit_thing(self.request.user, update)
        self.drop_copy()
        return update

    def store(self) -> ForumUpdate:
        update: ForumUpdate = self.form.save()
        exactly = self.revision is not None or self.needs_approval
        copied = update.state == PublicationState.IN_REVIEW
        put_links(update.photo_links, "photo", self.photos, exactly, copied)
        put_links(update.document_links, "document", self.documents, exactly, copied)
        return update

    def save_for_approval(self) -> bool:
        """Put what was typed beside the update, to wait for approval; within a transaction.

        Returns False when nothing differs from what the public reads. Raises revisions.Outdated
        when somebody else has changed what waits; `show_overtaken` then says so.
        """
        standing = history.snapshot(self.update)
        self.captured = revisions.capture(self.store)
        if plainly(self.captured) == plainly(standing):
            if self.revision is not None:
                revisions.withdraw(self.request.user, self.revision)
            self.drop_copy()
            return False
        revisions.submit(
            self.request.user,
            self.update,
            self.captured,
            history.latest_number(self.update),
            seen=self.seen_number or None,
        )
        self.drop_copy()
        return True

    def show_overtaken(self) -> None:
        """Put side by side what somebody else has sent for approval and what was typed here."""
        waiting = revisions.pending_of(self.update)
        if waiting is not None:
            newest = Version(
                title=waiting.title,
                user=waiting.author,
                at=waiting.submitted_at,
                action=Version.Action.CHANGED,
                data=waiting.data,
            )
            self.form.conflict = Conflict(
                newest,
                fields=[
                    Difference(change.label, change.old, change.new)
                    for change in differences.differences(ForumUpdate, waiting.data, self.captured)
                ],
            )
        self.data = self.data.copy()
        self.data["seen"] = str(waiting.number if waiting else 0)
        self.form.add_error(None, ValidationError(OVERTAKEN, code="conflict"))
        self.has_errors = True

    def drop_copy(self) -> None:
        copies.drop(self.request.user, self.copied_thing, scope_of(self.update))

    @property
    def copied_thing(self) -> ForumUpdate:
        """The thing whose working copy this form is: a new one still, once it has its number."""
        return ForumUpdate(forum_id=self.update.forum_id) if self.once else self.update

    def is_same_as(self, other: ForumUpdate) -> bool:
        """Say whether what was typed is what stands in `other` already."""
        words = ("title", "summary", "body")
        return (
            all(self.form.cleaned_data.get(name) == getattr(other, name) for name in words)
            and set(self.form.cleaned_data["municipalities"]) == set(other.municipalities.all())
            and len(self.photos.wanted()) == other.photo_links.count()
            and len(self.documents.wanted()) == other.document_links.count()
        )


def words_of(revision: PendingRevision) -> dict[str, Any]:
    """Return the words of a change that waits, as the form takes them."""
    fields = revision.data["fields"]
    times = {
        name: ForumUpdate._meta.get_field(name).to_python(fields[name])
        for name in ("publish_at", "expire_at")
    }
    return times | {
        "title": fields["title"],
        "summary": fields["summary"],
        "body": StoredHtml(fields["body"]),
        "municipalities": revision.data["links"]["municipalities"],
    }


def plainly(snapshot: history.Snapshot) -> history.Snapshot:
    """Return `snapshot` without the numbers of its parts' rows and their places in the order."""
    return snapshot | {
        "parts": {
            name: [
                {key: value for key, value in row.items() if key not in {"pk", "order"}}
                for row in sorted(rows, key=lambda row: row.get("order") or 0)
            ]
            for name, rows in snapshot["parts"].items()
        }
    }


def asks_to_take_down(revision: PendingRevision) -> bool:
    """Say whether a change that waits is that the public shall no longer see the update."""
    return revision.data["fields"]["state"] != PublicationState.PUBLISHED


def put_links(
    links: Any, name: str, rows: BaseRows, exactly: bool = False, copied: bool = False
) -> None:
    """Make the `links` of an update show what the `rows` say, and the attachments say it too.

    What somebody else has added in the meantime stays, unless the links are to be `exactly` the
    rows. Nothing is deleted but the link. With `copied` an attachment that changes is a copy from
    here on: the update gets a new version, which nobody has read, so it cannot be approved unseen.
    """
    for row in rows.forms:
        gone = [row.replaced]
        if row.cleaned_data.get("remove"):
            gone.append(row.attachment)
        pks = [attachment.pk for attachment in gone if attachment is not None]
        links.filter(**{f"{name}_id__in": pks}).delete()
    if exactly:
        kept = [row.attachment.pk for row in rows.wanted()]
        links.exclude(**{f"{name}_id__in": kept}).delete()
    for order, row in enumerate(rows.wanted(), 1):
        link, _created = links.update_or_create(**{name: row.attachment}, defaults={"order": order})
        attachment: Any = row.attachment
        details = row.details()
        if all(getattr(attachment, field) == value for field, value in details.items()):
            continue
        for field, value in details.items():
            setattr(attachment, field, value)
        if copied or attachments.is_shared(attachment):
            # Shown elsewhere too, where this person has no say: from here on ours is a copy.
            attachment.pk = None
            attachment._state.adding = True
            attachment.save()
            setattr(link, name, attachment)
            link.save()
        else:
            attachment.save()
