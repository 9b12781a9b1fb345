"""The desk: where coordinators write, change and take back the updates of their own forums.

A forum or an update is looked up among those of the person who asks, so that another's is not
found: foreign and missing answer alike, in every method.
"""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.core.handlers.exception import response_for_exception
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_http_methods

from cluster_portal.shared import attachments, policy
from cluster_portal.shared.csrf import CSRF_FAILED, keeps_typed
from cluster_portal.shared.paging import page_of
from cluster_portal.shared.policy import Action
from cluster_portal.shared.publishing import PublicationState
from forums.forms import BaseRows, DocumentRows, PhotoRows, UpdateForm, with_another_row
from forums.models import Forum, ForumUpdate

UPDATES_PER_PAGE = 20
SESSION_ENDED = _(
    "Your log-in has ended, so nothing was saved yet. Log in in another tab and send again: all "
    "that you typed is still here."
)
CHOOSE_FILES_AGAIN = _("Only the files that you chose must be chosen once more.")
View = Callable[..., HttpResponse]


class Status(NamedTuple):
    """Where an update stands, as the desk says it."""

    key: str
    label: Any


STATUSES = {
    "draft": Status("draft", pgettext_lazy("state of an update", "Draft")),
    "in_review": Status("in_review", pgettext_lazy("state of an update", "In review")),
    "scheduled": Status("scheduled", pgettext_lazy("state of an update", "Waits for its time")),
    "published": Status("published", pgettext_lazy("state of an update", "Published")),
    "expired": Status("expired", pgettext_lazy("state of an update", "Its time is over")),
    "archived": Status("archived", pgettext_lazy("state of an update", "Archived")),
}


def status_of(update: ForumUpdate) -> Status:
    """Return where `update` stands at this moment."""
    now = timezone.now()
    if update.state != PublicationState.PUBLISHED:
        return STATUSES[update.state]
    if update.expire_at and update.expire_at <= now:
        return STATUSES["expired"]
    return STATUSES["published" if update.is_published(now) else "scheduled"]


def forums_of(user: Any) -> QuerySet[Forum]:
    """Return the forums for which `user` may write: staff for all, others where they coordinate."""
    return Forum.objects.all() if policy.is_staff(user) else Forum.objects.coordinated_by(user)


def find_update(request: HttpRequest, pk: int) -> ForumUpdate:
    """Return the update `pk` of a forum of the person who asks; raise Http404 for any other."""
    update: ForumUpdate = get_object_or_404(
        ForumUpdate.objects.select_related("forum"), pk=pk, forum__in=forums_of(request.user)
    )
    if not policy.may(request.user, Action.CHANGE, update):
        raise Http404
    return update


