from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction
from django.utils import timezone
from PIL import Image, ImageDraw

from cluster_portal.shared import history
from cluster_portal.shared.models import Document, Photo
from cluster_portal.shared.photos import SUFFIXES, rendition_path
from cluster_portal.shared.publishing import PublicationState
from cluster_portal.shared.richtext import markup_to_html
from events.models import Event, EventDocument, EventPhoto, Topic
from forums.models import (
    Forum,
    ForumUpdate,
    ForumUpdateDocument,
    ForumUpdatePhoto,
    Initiative,
    InitiativeKind,
)
from members.models import Municipality

# Begins every title and alternative text, so that nobody takes a sample for news.
MARK = "דוגמה: "
CREDIT = "דוגמה"
SLUG = "sample-"
PHOTO_COUNT = 6
# Sky and ground, from the colours of the house.
COLOURS = (
    ("#f6d9a8", "#215e3d"),
    ("#cfe3ef", "#b98a2e"),
    ("#f3c3b4", "#a31c29"),
    ("#dbe7d3", "#5c7f3a"),
    ("#e9dfc9", "#8a5a2b"),
    ("#c9d6ea", "#3d4f74"),
)
UPDATE_TITLES = (
    "מפגש עבודה של הפורום",
    "סיכום ישיבה והמשך הדרך",
    "לוח מפגשים לרבעון הקרוב",
    "סיור לימודי משותף לאנשי המקצוע מכל תשע הרשויות, ובסופו דיון פתוח בצרכים המשותפים",
    "קול קורא פנימי להצעות",
)
EVENT_TITLES = ("יום עיון אזורי", "מפגש פתוח לציבור", "סדנה לאנשי מקצוע")
INITIATIVE_TITLES = ("לוח אירועים משותף", "הסעות בין היישובים", "מאגר ציוד משותף")
BODY = """\
טקסט זה נכתב לדוגמה בלבד ואינו מתאר דבר שהתרחש. הוא נועד להראות איך עדכון נראה באתר.

## כותרת משנה לדוגמה

- סעיף ראשון לדוגמה
- סעיף שני, ובו **מילים מודגשות** ו[קישור לעמוד אחר](/forums/)

פסקה נוספת לדוגמה, ארוכה מעט יותר, כדי שאפשר יהיה לראות כיצד השורות נשברות במסך רחב ובמסך צר."""
HIDDEN = ("draft", "in_review", "scheduled", "expired", "archived")


