"""The desk: where coordinators write, change and take back the updates of their own forums.

A forum or an update is looked up among those of the person who asks, so that another's is not
found: foreign and missing answer alike, in every method.
"""

import uuid
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core import signing
from django.core.handlers.exception import response_for_exception
from django.db import IntegrityError, transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import time_format
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from cluster_portal.shared import history, policy, presence, previews, revisions
from cluster_portal.shared import working_copies as copies
from cluster_portal.shared.csrf import CSRF_FAILED, keeps_typed
from cluster_portal.shared.models import PendingRevision, Version, WorkingCopy
from cluster_portal.shared.paging import page_of
from cluster_portal.shared.policy import Action
from cluster_portal.shared.publishing import PublicationState
from forums.drafts import Draft, asks_to_take_down, has_begun, scope_of, typed_into
from forums.models import Forum, ForumUpdate
from forums.querysets import ForumQuerySet

UPDATES_PER_PAGE = 20
# A working copy that arrives this soon after its own save was only slower than the save.
LATE = timedelta(minutes=1)
SESSION_ENDED = _(
    "Your log-in has ended, so nothing was saved yet. Log in in another tab and send again: all "
    "that you typed is still here."
)
NOT_OPENED_HERE = _("The form was not opened on this site. Please send it again.")
NEEDS_REVIEW = _(
    "In this forum an editor approves every update, so it was not published. Nothing you typed was "
    "lost: please send it for review."
)
TOO_LONG = _("The text is too long to be kept aside. Please shorten it, or save it in parts.")
View = Callable[..., HttpResponse]


class Status(NamedTuple):
    """Where an update stands, as the desk says it."""

    key: str
    label: Any


STATUSES = {
    status.key: status
    for status in (
        Status("draft", pgettext_lazy("state of an update", "Draft")),
        Status("sent_back", pgettext_lazy("state of an update", "Sent back to be mended")),
        Status("in_review", pgettext_lazy("state of an update", "In review")),
        Status("scheduled", pgettext_lazy("state of an update", "Waits for its time")),
        Status("published", pgettext_lazy("state of an update", "Published")),
        Status("expired", pgettext_lazy("state of an update", "Its time is over")),
        Status("archived", pgettext_lazy("state of an update", "Archived")),
    )
}
# What waits beside an update that stands as it is.
CHANGES = {
    PendingRevision.State.IN_REVIEW: Status(
        "in_review", pgettext_lazy("state of an update", "A change waits for approval")
    ),
    PendingRevision.State.SENT_BACK: Status(
        "sent_back", pgettext_lazy("state of an update", "The change was sent back to be mended")
    ),
}


def status_of(update: ForumUpdate, is_sent_back: bool = False) -> Status:
    """Return where `update` stands at this moment."""
    now = timezone.now()
    if update.state == PublicationState.DRAFT and is_sent_back:
        return STATUSES["sent_back"]
    if update.state != PublicationState.PUBLISHED:
        return STATUSES[update.state]
    if update.expire_at and update.expire_at <= now:
        return STATUSES["expired"]
    return STATUSES["published" if update.is_published(now) else "scheduled"]


def in_state(key: str) -> Q:
    """Return the condition by which the desk's list shows what is in the state `key`."""
    now = timezone.now()
    published = Q(state=PublicationState.PUBLISHED)
    over = Q(expire_at__isnull=False, expire_at__lte=now)
    sent_back = Q(state=PublicationState.DRAFT, outcome="sent_back")
    conditions = {
        "draft": Q(state=PublicationState.DRAFT) & ~sent_back,
        "sent_back": sent_back | Q(change=PendingRevision.State.SENT_BACK),
        "in_review": Q(state=PublicationState.IN_REVIEW)
        | Q(change=PendingRevision.State.IN_REVIEW),
        "scheduled": published & ~over & Q(publish_at__gt=now),
        "published": published & ~over & Q(publish_at__lte=now),
        "expired": published & over,
        "archived": Q(state=PublicationState.ARCHIVED),
    }
    return conditions[key]


def forums_of(user: Any) -> ForumQuerySet:
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


