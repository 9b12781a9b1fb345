"""Review: drafts sent and answered, changes of published things that wait, and their letters."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from cluster_portal.shared import attachments, differences, history, revisions
from cluster_portal.shared.models import OutboxMessage, Photo, SiteSettings, Version
from cluster_portal.shared.models.review import PendingRevision, ReviewNote
from cluster_portal.shared.publishing import TRANSITIONS, ImpossibleTransition, PublicationState
from events.models import Event
from forums.models import ForumUpdate, ForumUpdatePhoto
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def forum():
    return builders.forum(is_trusted=False)


@pytest.fixture
def writer(forum):
    return builders.coordinator(forum)


@pytest.fixture
def editor():
    return builders.user()


def changed(thing, **values):
    """Return the snapshot of `thing` with other values, as a form would save it."""

    def save():
        fresh = type(thing).objects.get(pk=thing.pk)
        for name, value in values.items():
            setattr(fresh, name, value)
        fresh.save()
        return fresh

    return revisions.capture(save)


def submitted(user, thing, **values):
    number = history.latest_number(thing)
    return revisions.submit(user, thing, changed(thing, **values), number)


def letters():
    return list(OutboxMessage.objects.order_by("pk"))


# Transitions


@pytest.mark.parametrize("old", PublicationState.values)
@pytest.mark.parametrize("new", PublicationState.values)
def test_only_what_the_table_names_may_follow(old, new):
    update = ForumUpdate.objects.get(pk=builders.forum_update(state=old).pk)
    update.state = new
    if new == old or new in TRANSITIONS[old]:
        update.full_clean()
        update.save()
    else:
        with pytest.raises(ValidationError):
            update.full_clean()
        with pytest.raises(ImpossibleTransition):
            update.save()
        assert ForumUpdate.objects.get(pk=update.pk).state == old


def test_published_is_never_itself_in_review():
    assert "in_review" not in TRANSITIONS["published"]
    assert "in_review" not in TRANSITIONS["archived"]


@pytest.mark.parametrize(
    "build",
    [
        builders.forum_update,
        builders.event,
        builders.initiative,
        builders.story_chapter,
        builders.page,
    ],
)
def test_every_kind_goes_the_whole_way(build, editor):
    thing = build(state="draft")
    revisions.submit_thing(editor, thing)
    assert thing.state == "in_review"
    revisions.approve_thing(editor, thing)
    assert thing.state == "published"
    assert type(thing).objects.published().filter(pk=thing.pk).exists()


# A draft


def test_a_coordinator_sends_a_draft_and_an_editor_approves_it(writer, editor, forum):
    update = builders.forum_update(forum, state="draft", author=writer)
    revisions.submit_thing(writer, update)
    assert not ForumUpdate.objects.published().exists()
    seen = history.latest_number(update)
    revisions.approve_thing(editor, update, seen=seen)
    assert ForumUpdate.objects.published().get() == update
    assert ForumUpdate.objects.get().reviewed_at
    assert revisions.last_note(update).outcome == "approved"


def test_approved_keeps_its_time(editor, forum, time_machine):
    later = timezone.now() + timedelta(days=2)
    update = builders.forum_update(forum, state="in_review", publish_at=later)
    revisions.approve_thing(editor, update)
    assert not ForumUpdate.objects.published().exists()
    time_machine.move_to(later)
    assert ForumUpdate.objects.published().exists()


def test_what_changed_since_it_was_read_is_not_approved(writer, editor, forum):
    update = builders.forum_update(forum, state="in_review")
    seen = history.latest_number(update)
    update.title = "אחר"
    update.save()
    with pytest.raises(revisions.Outdated):
        revisions.approve_thing(editor, update, seen=seen)
    with pytest.raises(revisions.Outdated):
        revisions.send_back(editor, update, "לא", seen=seen)
    assert ForumUpdate.objects.get().state == "in_review"


def test_sent_back_is_a_draft_again_with_the_remark(writer, editor, forum):
    update = builders.forum_update(forum, state="in_review")
    with pytest.raises(revisions.CannotReview):
        revisions.send_back(editor, update, " \n")
    note = revisions.send_back(editor, update, "חסר תאריך")
    assert ForumUpdate.objects.get().state == "draft"
    assert revisions.last_note(update) == note
    assert note.remark == "חסר תאריך"


def test_only_a_draft_is_sent_and_only_what_is_in_review_approved(editor):
    update = builders.forum_update(state="published")
    with pytest.raises(revisions.CannotReview):
        revisions.submit_thing(editor, update)
    with pytest.raises(revisions.CannotReview):
        revisions.approve_thing(editor, update)
    with pytest.raises(revisions.CannotReview):
        revisions.send_back(editor, update, "לא")


def test_coordinators_review_nothing_and_strangers_send_nothing(writer, forum):
    update = builders.forum_update(forum, state="in_review")
    stranger = builders.coordinator(builders.forum())
    published = builders.forum_update(forum)
    revision = submitted(writer, published, title="אחרת")
    draft = builders.forum_update(forum, state="draft")
    for act in (
        lambda: revisions.approve_thing(writer, update),
        lambda: revisions.send_back(writer, update, "לא"),
        lambda: revisions.approve(writer, revision),
        lambda: revisions.send_back(writer, revision, "לא"),
        lambda: revisions.still_right(writer, update),
        lambda: revisions.submit_thing(stranger, draft),
        lambda: revisions.withdraw(stranger, revision),
        lambda: submitted(stranger, published, title="זר"),
    ):
        with pytest.raises(PermissionDenied):
            act()


def test_who_needs_approval(writer, editor, forum):
    update = builders.forum_update(forum)
    assert revisions.needs_approval(writer, update)
    assert not revisions.needs_approval(editor, update)
    assert not revisions.needs_approval(writer, builders.forum_update(forum, state="draft"))
    trusted = builders.forum()
    assert not revisions.needs_approval(
        builders.coordinator(trusted), builders.forum_update(trusted)
    )


# A change of something published


def test_the_public_sees_the_approved_text_until_approval(client, writer, editor, forum):
    update = builders.forum_update(forum, title="הנוסח הגלוי")
    revision = submitted(writer, update, title="הנוסח שממתין")
    assert "הנוסח שממתין" not in client.get(update.get_absolute_url()).content.decode()
    versions = Version.objects.of(update).count()
    revisions.approve(editor, revision, seen=revision.number)
    shown = client.get(update.get_absolute_url()).content.decode()
    assert "הנוסח שממתין" in shown
    assert "הנוסח הגלוי" not in shown
    assert not PendingRevision.objects.exists()
    newest = Version.objects.of(update).first()
    assert Version.objects.of(update).count() == versions + 1
    assert newest.user == editor
    assert str(writer) in newest.note


def test_capture_writes_nothing(writer, forum):
    update = builders.forum_update(forum, title="לפני")
    versions = Version.objects.count()
    data = changed(update, title="אחרי")
    assert data["fields"]["title"] == "אחרי"
    assert ForumUpdate.objects.get().title == "לפני"
    assert Version.objects.count() == versions


def test_photos_of_a_change_are_public_once_it_is_approved(writer, editor, forum):
    update = builders.forum_update(forum)
    old = builders.photo()
    builders.update_photo(update, old)

    def save():
        fresh = ForumUpdate.objects.get(pk=update.pk)
        fresh.photo_links.all().delete()
        new = builders.photo(alt="תמונה חדשה", uploaded_by=writer)
        builders.update_photo(fresh, new)
        return fresh

    number = history.latest_number(update)
    revision = revisions.submit(writer, update, revisions.capture(save), number)
    new = Photo.objects.get(alt="תמונה חדשה")
    assert attachments.is_public(old)
    assert not attachments.is_public(new)
    revisions.approve(editor, revision)
    assert attachments.is_public(new)
    assert not attachments.is_public(old)


def test_who_may_view_the_thing_may_fetch_what_waits_to_be_shown(writer, editor, forum):
    update = builders.forum_update(forum)

    def save():
        builders.update_photo(update, builders.photo(alt="חדשה", uploaded_by=writer))
        return update

    number = history.latest_number(update)
    revisions.submit(writer, update, revisions.capture(save), number)
    new = Photo.objects.get(alt="חדשה")
    assert attachments.may_view(builders.coordinator(forum), new)
    assert not attachments.may_view(builders.coordinator(builders.forum()), new)
    assert not attachments.may_view(AnonymousUser(), new)


def test_a_caption_in_a_change_is_changed_in_a_copy(writer, editor, forum):
    update = builders.forum_update(forum)
    photo = builders.photo(alt="לפני")
    link = builders.update_photo(update, photo)

    def save():
        photo = link.photo
        photo.alt = "אחרי"
        photo.save()
        return ForumUpdate.objects.get(pk=update.pk)

    number = history.latest_number(update)
    revision = revisions.submit(writer, update, revisions.capture(save), number)
    assert Photo.objects.get(pk=photo.pk).alt == "לפני"
    revisions.approve(editor, revision)
    assert update.photo_links.get().photo.alt == "אחרי"
    assert Photo.objects.get(pk=photo.pk).alt == "לפני"


@pytest.mark.parametrize("words", [{}, {"alt": "תיאור אחר"}, {"credit": "צלם אחר"}])
def test_another_photo_under_the_same_caption_is_a_difference(forum, words):
    update = builders.forum_update(forum)
    old, new = builders.photo(caption="כיתוב"), builders.photo(caption="כיתוב", **words)
    link = builders.update_photo(update, old)
    before = history.snapshot(update)
    link.photo = new
    link.save()
    (change,) = differences.differences(ForumUpdate, before, history.snapshot(update))
    assert "כיתוב" in change.old
    assert all(text in change.new for text in ("כיתוב", *words.values()))


def test_one_word_over_and_over_takes_no_time():
    old, new = "מילה " * 2900, "מילה אחרת " * 1450
    assert [piece.text for piece in differences.compare(old, new)] == [old, new]


def test_a_photo_of_a_change_counts_as_shown_there(writer, forum):
    update = builders.forum_update(forum)
    photo = builders.photo()

    def save():
        builders.update_photo(update, photo)
        return update

    assert not attachments.is_shared(photo)
    revisions.submit(writer, update, revisions.capture(save), history.latest_number(update))
    assert attachments.is_shared(photo)


def test_approved_meanwhile_it_is_not_withdrawn(writer, editor, forum):
    revision = submitted(writer, builders.forum_update(forum), title="חדש")
    held = PendingRevision.objects.get(pk=revision.pk)
    revisions.approve(editor, revision)
    with pytest.raises(revisions.Outdated):
        revisions.withdraw(writer, held)


def test_a_new_part_takes_no_other_things_row(writer, editor, forum):
    """A row number given in what was rolled back is given again; it must not be overwritten."""
    update, other = builders.forum_update(forum), builders.forum_update(forum)
    photo = builders.photo()

    def save():
        builders.update_photo(update, photo)
        return update

    number = history.latest_number(update)
    revision = revisions.submit(writer, update, revisions.capture(save), number)
    theirs = builders.update_photo(other)
    revisions.approve(editor, revision)
    assert ForumUpdatePhoto.objects.get(pk=theirs.pk).update == other
    assert update.photo_links.get().photo == photo


def test_thing_as_shows_the_change_and_leaves_nothing(writer, forum):
    update = builders.forum_update(forum, title="לפני")
    photo = builders.photo()

    def save():
        fresh = ForumUpdate.objects.get(pk=update.pk)
        fresh.title = "אחרי"
        fresh.save()
        builders.update_photo(fresh, photo)
        return fresh

    number = history.latest_number(update)
    revision = revisions.submit(writer, update, revisions.capture(save), number)
    with revisions.thing_as(revision) as thing:
        assert thing.title == "אחרי"
        assert [link.photo for link in thing.photo_links.all()] == [photo]
        assert history.latest_number(thing) == number
    assert ForumUpdate.objects.get().title == "לפני"
    assert not ForumUpdatePhoto.objects.exists()
    assert history.latest_number(update) == number


def test_a_change_is_written_on_within_itself(writer, forum):
    update = builders.forum_update(forum, title="לפני")
    revision = submitted(writer, update, title="אחרי")

    with revisions.thing_as(revision) as thing:

        def save():
            thing.summary = "תקציר"
            thing.save()
            builders.update_photo(thing, builders.photo(alt="חדשה"))
            return thing

        data = revisions.capture(save)
    again = revisions.submit(writer, update, data, revision.base_number, seen=revision.number)
    assert (again.pk, again.number) == (revision.pk, 2)
    assert again.data["fields"]["title"] == "אחרי"
    assert again.data["fields"]["summary"] == "תקציר"
    new = Photo.objects.get(alt="חדשה")
    assert [row["photo_id"] for row in again.data["parts"]["photo_links"]] == [new.pk]


def test_nobody_overwrites_a_change_unseen(writer, forum):
    update = builders.forum_update(forum)
    second = builders.coordinator(forum)
    revision = submitted(writer, update, title="ראשון")
    with pytest.raises(revisions.Outdated):
        submitted(second, update, title="שני")
    number = history.latest_number(update)
    data = changed(update, title="שני")
    with pytest.raises(revisions.Outdated):
        revisions.submit(second, update, data, number, seen=revision.number + 1)
    revisions.submit(second, update, data, number, seen=revision.number)
    with pytest.raises(revisions.Outdated):
        revisions.submit(writer, update, changed(update, title="שלישי"), number, seen=1)
    assert PendingRevision.objects.get().title == "שני"


def test_a_change_made_from_an_older_text_is_refused(writer, editor, forum):
    update = builders.forum_update(forum, title="לפני")
    number = history.latest_number(update)
    data = changed(update, title="שלי")
    revision = revisions.submit(writer, update, data, number)
    fresh = ForumUpdate.objects.get()
    fresh.summary = "נוסף בינתיים"
    fresh.save()
    with pytest.raises(revisions.Outdated):
        revisions.submit(writer, update, changed(fresh, title="שלי"), number)
    with pytest.raises(revisions.Outdated):
        revisions.approve(editor, revision)
    assert ForumUpdate.objects.get().title == "לפני"
    with pytest.raises(revisions.Outdated):
        revisions.approve(editor, revision, over=number)
    revisions.approve(editor, revision, over=history.latest_number(update))
    assert ForumUpdate.objects.get().title == "שלי"


def test_what_was_approved_must_be_what_was_read(writer, editor, forum):
    update = builders.forum_update(forum)
    revision = submitted(writer, update, title="ראשון")
    submitted(writer, update, title="שני")
    with pytest.raises(revisions.Outdated):
        revisions.approve(editor, revision, seen=1)
    revisions.approve(editor, revision, seen=2)
    with pytest.raises(revisions.CannotReview):
        revisions.approve(editor, revision, seen=2)
    assert ForumUpdate.objects.get().title == "שני"


def test_no_change_waits_where_nothing_is_changed(writer, forum):
    update = builders.forum_update(forum)
    with pytest.raises(revisions.CannotReview):
        submitted(writer, update)
    with pytest.raises(ImpossibleTransition):
        submitted(writer, update, state="in_review")


def test_sent_back_change_stays_with_its_author(writer, editor, forum):
    update = builders.forum_update(forum, title="גלוי")
    revision = submitted(writer, update, title="ממתין")
    revisions.send_back(editor, revision, "נא לקצר")
    assert revisions.pending_of(update).state == "sent_back"
    assert ForumUpdate.objects.get().title == "גלוי"
    assert revisions.notes_for([update])[update.pk].remark == "נא לקצר"
    assert submitted(writer, update, title="קצר").state == "in_review"
    revisions.withdraw(writer, revision)
    assert revisions.pending_for([update]) == {}


def test_taking_down_can_wait_too(client, writer, editor, forum):
    update = builders.forum_update(forum)

    revision = submitted(writer, update, state="archived")
    assert client.get(update.get_absolute_url()).status_code == 200
    revisions.approve(editor, revision)
    assert client.get(update.get_absolute_url()).status_code == 404


def test_an_address_taken_meanwhile_is_told_in_words(editor):
    event = builders.event(slug="first")
    revision = submitted(editor, event, slug="second")
    builders.event(slug="second")
    with pytest.raises(revisions.CannotReview):
        revisions.approve(editor, revision)
    assert Event.objects.get(pk=event.pk).slug == "first"
    assert PendingRevision.objects.exists()
    assert not ReviewNote.objects.exists()


# Letters


def test_editors_hear_once_that_something_waits(writer, editor, forum):
    administrator = builders.administrator()
    builders.user(is_active=False)
    update = builders.forum_update(forum)
    submitted(writer, update, title="ראשון")
    submitted(writer, update, title="שני")
    assert {letter.to for letter in letters()} == {editor.email, administrator.email}
    assert len(letters()) == 2


def test_one_address_for_notices(writer, editor, forum):
    SiteSettings.objects.update_or_create(pk=1, defaults={"notice_email": "office@example.org"})
    revisions.submit_thing(writer, builders.forum_update(forum, state="draft", title="כותרת"))
    (letter,) = letters()
    assert letter.to == "office@example.org"
    assert "כותרת" in letter.subject
    assert 'dir="rtl"' in letter.html
    assert "/admin/review/forums.forumupdate/" in letter.text


def test_author_and_coordinators_hear_the_answer_each_alone(writer, editor, forum):
    colleague = builders.coordinator(forum)
    gone = builders.coordinator(forum)
    gone.coordinations.update(ends_on=timezone.localdate() - timedelta(days=1))
    update = builders.forum_update(forum, state="in_review", author=writer)
    revisions.send_back(editor, update, "<b>חסר</b> & עוד")
    assert sorted(letter.to for letter in letters()) == sorted([writer.email, colleague.email])
    letter = letters()[0]
    assert "<b>חסר</b> & עוד" in letter.text
    assert "&lt;b&gt;חסר" in letter.html
    assert f"/desk/updates/{update.pk}/" in letter.text


def test_an_author_who_left_the_forum_hears_no_answer(writer, editor, forum):
    colleague = builders.coordinator(forum)
    update = builders.forum_update(forum, state="in_review", author=writer)
    writer.coordinations.all().delete()
    revisions.send_back(editor, update, "חסר")
    assert [letter.to for letter in letters()] == [colleague.email]


def test_the_editor_gets_no_letter_about_themselves(editor):
    update = builders.forum_update(state="in_review", author=editor)
    revisions.approve_thing(editor, update)
    assert letters() == []


def test_nothing_typed_starts_a_header(writer, editor, forum):
    update = builders.forum_update(
        forum, state="draft", title="כותרת\r\nBcc: all@example.org", author=writer
    )
    revisions.submit_thing(writer, update)
    revisions.approve_thing(editor, update)
    for letter in letters():
        assert "\n" not in letter.subject
        assert "\r" not in letter.subject
        assert "&amp;" not in letter.subject
