import pytest
from django.test import Client

from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db


def test_page_shows_all_of_the_initiative(client: Client) -> None:
    forum, municipality = b.forum(), b.municipality()
    initiative = b.initiative(
        kind=b.initiative_kind(),
        forum=forum,
        municipalities=[municipality],
        organisation="עמותה לדוגמה",
        body="<p>גוף היוזמה</p>",
        stage="under_way",
        proposal=b.proposal(contact_name="שם חסוי", contact_email="secret@example.org"),
    )
    page = read(client, initiative.get_absolute_url())
    for words in (initiative.title, initiative.summary, "עמותה לדוגמה", "גוף היוזמה"):
        assert words in page.text
    assert initiative.get_stage_display() in page.text
    assert {forum.get_absolute_url(), municipality.get_absolute_url()} <= set(page.links())
    assert "חסוי" not in page.text
    assert "secret@" not in page.text


def test_hidden_initiative_is_not_found(client: Client) -> None:
    b.initiative()
    for initiative in hidden(b.initiative):
        assert client.get(initiative.get_absolute_url()).status_code == 404
    assert client.get(f"/incubator/initiatives/{10**30}/").status_code == 404
