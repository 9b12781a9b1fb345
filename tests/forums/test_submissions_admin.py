import csv
import io
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from cluster_portal.shared.models import ContactMessage, OutboxMessage
from cluster_portal.shared.submissions_admin import csv_cell
from forums.models import Initiative, Proposal
from tests import builders

pytestmark = pytest.mark.django_db

PROPOSALS = "/admin/forums/proposal/"
MESSAGES = "/admin/shared/contactmessage/"
LETTERS = "/admin/shared/outboxmessage/"


def logged_in(user) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def editor() -> Client:
    return logged_in(builders.user())


@pytest.fixture
def administrator() -> Client:
    return logged_in(builders.administrator())


def test_inbox_lists_by_state(editor):
    new = builders.contact_message(subject="עניין חדש")
    builders.contact_message(subject="עניין ישן", state="answered")
    assert "עניין ישן" in editor.get(MESSAGES).content.decode()
    page = editor.get(f"{MESSAGES}?state__exact=new").content.decode()
    assert new.subject in page
    assert "עניין ישן" not in page


def test_inbox_shows_mine_and_nobodys(editor):
    mine = builders.contact_message(assignee_id=int(editor.session["_auth_user_id"]))
    nobodys = builders.contact_message()
    for chosen, shown, hidden in [("me", mine, nobodys), ("nobody", nobodys, mine)]:
        page = editor.get(f"{MESSAGES}?handled_by={chosen}").content.decode()
        assert shown.subject in page
        assert hidden.subject not in page


def test_editor_takes_a_message_into_work(editor):
    message = builders.contact_message()
    colleague = builders.user()
    before = message.state_changed_at
    page = editor.get(f"{MESSAGES}{message.pk}/change/").content.decode()
    assert colleague.display_name in page
    response = editor.post(
        f"{MESSAGES}{message.pk}/change/",
        {"state": "in_work", "assignee": colleague.pk, "note": "דיברנו", "subject": "זיוף"},
    )
    assert response.status_code == 302
    changed = ContactMessage.objects.get()
    assert (changed.state, changed.assignee, changed.note) == ("in_work", colleague, "דיברנו")
    assert changed.subject == message.subject
    assert changed.state_changed_at > before
    assert OutboxMessage.objects.count() == 0


def test_note_alone_does_not_move_the_time_of_the_state(editor):
    message = builders.contact_message()
    editor.post(f"{MESSAGES}{message.pk}/change/", {"state": "new", "assignee": "", "note": "הערה"})
    changed = ContactMessage.objects.get()
    assert changed.note == "הערה"
    assert changed.state_changed_at == message.state_changed_at


def test_coordinator_cannot_be_given_a_message(editor):
    message = builders.contact_message()
    coordinator = builders.user("coordinator")
    response = editor.post(
        f"{MESSAGES}{message.pk}/change/",
        {"state": "new", "assignee": coordinator.pk, "note": ""},
    )
    assert response.status_code == 200
    assert ContactMessage.objects.get().assignee is None


def test_nobody_writes_a_submission_by_hand(administrator):
    for url in (PROPOSALS, MESSAGES, LETTERS):
        assert administrator.get(f"{url}add/").status_code == 404


def test_coordinator_sees_no_inbox():
    client = logged_in(builders.user("coordinator"))
    for url in (PROPOSALS, MESSAGES, LETTERS):
        assert client.get(url).status_code == 403


def test_letters_are_read_by_administrators_only(editor, administrator):
    letter = builders.outbox_message()
    assert editor.get(LETTERS).status_code == 404
    assert letter.subject in administrator.get(LETTERS).content.decode()
    url = f"{LETTERS}{letter.pk}/change/"
    assert letter.text in administrator.get(url).content.decode()
    administrator.post(url, {"to": "other@example.org"})
    letter.refresh_from_db()
    assert letter.to != "other@example.org"


@pytest.mark.parametrize(
    ("chosen", "subject"), [("yes", "שנשלחה"), ("no", "שממתינה"), ("failed", "שנכשלה")]
)
def test_letters_are_told_apart(administrator, chosen, subject):
    builders.outbox_message(subject="שנשלחה", sent_at=timezone.now())
    builders.outbox_message(subject="שממתינה")
    builders.outbox_message(subject="שנכשלה", attempts=2)
    assert subject in administrator.get(f"{LETTERS}?sent={chosen}").content.decode()


# CSV


def export(client: Client, url: str, chosen, query: str = "") -> list[list[str]]:
    response: Any = client.post(
        f"{url}{query}", {"action": "export_csv", "_selected_action": [row.pk for row in chosen]}
    )
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "no-store" in response["Cache-Control"]
    text = b"".join(response.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:])))