def new_update(request: HttpRequest, forum_slug: str) -> ForumUpdate:
    """Return an unsaved update of a forum of the person who asks; raise Http404 for any other."""
    forum = get_object_or_404(forums_of(request.user), slug=forum_slug)
    update = ForumUpdate(forum=forum, author=request.user)
    if not policy.may(request.user, Action.ADD, update):
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
    forums = list(forums_of(request.user).for_desk(request.user))
    updates = ForumUpdate.objects.filter(forum__in=forums).for_desk(request.user)
    asked = request.GET.get("state", "")
    if asked and asked not in STATUSES:
        raise Http404
    counts = updates.order_by().aggregate(
        everything=Count("pk"),
        **{key: Count("pk", filter=in_state(key)) for key in STATUSES},
    )
    shown = updates.filter(in_state(asked)) if asked else updates
    page = page_of(request, shown, UPDATES_PER_PAGE, count=counts[asked or "everything"])
    for forum in forums:
        for update in page:
            if update.forum_id == forum.pk:
                update.forum = forum
    return render(
        request,
        "desk/desk_home.html",
        {
            "forums": forums,
            "page_obj": page,
            "state": asked,
            "total": counts["everything"],
            "filters": [
                {"status": status, "count": counts[key]}
                for key, status in STATUSES.items()
                if counts[key] or key == asked
            ],
            "rows": [row_of(request, update) for update in page],
            "unsaved_forums": [forum for forum in forums if forum.copy_at],
            "unsaved_updates": [update for update in page if update.copy_at],
        },
    )


def row_of(request: HttpRequest, update: Any) -> dict[str, Any]:
    """Return what the list says of `update`, a row of `for_desk`."""
    sent_back = update.outcome == "sent_back"
    status = status_of(update, sent_back)
    change = CHANGES.get(update.change)
    says_why = status.key == "sent_back" or update.change == PendingRevision.State.SENT_BACK
    return {
        "update": update,
        "status": status,
        "change": change,
        "remark": update.remark if says_why and sent_back else "",
        "once": new_once(request, update.forum),
    }


def show(request: HttpRequest, draft: Draft, template: str) -> HttpResponse:
    update = draft.update if draft.update.pk else None
    sent_back = bool(draft.note and draft.note.outcome == draft.note.Outcome.SENT_BACK)
    status = status_of(draft.update, sent_back) if update else None
    revision = draft.revision
    change = CHANGES[PendingRevision.State(revision.state)] if revision else None
    forum = draft.update.forum if draft.update.forum_id else None
    return render(
        request,
        template,
        {
            "update": update,
            "forum": forum,
            "status": status,
            "change": change,
            "revision": revision,
            "asks_to_take_down": bool(revision and asks_to_take_down(revision)),
            "note": draft.note
            if sent_back and "sent_back" in {getattr(status, "key", ""), getattr(change, "key", "")}
            else None,
            "preview_url": previews.preview_url(revision or update) if update else "",
            "preview_links": previews.living_links(update) if update else [],
            "preview_days": previews.DAYS,
            "others": presence.others(request.user, update) if update else [],
            "copy": draft.copy,
            "copy_url": copy_url(draft.update) if forum else "",
            "may_publish": draft.may_publish,
            "was_published": draft.was_published,
            "needs_approval": draft.needs_approval,
            "once": draft.once,
            "base_number": draft.base_number,
            "seen": draft.seen,
            "form": draft.form,
            "photos": draft.photos,
            "documents": draft.documents,
            "all_forms": draft.forms,
            "has_errors": draft.has_errors,
        },
        status=draft.status_code,
    )


def copy_url(update: ForumUpdate) -> str:
    """Return where the form of `update` sends what is typed while one writes."""
    if update.pk:
        return reverse("forums:desk_update_working_copy", kwargs={"pk": update.pk})
    return reverse("forums:desk_new_working_copy", kwargs={"forum_slug": update.forum.slug})


def typed_without_session(request: HttpRequest) -> HttpResponse:
    """Show what somebody typed whose log-in has ended; nothing is looked up and nothing stored."""
    draft = Draft(request, ForumUpdate(), request.POST.get("once", "")[:400])
    draft.refuse(SESSION_ENDED, 403)
    return show(request, draft, CREATE)


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


CREATE, EDIT = "desk/update_create.html", "desk/update_edit.html"