def desk_page(*methods: str, session_ended: View | None = None) -> Callable[[View], View]:
    """Decorate a page of the desk: for who is logged in, in these methods, kept by no cache.

    Who is not is led to the log-in; a POST goes to `session_ended` instead, when there is one, so
    that what was typed is not lost.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                if request.method == "POST" and session_ended:
                    return session_ended(request)
                return redirect_to_login(request.get_full_path())
            try:
                return view(request, *args, **kwargs)
            except Http404 as error:
                # Answered here, so that this page is kept by no cache either.
                return response_for_exception(request, error)

        return keeps_typed(require_http_methods(methods)(guarded))

    return decorate


@desk_page("GET", "HEAD")
def desk_home(request: HttpRequest) -> HttpResponse:
    forums = list(forums_of(request.user))
    updates = (
        ForumUpdate.objects.filter(forum__in=forums)
        .select_related("forum", "author")
        .order_by("-updated_at", "-pk")
    )
    page = page_of(request, updates, UPDATES_PER_PAGE)
    return render(
        request,
        "desk/desk_home.html",
        {
            "forums": forums,
            "page_obj": page,
            "rows": [{"update": update, "status": status_of(update)} for update in page],
        },
    )


class Draft:
    """The form of one update, bound to a request or not: its words, photos and documents."""

    def __init__(self, request: HttpRequest, update: ForumUpdate, once: str = "") -> None:
        """`once` is the signed number of the form of a new update; see `new_once`."""
        self.request = request
        self.update = update
        self.once = once
        self.has_errors = False
        self.status_code = 200
        self.action = request.POST.get("action", "save")
        self.was_published = update.state == PublicationState.PUBLISHED
        data: Any = request.POST if request.method == "POST" else None
        files = request.FILES if request.method == "POST" else None
        if data is not None:
            for prefix in ("photos", "documents"):
                if self.action == f"add_{prefix}":
                    data = with_another_row(data, prefix)
        kwargs: dict[str, Any] = {
            "form_kwargs": {
                "user": request.user,
                "scope": f"{update.pk or f'new-{update.forum_id}'}",
            }
        }
        self.form = UpdateForm(
            data,
            instance=update,
            publishing=self.action == "publish" or self.was_published,
        )
        self.photos: BaseRows = PhotoRows(
            data, files, prefix="photos", initial=self.initial_photos(data), **kwargs
        )
        self.documents: BaseRows = DocumentRows(
            data, files, prefix="documents", initial=self.initial_documents(data), **kwargs
        )
        for rows in (self.photos, self.documents):
            # An empty row invites to the first file; to more, a button.
            rows.extra = 0 if rows.initial else 1

    def initial_photos(self, data: Any) -> list[dict[str, Any]] | None:
        if data is not None or self.update.pk is None:
            return None
        links = self.update.photo_links.select_related("photo")
        return [
            {
                "attachment": link.photo,
                "order": order,
                "alt": link.photo.alt,
                "is_decorative": link.photo.is_decorative,
                "caption": link.photo.caption,
                "credit": link.photo.credit,
            }
            for order, link in enumerate(links, 1)
        ]

    def initial_documents(self, data: Any) -> list[dict[str, Any]] | None:
        if data is not None or self.update.pk is None:
            return None
        links = self.update.document_links.select_related("document")
        return [
            {
                "attachment": link.document,
                "order": order,
                "title": link.document.title,
                "credit": link.document.credit,
            }
            for order, link in enumerate(links, 1)
        ]

    @property
    def forms(self) -> list[Any]:
        return [self.form, *self.photos.forms, *self.documents.forms]

    def is_valid(self) -> bool:
        """Check everything, and keep the good files whether the rest is right or not."""
        valid = [self.form.is_valid(), self.photos.is_valid(), self.documents.is_valid()]
        self.photos.keep_files()
        self.documents.keep_files()
        self.has_errors = not all(valid) or self.photos.has_errors() or self.documents.has_errors()
        return not self.has_errors

    def forgive(self) -> None:
        """Drop the errors of a form that nobody wanted to save yet, but those of the files."""
        for form in self.forms:
            for name in [name for name in form.errors if name not in {"file", "kept"}]:
                del form.errors[name]
        self.has_errors = any(form.errors for form in self.forms)

    def refuse(self, message: Any, status: int) -> None:
        """Make the form come back as it was typed, with `message` alone above it."""
        for form in self.forms:
            form.errors.clear()
        self.form.add_error(None, message)
        if self.request.FILES:
            self.form.add_error(None, CHOOSE_FILES_AGAIN)
        self.has_errors = True
        self.status_code = status

    def save(self) -> ForumUpdate:
        """Store the update with its photos and documents, whole or not at all."""
        with transaction.atomic():
            update: ForumUpdate = self.form.save()
            put_links(update.photo_links, "photo", self.photos)
            put_links(update.document_links, "document", self.documents)
        return update

    def is_same_as(self, other: ForumUpdate) -> bool:
        """Say whether what was typed is what stands in `other` already."""
        words = ("title", "summary", "body")
        return (
            all(self.form.cleaned_data.get(name) == getattr(other, name) for name in words)
            and set(self.form.cleaned_data["municipalities"]) == set(other.municipalities.all())
            and len(self.photos.wanted()) == other.photo_links.count()
            and len(self.documents.wanted()) == other.document_links.count()
        )


def put_links(links: Any, name: str, rows: BaseRows) -> None:
    """Make the `links` of an update show what the `rows` say, and the attachments say it too.

    What somebody else has added in the meantime stays. Nothing is deleted but the link.
    """
    for row in rows.forms:
        gone = [row.replaced]
        if row.cleaned_data.get("remove"):
            gone.append(row.attachment)
        pks = [attachment.pk for attachment in gone if attachment is not None]
        links.filter(**{f"{name}_id__in": pks}).delete()
    for order, row in enumerate(rows.wanted(), 1):
        link, _created = links.update_or_create(**{name: row.attachment}, defaults={"order": order})
        attachment: Any = row.attachment
        details = row.details()
        if all(getattr(attachment, field) == value for field, value in details.items()):
            continue
        for field, value in details.items():
            setattr(attachment, field, value)
        if attachments.is_shared(attachment):
            # Shown elsewhere too, where this person has no say: from here on ours is a copy.
            attachment.pk = None
            attachment._state.adding = True
            attachment.save()
            setattr(link, name, attachment)
            link.save()
        else:
            attachment.save()


def show(request: HttpRequest, draft: Draft, template: str) -> HttpResponse:
    return render(
        request,
        template,
        {
            "update": draft.update if draft.update.pk else None,
            "forum": draft.update.forum if draft.update.forum_id else None,
            "status": status_of(draft.update) if draft.update.pk else None,
            "was_published": draft.was_published,
            "once": draft.once,
            "form": draft.form,
            "photos": draft.photos,
            "documents": draft.documents,
            "all_forms": draft.forms,
            "has_errors": draft.has_errors,
        },
        status=draft.status_code,
    )


def typed_without_session(request: HttpRequest) -> HttpResponse:
    """Show what somebody typed whose log-in has ended; nothing is looked up and nothing stored."""
    draft = Draft(request, ForumUpdate(), request.POST.get("once", "")[:400])
    draft.refuse(SESSION_ENDED, 403)
    return show(request, draft, "desk/update_create.html")


def once_salt(request: HttpRequest, forum: Forum) -> str:
    return f"desk.once.{request.user.pk}.{forum.pk}"


def new_once(request: HttpRequest, forum: Forum) -> str:
    """Return a signed number for one form of a new update, good for this person and forum."""
    return signing.dumps(uuid.uuid4().hex, salt=once_salt(request, forum))


def read_once(request: HttpRequest, forum: Forum) -> uuid.UUID | None:
    """Return the number that the form brings back; None if it is not one of ours."""
    try:
        sent = signing.loads(request.POST.get("once", ""), salt=once_salt(request, forum))
        return uuid.UUID(sent)
    except (signing.BadSignature, ValueError):
        return None


@desk_page("GET", "HEAD", "POST", session_ended=typed_without_session)
def update_create(request: HttpRequest, forum_slug: str) -> HttpResponse:
    forum = get_object_or_404(forums_of(request.user), slug=forum_slug)
    update = ForumUpdate(forum=forum, author=request.user)
    if not policy.may(request.user, Action.ADD, update):
        raise Http404
    if request.method != "POST":
        return show(request, Draft(request, update, new_once(request, forum)), CREATE)
    key = read_once(request, forum)
    draft = Draft(request, update, request.POST["once"] if key else new_once(request, forum))
    update.form_key = key
    if request.csrf_failed:  # type: ignore[attr-defined]
        draft.refuse(CSRF_FAILED, 403)
    elif key is None:
        draft.refuse(_("The form was not opened on this site. Please send it again."), 200)
    elif draft.action.startswith("add_"):
        draft.is_valid()
        draft.forgive()
    elif earlier := ForumUpdate.objects.filter(form_key=key).first():
        return sent_twice(request, draft, earlier)
    elif draft.is_valid():
        try:
            saved = draft.save()
        except IntegrityError:
            # The same form, sent twice in the same moment; anything else is an error of ours.
            earlier = ForumUpdate.objects.filter(form_key=key).first()
            if earlier is None:
                raise
            return sent_twice(request, draft, earlier)
        return done(request, saved)
    return show(request, draft, CREATE)


CREATE, EDIT = "desk/update_create.html", "desk/update_edit.html"


def sent_twice(request: HttpRequest, draft: Draft, earlier: ForumUpdate) -> HttpResponse:
    """Answer a form that has made its update already: once is enough, unless it has changed."""
    valid = [draft.form.is_valid(), draft.photos.is_valid(), draft.documents.is_valid()]
    if all(valid) and draft.is_same_as(earlier):
        return done(request, earlier)
    draft.once = new_once(request, earlier.forum)
    draft.refuse(
        _(
            "This form was saved already, and what you now sent differs. To change the update, "
            "open it from the list at the desk; to make a second one, send again."
        ),
        200,
    )
    return show(request, draft, CREATE)


@desk_page("GET", "HEAD", "POST", session_ended=typed_without_session)
def update_edit(request: HttpRequest, pk: int) -> HttpResponse:
    update = find_update(request, pk)
    draft = Draft(request, update)
    if request.method == "POST":
        if request.csrf_failed:  # type: ignore[attr-defined]
            draft.refuse(CSRF_FAILED, 403)
        elif draft.action.startswith("add_"):
            draft.is_valid()
            draft.forgive()
        elif draft.is_valid():
            return done(request, draft.save())
    return show(request, draft, EDIT)


def done(request: HttpRequest, update: ForumUpdate) -> HttpResponse:
    """Say how the update now stands, and lead back to the desk."""
    texts = {
        "published": _("The update is published."),
        "scheduled": _("The update is saved and will be published at its time."),
        "expired": _("The update is saved. Its time is over, so the public does not see it."),
        "draft": _("The draft is saved. Only the desk sees it."),
    }
    messages.success(request, texts.get(status_of(update).key, _("The update is saved.")))
    return redirect("forums:desk_home")


@desk_page("GET", "HEAD", "POST")
def update_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an update back, to the drafts or to the archive; nothing of it is deleted."""
    update = find_update(request, pk)
    if update.state != PublicationState.PUBLISHED:
        messages.info(
            request, _("The public does not see this update; there is nothing to take back.")
        )
        return redirect("forums:desk_update_edit", pk=update.pk)
    status = 200
    if request.method == "POST" and request.csrf_failed:  # type: ignore[attr-defined]
        messages.warning(request, CSRF_FAILED)
        status = 403
    elif request.method == "POST":
        archived = request.POST.get("to") == "archive"
        update.state = PublicationState.ARCHIVED if archived else PublicationState.DRAFT
        update.save(update_fields=["state", "updated_at"])
        messages.success(
            request,
            _("The update was taken back and lies in the archive.")
            if archived
            else _("The update was taken back and is a draft again."),
        )
        return redirect("forums:desk_home")
    return render(
        request,
        "desk/update_withdraw.html",
        {"update": update, "status": status_of(update)},
        status=status,
    )