def test_csv_holds_the_chosen_rows_whole(editor):
    rahat, netivot = builders.municipality(), builders.municipality()
    chosen = builders.proposal(
        title='כותרת, עם "מירכאות"',
        description="שורה\nשנייה",
        municipalities=[rahat, netivot],
        contact_phone="+972-8-9991234",
    )
    builders.proposal()
    heading, row = export(editor, PROPOSALS, [chosen])
    assert len(heading) == len(row)
    assert chosen.reference in row
    assert 'כותרת, עם "מירכאות"' in row
    assert "שורה\nשנייה" in row
    assert f"{rahat.name}, {netivot.name}" in row
    assert "'+972-8-9991234" in row


def test_csv_holds_only_what_the_filter_shows(editor):
    old = builders.contact_message(state="answered")
    new = builders.contact_message()
    rows = export(editor, MESSAGES, [old, new], "?state__exact=new")
    assert [row[0] for row in rows[1:]] == [new.reference]


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "  @x", "＝1", "=cmd|' /C calc'!A0"],
)
def test_formula_is_only_text(cell):
    assert csv_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["טקסט", "a=b", "2013-2014", ""])
def test_plain_cell_stays_as_it_is(cell):
    assert csv_cell(cell) == cell


# A proposal becomes an initiative


def test_proposal_becomes_a_draft_without_personal_data(editor):
    field = builders.forum(kind="thematic")
    rahat = builders.municipality()
    proposal = builders.proposal(
        title="מסלול אופניים",
        description="<b>פסקה</b>\n\nשנייה " + "מילה " * 100,
        organisation="עמותה",
        field=field,
        municipalities=[rahat],
        contact_name="סמיר",
        contact_email="samir@example.org",
        contact_phone="08-9991234",
    )
    url = f"{PROPOSALS}{proposal.pk}/"
    assert f"{url}make-initiative/" in editor.get(f"{url}change/").content.decode()
    response = editor.post(f"{url}make-initiative/")
    initiative = Initiative.objects.get()
    assert response.url == f"/admin/forums/initiative/{initiative.pk}/change/"
    assert initiative.state == "draft"
    assert initiative.proposal == proposal
    assert (initiative.title, initiative.organisation) == ("מסלול אופניים", "עמותה")
    assert initiative.forum == field
    assert list(initiative.municipalities.all()) == [rahat]
    assert "&lt;b&gt;פסקה&lt;/b&gt;" in initiative.body
    assert len(initiative.summary) <= 300
    text = f"{initiative.title}{initiative.summary}{initiative.body}{initiative.organisation}"
    for secret in ("סמיר", "samir@example.org", "08-9991234"):
        assert secret not in text
    assert LogEntry.objects.filter(object_id=str(proposal.pk)).count() == 1
    assert response.url in editor.get(f"{url}change/").content.decode()


def test_proposal_becomes_an_initiative_once(editor):
    proposal = builders.proposal()
    first = editor.post(f"{PROPOSALS}{proposal.pk}/make-initiative/")
    second = editor.post(f"{PROPOSALS}{proposal.pk}/make-initiative/")
    assert first.url == second.url
    assert Initiative.objects.count() == 1


def test_initiative_is_made_by_post_alone_and_of_what_there_is(editor):
    proposal = builders.proposal()
    assert editor.get(f"{PROPOSALS}{proposal.pk}/make-initiative/").status_code == 405
    assert editor.post(f"{PROPOSALS}{proposal.pk + 1}/make-initiative/").status_code == 404
    checked = Client(enforce_csrf_checks=True)
    checked.force_login(builders.user(), "django.contrib.auth.backends.ModelBackend")
    assert checked.post(f"{PROPOSALS}{proposal.pk}/make-initiative/").status_code == 403
    assert (
        logged_in(builders.user("coordinator"))
        .post(f"{PROPOSALS}{proposal.pk}/make-initiative/")
        .status_code
        == 403
    )
    assert Initiative.objects.count() == 0


# Erasing


def test_erased_proposal_leaves_neither_file_nor_letter(editor, django_capture_on_commit_callbacks):
    proposal = builders.proposal(
        attachment=ContentFile(builders.PDF, name="a.pdf"), attachment_name="תוכנית.pdf"
    )
    builders.outbox_message(about=proposal.reference)
    page = editor.get(f"{PROPOSALS}{proposal.pk}/change/").content.decode()
    assert f'<a href="/media/proposals/{proposal.pk}/"><bdi>תוכנית.pdf</bdi></a>' in page
    with django_capture_on_commit_callbacks(execute=True):
        response = editor.post(f"{PROPOSALS}{proposal.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert Proposal.objects.count() == 0
    assert OutboxMessage.objects.count() == 0
    assert not default_storage.exists(str(proposal.attachment.name))


def test_list_asks_the_database_no_more_for_more_rows(editor):
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert editor.get(PROPOSALS).status_code == 200
        return len(captured)

    builders.proposal(field=builders.forum(), assignee=builders.user())
    few = queries()
    for _ in range(8):
        builders.proposal(field=builders.forum(), assignee=builders.user())
    assert queries() == few