@desk_page("GET", "HEAD", "POST", session_ended=typed_without_session)
def update_create(request: HttpRequest, forum_slug: str) -> HttpResponse:
    update = new_update(request, forum_slug)
    forum = update.forum
    if request.method != "POST":
        copy = copies.of(request.user, update, scope_of(update)).first()
        draft = Draft(request, update, new_once(request, forum), copy=copy)
        if copy is not None:
            draft.forgive()
        return show(request, draft, CREATE)
    key = read_once(request, forum)
    draft = Draft(request, update, request.POST["once"] if key else new_once(request, forum))
    update.form_key = key
    if request.csrf_failed:  # type: ignore[attr-defined]
        draft.refuse(CSRF_FAILED, 403)
    elif key is None:
        draft.refuse(NOT_OPENED_HERE)
    elif earlier := ForumUpdate.objects.filter(form_key=key).first():
        return sent_twice(request, draft, earlier)
    elif draft.action.startswith("add_"):
        draft.forgive()
    elif draft.action == "publish" and not draft.may_publish:
        draft.check_rows()
        draft.refuse(NEEDS_REVIEW, 403)
    else:
        draft.check_rows()
        try:
            with transaction.atomic():
                if draft.is_valid():
                    return done(request, draft.save())
        except IntegrityError:
            # The same form, sent twice in the same moment; anything else is an error of ours.
            earlier = ForumUpdate.objects.filter(form_key=key).first()
            if earlier is None:
                raise
            return sent_twice(request, draft, earlier)
    return show(request, draft, CREATE)


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
        )
    )
    return show(request, draft, CREATE)


@desk_page("GET", "HEAD", "POST", session_ended=typed_without_session)
def update_edit(request: HttpRequest, pk: int) -> HttpResponse:
    # The number before the words: a save in between is then a conflict, never overwritten unseen.
    number = history.latest_number(ForumUpdate(pk=pk))
    update = find_update(request, pk)
    revision = revisions.pending_of(update)
    copy = None if request.method == "POST" else copies.of(request.user, update).first()
    draft = Draft(request, update, revision=revision, base_number=number, copy=copy)
    draft.note = revisions.last_note(update)
    if request.method != "POST":
        if copy is not None:
            draft.forgive()
    elif request.csrf_failed:  # type: ignore[attr-defined]
        draft.refuse(CSRF_FAILED, 403)
    elif draft.action.startswith("add_"):
        draft.forgive()
    elif draft.action == "publish" and not draft.may_publish:
        draft.check_rows()
        draft.refuse(NEEDS_REVIEW, 403)
    elif draft.action == "keep":
        return keep_aside(request, draft)
    else:
        draft.check_rows()
        try:
            with transaction.atomic():
                if draft.is_valid():
                    return saved(request, draft)
        except revisions.Outdated:
            draft.show_overtaken()
        except revisions.CannotReview as error:
            draft.refuse(str(error))
    return show(request, draft, EDIT)


