"""Rows for the handbook's pictures, each marked as a sample; nobody in them is real.

Made in a served portal's own database: tests/browser/handbook_shots.py runs `print_rows` through
the shell command.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.urls import reverse
from django.utils import timezone

from cluster_portal.front.management.commands.load_sample import COLOURS, CREDIT, landscape
from cluster_portal.shared import history, previews, revisions
from cluster_portal.shared.models import ContactMessage, Photo, SubmissionState, User
from cluster_portal.shared.publishing import PublicationState
from cluster_portal.shared.richtext import markup_to_html
from forums.models import Forum, ForumUpdate

BODY = """\
בדוגמה הזאת נפגשו מנהלות ומנהלי החינוך של הרשויות, ודנו בתוכנית משותפת לקיץ.

## מה הוחלט

- לוח חופשות אחד לכל האזור
- יום עיון משותף לצוותים
- **מפגש המשך** בעוד חודש"""
MEETING = "דוגמה: מפגש מנהלות ומנהלי החינוך"
MESSAGES = (
    ("דוגמה: שאלה על מפגש פתוח", SubmissionState.NEW),
    ("דוגמה: תיקון בעמוד של רשות", SubmissionState.NEW),
    ("דוגמה: תמונות מיום ההשקה", SubmissionState.IN_WORK),
    ("דוגמה: בקשה להצטרף לפורום", SubmissionState.ANSWERED),
)


def by(user: User, save: Callable[[], Any]) -> Any:
    """Return what `save` returns, its versions written in the name of `user`."""
    with history.editing(lambda: user):
        return save()


def change(update: ForumUpdate, **values: Any) -> ForumUpdate:
    """Return `update` as it stands in the database, saved with other `values`."""
    fresh = ForumUpdate.objects.get(pk=update.pk)
    for name, value in values.items():
        setattr(fresh, name, value)
    fresh.save()
    return fresh


def make_rows() -> dict[str, str]:
    """Make the rows; return the addresses that are pictured, by name."""
    editor = User.objects.get(email="editor@example.org")
    teacher = User.objects.get(email="education@example.org")
    gardener = User.objects.get(email="environment@example.org")
    education = Forum.objects.get(slug="education")
    environment = Forum.objects.get(slug="environment")
    environment.is_trusted = False
    environment.save()
    now = timezone.now()

    def update(forum: Forum, title: str, **values: Any) -> ForumUpdate:
        words = {"summary": "תקציר לדוגמה, במשפט אחד.", "body": markup_to_html(BODY)}
        made = ForumUpdate(forum=forum, title=title, **(words | values))
        made.author = teacher if forum == education else gardener
        by(made.author, made.save)
        return made

    published = {"state": PublicationState.PUBLISHED, "publish_at": now - timedelta(days=9)}

    changed = update(education, "דוגמה: סיור לימודי", **published)
    by(teacher, lambda: change(changed, title="דוגמה: סיור לימודי משותף"))
    by(
        editor,
        lambda: change(changed, summary="תקציר קצר יותר.", expire_at=now + timedelta(days=6)),
    )
    update(
        education, "דוגמה: לוח המפגשים לחורף", **published | {"publish_at": now + timedelta(days=2)}
    )
    sent_back = update(education, "דוגמה: סיכום יום העיון")
    revisions.submit_thing(teacher, sent_back)
    sent_back.refresh_from_db()
    revisions.send_back(editor, sent_back, "נא להוסיף את תאריך המפגש ואת שם המקום.")
    draft = update(education, MEETING, summary="הרשויות מתאמות את הקיץ: לוח חופשות אחד לכולן.")
    draft.photo_links.create(
        photo=Photo.objects.create(
            file=ContentFile(landscape(*COLOURS[3]), name="sample.jpg"),
            alt="ציור: שתי גבעות ירוקות מתחת לשמיים בהירים.",
            credit=CREDIT,
            uploaded_by=teacher,
        )
    )

    waiting = update(environment, "דוגמה: ניקוי הנחל", publish_at=now + timedelta(days=4))
    revisions.submit_thing(gardener, waiting)
    standing = update(environment, "דוגמה: נטיעות בגבול הרשויות", **published)
    other = BODY.replace("בעוד חודש", "בעוד שבועיים").replace("יום עיון", "יום נטיעות")
    revision = revisions.submit(
        gardener,
        standing,
        revisions.capture(lambda: change(standing, body=markup_to_html(other))),
        history.latest_number(standing),
    )

    for number, (subject, state) in enumerate(MESSAGES):
        ContactMessage.objects.create(
            subject=subject,
            message="תוכן לדוגמה.",
            contact_name="שם לדוגמה",
            contact_email="name@example.org",
            token=f"handbook-{number}",
            state=state,
            assignee=None if state == SubmissionState.NEW else editor,
        )
    return {
        "draft": reverse("forums:desk_update_edit", kwargs={"pk": draft.pk}),
        "preview": previews.preview_url(draft),
        "published": reverse("admin:forums_forumupdate_change", args=(changed.pk,)),
        "history": reverse("admin:forums_forumupdate_history", args=(changed.pk,)),
        "revision": reverse("admin:review_revision", args=(revision.pk,)),
    }


def print_rows() -> None:
    """Make the rows and print their addresses, as JSON on the last line."""
    print(json.dumps(make_rows()))