class Command(BaseCommand):
    help = (
        "Fills the site with sample updates, events and initiatives for tests and trials, each "
        "marked as a sample. Those of an earlier run are removed first. They have no history: "
        "neither their making nor their removal is kept, and none of them goes to the bin. "
        "Refused in production."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--size", type=int, default=50, help="how many updates; events and initiatives: a tenth"
        )
        parser.add_argument(
            "--all-states",
            action="store_true",
            help="every other row is a draft, in review, scheduled, expired or archived",
        )
        parser.add_argument("--clear", action="store_true", help="only remove the sample rows")

    @history.unrecorded()
    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("sample rows are refused in production")
        size = options["size"]
        if not 1 <= size <= 10_000:
            raise CommandError("--size must lie between 1 and 10000")
        removed = clear()
        if options["clear"]:
            self.stdout.write(f"sample: {removed} rows removed")
            return
        forums = list(Forum.objects.all())
        if not forums:
            raise CommandError("there is no forum to write for: run load_content first")
        sample = Sample(forums, all_states=options["all_states"])
        sample.make_updates(size)
        sample.make_events(max(2, size // 10))
        sample.make_initiatives(max(1, size // 10))
        self.stdout.write(
            f"sample: {size} updates, {max(2, size // 10)} events, "
            f"{max(1, size // 10)} initiatives made; remove them with --clear"
        )


def clear() -> int:
    """Remove all sample rows, and their files once that is certain; return how many rows went."""
    photos = Photo.objects.filter(alt__startswith=MARK, credit=CREDIT)
    documents = Document.objects.filter(title__startswith=MARK, credit=CREDIT)
    paths = [str(document.file.name) for document in documents]
    for photo in photos:
        original = str(photo.file.name)
        paths.append(original)
        paths += [
            rendition_path(original, width, suffix) for width in photo.widths for suffix in SUFFIXES
        ]
    kinds: tuple[models.QuerySet, ...] = (
        ForumUpdate.objects.filter(title__startswith=MARK),
        Event.objects.filter(title__startswith=MARK, slug__startswith=SLUG),
        Initiative.objects.filter(title__startswith=MARK),
        photos,
        documents,
    )
    removed = sum(rows.delete()[1].get(rows.model._meta.label, 0) for rows in kinds)
    transaction.on_commit(lambda: remove_files(paths))
    return removed


def remove_files(paths: list[str]) -> None:
    for path in paths:
        default_storage.delete(path)


def landscape(sky: str, ground: str) -> bytes:
    """Return a picture of a field under the sky, drawn and plainly not a photo."""
    width, height = 1280, 800
    fade = Image.linear_gradient("L").resize((width, height))
    image = Image.composite(
        Image.new("RGB", fade.size, "white"), Image.new("RGB", fade.size, sky), fade
    )
    draw = ImageDraw.Draw(image)
    draw.ellipse((-200, 480, 1000, 1500), fill=ground)
    draw.ellipse((500, 560, 1900, 1700), fill=ground)
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def empty_pdf() -> bytes:
    """Return a PDF of one empty page."""
    buffer = BytesIO()
    Image.new("RGB", (100, 141), "white").save(buffer, "PDF", title=CREDIT)
    return buffer.getvalue()


class Sample:
    """The sample rows of one run."""

    def __init__(self, forums: list[Forum], *, all_states: bool) -> None:
        self.forums = forums
        self.municipalities = list(Municipality.objects.all())
        self.all_states = all_states
        self.now = timezone.now()
        self.body = markup_to_html(BODY)
        self.photos = [
            Photo.objects.create(
                file=ContentFile(landscape(sky, ground), name="sample.jpg"),
                alt=f"{MARK}ציור של שדה מתחת לשמיים, מספר {number}",
                caption=f"{MARK}תמונה {number}",
                credit=CREDIT,
            )
            for number, (sky, ground) in enumerate(COLOURS[:PHOTO_COUNT], 1)
        ]
        pdf = empty_pdf()
        self.document = Document.objects.create(
            file=ContentFile(pdf, name="sample.pdf"),
            title=f"{MARK}מסמך ריק",
            credit=CREDIT,
            kind="pdf",
            byte_size=len(pdf),
        )

    def publication(self, number: int, since: datetime) -> dict[str, Any]:
        """Return the state and times of row `number`, which is public from `since` if at all."""
        published = {"state": PublicationState.PUBLISHED, "publish_at": since}
        if not self.all_states or number % 2 == 0:
            return published
        match HIDDEN[number // 2 % len(HIDDEN)]:
            case "scheduled":
                return published | {"publish_at": self.now + timedelta(days=number + 1)}
            case "expired":
                return published | {"expire_at": max(since + timedelta(seconds=1), self.now)}
            case state:
                return {"state": state, "publish_at": since if state == "archived" else None}

    def moments(self, count: int) -> Iterator[tuple[int, datetime]]:
        """Yield numbers from 0 with a moment each, from an hour ago back over three years."""
        step = timedelta(days=3 * 365) / count
        for number in range(count):
            yield number, self.now - timedelta(hours=1) - step * number

    def make_updates(self, count: int) -> None:
        updates = ForumUpdate.objects.bulk_create(
            [
                ForumUpdate(
                    forum=self.forums[number % len(self.forums)],
                    title=f"{MARK}{UPDATE_TITLES[number % len(UPDATE_TITLES)]}, מס׳ {number + 1}",
                    summary="תקציר לדוגמה בלבד, במשפט אחד.",
                    body=self.body,
                    **self.publication(number, since),
                )
                for number, since in self.moments(count)
            ],
            batch_size=500,
        )
        ForumUpdatePhoto.objects.bulk_create(
            ForumUpdatePhoto(update=update, photo=self.photos[number % len(self.photos)])
            for number, update in enumerate(updates)
            if number % 3 == 0
        )
        ForumUpdateDocument.objects.bulk_create(
            ForumUpdateDocument(update=update, document=self.document) for update in updates[::7]
        )
        self.name_municipalities(ForumUpdate, "forumupdate_id", updates)

    def make_events(self, count: int) -> None:
        """Make events, every other one still to come."""
        events = Event.objects.bulk_create(
            Event(
                slug=f"{SLUG}{number + 1}",
                title=f"{MARK}{EVENT_TITLES[number % len(EVENT_TITLES)]}, מס׳ {number + 1}",
                starts_at=(start := self.event_start(number)),
                ends_at=start + timedelta(hours=3),
                place="מקום לדוגמה",
                municipality=self.one_municipality(number),
                forum=self.forums[number % len(self.forums)],
                summary="תקציר לדוגמה בלבד, במשפט אחד.",
                body=self.body,
                participants="קבוצה ראשונה לדוגמה\nקבוצה שנייה לדוגמה",
                **self.publication(number // 2, since),
            )
            for number, since in self.moments(count)
        )
        Topic.objects.bulk_create(
            Topic(event=event, order=order, title=f"נושא לדוגמה {order}")
            for event in events
            for order in (1, 2)
        )
        EventPhoto.objects.bulk_create(
            EventPhoto(event=event, photo=photo, order=order)
            for event in events[1::2]
            for order, photo in enumerate(self.photos)
        )
        EventDocument.objects.bulk_create(
            EventDocument(event=event, document=self.document) for event in events[::3]
        )

    def event_start(self, number: int) -> datetime:
        days = 7 * (number // 2 + 1) * (1 if number % 2 == 0 else -1)
        day = timezone.localtime(self.now) + timedelta(days=days)
        return day.replace(hour=9, minute=30, second=0, microsecond=0)

    def make_initiatives(self, count: int) -> None:
        kinds: list[InitiativeKind | None] = list(InitiativeKind.objects.all()) or [None]
        stages = Initiative.Stage.values
        initiatives = Initiative.objects.bulk_create(
            Initiative(
                title=f"{MARK}{INITIATIVE_TITLES[number % len(INITIATIVE_TITLES)]}, "
                f"מס׳ {number + 1}",
                kind=kinds[number % len(kinds)],
                stage=stages[number % len(stages)],
                organisation="ארגון לדוגמה",
                summary="תקציר לדוגמה בלבד, במשפט אחד.",
                body=self.body,
                forum=self.forums[number % len(self.forums)],
                **self.publication(number, since),
            )
            for number, since in self.moments(count)
        )
        self.name_municipalities(Initiative, "initiative_id", initiatives)

    def one_municipality(self, number: int) -> Municipality | None:
        return (
            self.municipalities[number % len(self.municipalities)] if self.municipalities else None
        )

    def name_municipalities(
        self, model: type[ForumUpdate] | type[Initiative], owner: str, rows: list[Any]
    ) -> None:
        """Let every other row name two municipalities."""
        through = model.municipalities.through
        through._default_manager.bulk_create(
            through(**{owner: row.pk, "municipality_id": municipality.pk})
            for number, row in enumerate(rows)
            if number % 2 == 0
            for municipality in {self.one_municipality(number), self.one_municipality(number + 1)}
            if municipality is not None
        )