def saved(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Save a valid form, or send it for approval, and lead back to the desk."""
    presence.leave(request.user, draft.update)
    if not draft.needs_approval:
        return done(request, draft.save())
    if draft.save_for_approval():
        messages.success(
            request,
            _("The change was sent for review. Until it is approved the public reads what it was."),
        )
    else:
        messages.info(request, _("Nothing differs from what the public reads."))
    return redirect("forums:desk_home")


def keep_aside(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Keep what was typed as a working copy, the files too, and leave the update as it is."""
    draft.check_rows()
    try:
        typed = draft.typed()
    except copies.TooLarge:
        draft.refuse(TOO_LONG)
        return show(request, draft, EDIT)
    copies.keep(request.user, draft.update, typed, base_of(request))
    presence.leave(request.user, draft.update)
    messages.success(
        request,
        _("What you typed is kept for you at the desk. The update itself was not changed."),
    )
    return redirect("forums:desk_home")


def done(request: HttpRequest, update: ForumUpdate) -> HttpResponse:
    """Say how the update now stands, and lead back to the desk."""
    texts = {
        "published": _("The update is published."),
        "scheduled": _("The update is saved and will be published at its time."),
        "expired": _("The update is saved. Its time is over, so the public does not see it."),
        "draft": _("The draft is saved. Only the desk sees it."),
        "in_review": _("The update was sent for review. An editor will publish or answer it."),
    }
    messages.success(request, texts.get(status_of(update).key, _("The update is saved.")))
    return redirect("forums:desk_home")


@desk_page("GET", "HEAD", "POST")
def update_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an update back, to the drafts or to the archive; nothing of it is deleted.

    Where the forum's updates need approval, taking down what is public is a change like any other
    and waits for it too.
    """
    update = find_update(request, pk)
    in_review = update.state == PublicationState.IN_REVIEW
    if not in_review and update.state != PublicationState.PUBLISHED:
        messages.info(
            request, _("The public does not see this update; there is nothing to take back.")
        )
        return redirect("forums:desk_update_edit", pk=update.pk)
    needs_approval = not in_review and not policy.may(request.user, Action.PUBLISH, update)
    status = 200
    if request.method == "POST" and request.csrf_failed:  # type: ignore[attr-defined]
        messages.warning(request, CSRF_FAILED)
        status = 403
    elif request.method == "POST":
        to_archive = not in_review and request.POST.get("to") == "archive"
        return take_back(request, update, to_archive, needs_approval)
    return render(
        request,
        "desk/update_withdraw.html",
        {
            "update": update,
            "status": status_of(update),
            "in_review": in_review,
            "needs_approval": needs_approval,
            "waiting": revisions.pending_of(update),
        },
        status=status,
    )


def take_back(
    request: HttpRequest, update: ForumUpdate, to_archive: bool, needs_approval: bool
) -> HttpResponse:
    """Take `update` back, or ask for it, and lead back to the desk."""

    def save() -> ForumUpdate:
        update.state = (
            PublicationState.ARCHIVED if to_archive or needs_approval else PublicationState.DRAFT
        )
        update.save(update_fields=["state", "updated_at"])
        return update

    if needs_approval:
        waiting = revisions.pending_of(update)
        try:
            with transaction.atomic():
                number = history.latest_number(update)
                revisions.submit(
                    request.user,
                    update,
                    revisions.capture(save),
                    number,
                    seen=waiting.number if waiting else None,
                )
        except revisions.CannotReview as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request,
                _("An editor was asked to take the update down. Until then the public reads it."),
            )
    else:
        try:
            with transaction.atomic():
                # An editor may be approving it at this moment: what is public then stays so.
                if revisions.locked(update).state != update.state:
                    raise revisions.Outdated(
                        _("Meanwhile somebody saved this again. Look at it once more.")
                    )
                save()
        except revisions.CannotReview as error:
            messages.error(request, str(error))
        else:
            messages.success(
                request,
                _("The update was taken back and lies in the archive.")
                if to_archive
                else _("The update was taken back and is a draft again."),
            )
    return redirect("forums:desk_home")


@desk_page("GET", "HEAD", "POST")
def revision_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Drop the change of an update that waits for approval; what the public reads stays."""
    update = find_update(request, pk)
    revision = revisions.pending_of(update)
    if revision is None:
        messages.info(request, _("No change of this update waits for approval."))
        return redirect("forums:desk_update_edit", pk=update.pk)
    status = 200
    if request.method == "POST" and request.csrf_failed:  # type: ignore[attr-defined]
        messages.warning(request, CSRF_FAILED)
        status = 403
    elif request.method == "POST":
        try:
            revisions.withdraw(request.user, revision)
        except revisions.CannotReview as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The change was taken back. The update stays as it was."))
        return redirect("forums:desk_home")
    return render(
        request,
        "desk/revision_withdraw.html",
        {"update": update, "revision": revision},
        status=status,
    )


@desk_page("POST")
def update_duplicate(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a new draft with the words, municipalities, photos and documents of an update."""
    update = find_update(request, pk)
    forum = update.forum
    if not policy.may(request.user, Action.ADD, ForumUpdate(forum=forum, author=request.user)):
        raise Http404
    key = read_once(request, forum)
    if request.csrf_failed or key is None:  # type: ignore[attr-defined]
        messages.warning(
            request,
            NOT_OPENED_HERE if key is None else CSRF_FAILED,
        )
        return redirect("forums:desk_home")
    made = ForumUpdate.objects.filter(form_key=key).first()
    if made is None:
        try:
            with transaction.atomic():
                made = duplicate_of(update, request.user, key)
        except IntegrityError:
            # Sent twice in the same moment; anything else is an error of ours.
            made = ForumUpdate.objects.get(form_key=key)
    messages.success(
        request,
        _("This is a new draft with the same words, photos and documents; only the desk sees it."),
    )
    return redirect("forums:desk_update_edit", pk=made.pk)


def duplicate_of(update: ForumUpdate, author: Any, key: uuid.UUID) -> ForumUpdate:
    """Save and return a new draft by `author` with all that `update` tells; without its times."""
    made = ForumUpdate.objects.create(
        forum=update.forum,
        author=author,
        title=update.title,
        summary=update.summary,
        body=update.body,
        form_key=key,
    )
    made.municipalities.set(update.municipalities.all())
    for photo_link in update.photo_links.all():
        made.photo_links.create(photo_id=photo_link.photo_id, order=photo_link.order)
    for link in update.document_links.all():
        made.document_links.create(document_id=link.document_id, order=link.order)
    return made


# To show it to others


@desk_page("POST")
def preview_link_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a link that shows an update, or the change of it that waits, without an account."""
    update = find_update(request, pk)
    days = next((d for d in previews.DAYS if str(d) == request.POST.get("days")), None)
    if request.csrf_failed:  # type: ignore[attr-defined]
        messages.warning(request, CSRF_FAILED)
    elif days is None:
        raise Http404
    else:
        previews.link_for(request.user, update, revisions.pending_of(update), days)
        messages.success(request, _("The link is ready; it stands under “Preview” below."))
    return redirect(f"{edit_url(update)}#preview")


@desk_page("POST")
def preview_link_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the link that the form names, one of this update, show nothing from now on."""
    update = find_update(request, pk)
    asked = request.POST.get("link", "")
    link = next((link for link in previews.links_of(update) if str(link.pk) == asked), None)
    if request.csrf_failed:  # type: ignore[attr-defined]
        messages.warning(request, CSRF_FAILED)
    elif link is None:
        messages.info(request, _("This link shows nothing any more already."))
    else:
        previews.revoke(request.user, link)
        messages.success(request, _("The link was revoked; it shows nothing any more."))
    return redirect(f"{edit_url(update)}#preview")


def edit_url(update: ForumUpdate) -> str:
    return reverse("forums:desk_update_edit", kwargs={"pk": update.pk})


# While one writes


def no_session(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"status": str(SESSION_ENDED)}, status=403)


def base_of(request: HttpRequest) -> int:
    """Return the number of the version on which the form that was sent was opened; 0 for none."""
    sent = request.POST.get("base_number", "")
    return int(sent) if sent.isascii() and sent.isdecimal() and len(sent) < 10 else 0


@desk_page("POST", session_ended=no_session)
def new_working_copy(request: HttpRequest, forum_slug: str) -> HttpResponse:
    """Keep what is typed into the form of a new update, or drop it."""
    update = new_update(request, forum_slug)
    key = read_once(request, update.forum)
    is_saved = key is not None and ForumUpdate.objects.filter(form_key=key).exists()
    return keep_copy(request, update, is_saved)


@desk_page("POST", session_ended=no_session)
def update_working_copy(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep what is typed into the form of an update, or drop it; and that somebody is at it."""
    update = find_update(request, pk)
    return keep_copy(request, update, is_late(request, update))


def is_late(request: HttpRequest, update: ForumUpdate) -> bool:
    """Say whether this person has just saved or sent what now arrives as a working copy."""
    since = timezone.now() - LATE
    newest = Version.objects.of(update).first()
    waiting = revisions.pending_of(update)
    return bool(
        newest
        and newest.number != base_of(request)
        and newest.user_id == request.user.pk
        and newest.at > since
    ) or bool(
        waiting
        and str(waiting.number) != request.POST.get("seen")
        and waiting.author_id == request.user.pk
        and waiting.submitted_at > since
    )


def keep_copy(request: HttpRequest, update: ForumUpdate, is_saved: bool) -> HttpResponse:
    """Keep what was typed of `update` unless it `is_saved`, and answer what the page then says.

    A plain form that sends `drop` throws the copy away and comes back to the form.
    """
    scope = scope_of(update)
    if request.csrf_failed:  # type: ignore[attr-defined]
        return JsonResponse({"status": str(CSRF_FAILED)}, status=403)
    if "drop" in request.POST:
        copies.drop(request.user, update, scope)
        messages.success(request, _("What was typed and not saved is dropped."))
        if update.pk:
            return redirect("forums:desk_update_edit", pk=update.pk)
        return redirect("forums:desk_update_create", forum_slug=update.forum.slug)
    answer = {"status": "", "presence": ""}
    if "typed" in request.POST and not is_saved:
        try:
            typed = typed_into(request.POST)
        except copies.TooLarge:
            return JsonResponse({"status": str(TOO_LONG)}, status=413)
        if update.pk or has_begun(typed):
            copy = copies.keep(request.user, update, typed, base_of(request), scope)
            answer["status"] = saved_at(copy)
        else:
            copies.drop(request.user, update, scope)
    if update.pk:
        presence.note(request.user, update)
        answer["presence"] = being_edited(presence.others(request.user, update))
    return JsonResponse(answer)


def saved_at(copy: WorkingCopy) -> str:
    """Return the line that says when a working copy was kept."""
    time = time_format(timezone.localtime(copy.updated_at), "H:i")
    return gettext("Saved automatically at %(time)s") % {"time": time}


def being_edited(names: list[str]) -> str:
    """Return the line that says who else has the update open; empty for nobody."""
    if not names:
        return ""
    return gettext("%(names)s is editing this now") % {"names": ", ".join(names)}
