"""What tests need to stand in the database: each function saves one plain object and returns it.

Every name is new at each call, so that a test can build as many as it likes. A keyword overrides a
field; nothing else is made than what the object cannot be without.
"""

from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image

from cluster_portal.shared.models import (
    ContactMessage,
    Document,
    OutboxMessage,
    Page,
    Photo,
    Source,
    SourceQuote,
    User,
)
from cluster_portal.shared.policy import Role
from events.models import Event, EventDocument, EventPhoto, Recording, Topic
from forums.models import (
    Coordinator,
    Forum,
    ForumDocument,
    ForumUpdate,
    ForumUpdateDocument,
    ForumUpdatePhoto,
    Initiative,
    InitiativeKind,
    Milestone,
    MilestoneTier,
    Proposal,
)
from members.models import (
    Goal,
    Locality,
    Municipality,
    MunicipalityFact,
    OfficeHolder,
    RelatedBody,
    StoryChapter,
)

_numbers = count(1)

PASSWORD = "only-for-this-test-7"
PUBLISHED_AT = datetime(2026, 1, 1, 9, 0, tzinfo=timezone.get_fixed_timezone(120))
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


def number() -> int:
    """Return a number that no call before has had."""
    return next(_numbers)


def publication(state: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Return `fields` with the state, and for what is published a time since when."""
    if state == "published":
        fields.setdefault("publish_at", PUBLISHED_AT)
    return {"state": state, **fields}


def image_bytes(
    width: int = 640, height: int = 400, format_name: str = "JPEG", colour: str = "#a31c29"
) -> bytes:
    """Return a picture file of one colour."""
    buffer = BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, format_name)
    return buffer.getvalue()


# shared


def user(role: str = Role.EDITOR, password: str | None = PASSWORD, **kw: Any) -> User:
    n = number()
    kw.setdefault("email", f"person-{n}@example.org")
    kw.setdefault("display_name", f"איש צוות {n}")
    return User.objects.create_user(password=password, role=role, **kw)


def administrator(**kw: Any) -> User:
    return user(Role.ADMINISTRATOR, **kw)


def coordinator(of: Forum | None = None, **kw: Any) -> User:
    """Return a user who coordinates the forum `of` (a new one, if not given), from any day on."""
    of = kw.pop("forum", None) or of or forum()
    person = user(Role.COORDINATOR, **kw)
    Coordinator.objects.create(forum=of, user=person)
    return person


def source(**kw: Any) -> Source:
    kw.setdefault("title", f"מקור {number()}")
    kw.setdefault("year", 2013)
    return Source.objects.create(**kw)


def source_quote(**kw: Any) -> SourceQuote:
    kw.setdefault("key", f"quote-{number()}")
    kw.setdefault("text", "דברי המקור.")
    kw.setdefault("as_of", 2013)
    return SourceQuote.objects.create(**kw)


def page(state: str = "published", **kw: Any) -> Page:
    n = number()
    kw.setdefault("slug", f"page-{n}")
    kw.setdefault("title", f"עמוד {n}")
    kw.setdefault("body", "<p>תוכן העמוד.</p>")
    return Page.objects.create(**publication(state, kw))


def photo(content: bytes | None = None, **kw: Any) -> Photo:
    """Return a photo whose file is `content` (a small picture, if not given)."""
    n = number()
    kw.setdefault("alt", f"תיאור תמונה {n}")
    kw.setdefault("credit", "צילום לבדיקה")
    kw.setdefault("file", ContentFile(content or image_bytes(), name=f"picture-{n}.jpg"))
    return Photo.objects.create(**kw)


def document(content: bytes = PDF, **kw: Any) -> Document:
    """Return a document whose file is `content` (a tiny PDF, if not given)."""
    n = number()
    kw.setdefault("title", f"מסמך {n}")
    kw.setdefault("credit", "מסמך לבדיקה")
    kw.setdefault("kind", "pdf")
    kw.setdefault("byte_size", len(content))
    kw.setdefault("file", ContentFile(content, name=f"document-{n}.{kw['kind']}"))
    return Document.objects.create(**kw)


def contact_message(**kw: Any) -> ContactMessage:
    n = number()
    kw.setdefault("subject", f"נושא הפנייה {n}")
    kw.setdefault("message", "תוכן הפנייה.")
    kw.setdefault("contact_name", f"פונה {n}")
    kw.setdefault("contact_email", f"visitor-{n}@example.org")
    kw.setdefault("token", f"token-{n}")
    return ContactMessage.objects.create(**kw)


def outbox_message(**kw: Any) -> OutboxMessage:
    n = number()
    kw.setdefault("to", f"visitor-{n}@example.org")
    kw.setdefault("subject", f"הודעה {n}")
    kw.setdefault("text", "תוכן ההודעה.")
    kw.setdefault("message_id", f"<message-{n}@example.org>")
    return OutboxMessage.objects.create(**kw)


# members


def municipality(**kw: Any) -> Municipality:
    n = number()
    kw.setdefault("slug", f"municipality-{n}")
    kw.setdefault("kind", Municipality.Kind.CITY)
    kw.setdefault("name", f"רשות {n}")
    kw.setdefault("formal_name", f"עיריית רשות {n}")
    kw.setdefault("latitude", "31.4000")
    kw.setdefault("longitude", "34.6000")
    return Municipality.objects.create(**kw)


def municipality_fact(of: Municipality | None = None, **kw: Any) -> MunicipalityFact:
    kw["municipality"] = kw.get("municipality") or of or municipality()
    kw.setdefault("label", f"נתון {number()}")
    kw.setdefault("value", "1,234")
    kw.setdefault("year", 2021)
    kw["source"] = kw.get("source") or source()
    return MunicipalityFact.objects.create(**kw)


def locality(of: Municipality | None = None, **kw: Any) -> Locality:
    kw["municipality"] = (
        kw.get("municipality") or of or municipality(kind=Municipality.Kind.REGIONAL_COUNCIL)
    )
    kw.setdefault("name", f"יישוב {number()}")
    kw.setdefault("kind", "קיבוץ")
    return Locality.objects.create(**kw)


def goal(**kw: Any) -> Goal:
    n = number()
    kw.setdefault("slug", f"goal-{n}")
    kw.setdefault("title", f"מטרה {n}")
    kw.setdefault("text", f"נוסח המטרה {n}.")
    return Goal.objects.create(**kw)


def story_chapter(state: str = "published", **kw: Any) -> StoryChapter:
    n = number()
    kw.setdefault("slug", f"chapter-{n}")
    kw.setdefault("title", f"פרק {n}")
    kw.setdefault("text", f"נוסח הפרק {n}.")
    kw.setdefault("as_of", 2013)
    return StoryChapter.objects.create(**publication(state, kw))


def related_body(**kw: Any) -> RelatedBody:
    n = number()
    kw.setdefault("slug", f"body-{n}")
    kw.setdefault("kind", RelatedBody.Kind.BESIDE)
    kw.setdefault("name", f"גוף {n}")
    kw.setdefault("text", "<p>על הגוף.</p>")
    return RelatedBody.objects.create(**kw)


def office_holder(of: RelatedBody | None = None, **kw: Any) -> OfficeHolder:
    n = number()
    kw["body"] = kw.get("body") or of or related_body()
    kw.setdefault("post", "תפקיד")
    kw.setdefault("name", f"אדם {n}")
    return OfficeHolder.objects.create(**kw)


# forums


def forum(**kw: Any) -> Forum:
    n = number()
    kw.setdefault("slug", f"forum-{n}")
    kw.setdefault("name", f"פורום {n}")
    kw.setdefault("state", Forum.State.ACTIVE)
    kw.setdefault("is_trusted", True)
    return Forum.objects.create(**kw)


def forum_update(of: Forum | None = None, state: str = "published", **kw: Any) -> ForumUpdate:
    n = number()
    kw["forum"] = kw.get("forum") or of or forum()
    kw.setdefault("title", f"עדכון {n}")
    kw.setdefault("body", f"<p>תוכן העדכון {n}.</p>")
    return ForumUpdate.objects.create(**publication(state, kw))


def update_photo(update: ForumUpdate, of: Photo | None = None, **kw: Any) -> ForumUpdatePhoto:
    return ForumUpdatePhoto.objects.create(update=update, photo=of or photo(), **kw)


def update_document(
    update: ForumUpdate, of: Document | None = None, **kw: Any
) -> ForumUpdateDocument:
    return ForumUpdateDocument.objects.create(update=update, document=of or document(), **kw)


def forum_document(of: Forum, shown: Document | None = None, **kw: Any) -> ForumDocument:
    return ForumDocument.objects.create(forum=of, document=shown or document(), **kw)


def milestone_tier(**kw: Any) -> MilestoneTier:
    n = number()
    kw.setdefault("slug", f"tier-{n}")
    kw.setdefault("title", f"רמה {n}")
    kw.setdefault("text", f"נוסח הרמה {n}.")
    return MilestoneTier.objects.create(**kw)


def milestone(of: MilestoneTier | None = None, **kw: Any) -> Milestone:
    """Return a commitment; `forums` are the forums it calls for."""
    forums = kw.pop("forums", ())
    kw["tier"] = kw.get("tier") or of or milestone_tier()
    kw.setdefault("text", f"התחייבות {number()}")
    made = Milestone.objects.create(**kw)
    made.forums.set(forums)
    return made


def initiative_kind(**kw: Any) -> InitiativeKind:
    n = number()
    kw.setdefault("slug", f"kind-{n}")
    kw.setdefault("title", f"סוג יוזמה {n}")
    return InitiativeKind.objects.create(**kw)


def initiative(state: str = "published", **kw: Any) -> Initiative:
    """Return an initiative; `municipalities` are those who take part."""
    municipalities = kw.pop("municipalities", ())
    n = number()
    kw.setdefault("title", f"יוזמה {n}")
    kw.setdefault("summary", f"תקציר היוזמה {n}.")
    made = Initiative.objects.create(**publication(state, kw))
    made.municipalities.set(municipalities)
    return made


def proposal(**kw: Any) -> Proposal:
    """Return a proposal; `municipalities` are those it names."""
    municipalities = kw.pop("municipalities", ())
    n = number()
    kw.setdefault("title", f"הצעה {n}")
    kw.setdefault("description", "תיאור ההצעה.")
    kw.setdefault("contact_name", f"מציע {n}")
    kw.setdefault("contact_email", f"proposer-{n}@example.org")
    kw.setdefault("token", f"token-{n}")
    made = Proposal.objects.create(**kw)
    made.municipalities.set(municipalities)
    return made


# events


def event(state: str = "published", **kw: Any) -> Event:
    """Return an event of two hours, a month from now if not told otherwise."""
    n = number()
    kw.setdefault("slug", f"event-{n}")
    kw.setdefault("title", f"אירוע {n}")
    kw.setdefault("starts_at", timezone.now() + timedelta(days=30))
    kw.setdefault("ends_at", kw["starts_at"] + timedelta(hours=2))
    return Event.objects.create(**publication(state, kw))


def topic(of: Event | None = None, **kw: Any) -> Topic:
    kw["event"] = kw.get("event") or of or event()
    kw.setdefault("title", f"נושא {number()}")
    return Topic.objects.create(**kw)


def event_photo(of: Event, shown: Photo | None = None, **kw: Any) -> EventPhoto:
    return EventPhoto.objects.create(event=of, photo=shown or photo(), **kw)


def event_document(of: Event, shown: Document | None = None, **kw: Any) -> EventDocument:
    return EventDocument.objects.create(event=of, document=shown or document(), **kw)


def recording(of: Event | None = None, **kw: Any) -> Recording:
    """Return a released link to a recording; give `file` and `captions` for a film of our own."""
    kw["event"] = kw.get("event") or of or event()
    kw.setdefault("title", f"הקלטה {number()}")
    if "file" not in kw:
        kw.setdefault("url", "https://video.example.org/film")
    kw.setdefault("is_released", True)
    return Recording.objects.create(**kw)
