import pytest
from django.test import Client

from tests import builders as b
from tests.pages import read

pytestmark = pytest.mark.django_db


def test_bodies_stand_with_their_source_and_people(client: Client) -> None:
    source = b.source(title="עמוד המקור")
    body = b.related_body(
        kind="accompanying", text='<p>דברי "המקור" על הגוף</p>', as_of=2013, source=source
    )
    b.office_holder(body, post="מנהלת התוכנית", name="פלונית אלמונית", as_of=2013, source=source)
    beside = b.related_body(summary="בדברינו")
    page = read(client, "/related/")
    for words in ('דברי "המקור" על הגוף', "מנהלת התוכנית: פלונית אלמונית", "בדברינו", beside.name):
        assert words in page.text
    assert page.text.count("עמוד המקור") == 2
    assert {body.slug, beside.slug} <= set(page.ids)


def test_markup_in_plain_texts_is_shown_and_not_obeyed(client: Client) -> None:
    b.related_body(summary="<b>בולט</b>", name="<i>שם</i>")
    page = read(client, "/related/")
    assert "<b>בולט</b>" in page.text
    assert "<i>שם</i>" in page.text
