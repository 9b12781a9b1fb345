import pytest
from django.test import Client

from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db


def test_chapters_are_told_in_order_with_their_source(client: Client) -> None:
    source = b.source(title="עמוד המקור")
    later = b.story_chapter(order=2, title="פרק שני", text='דברי "המקור" בלי שינוי', source=source)
    first = b.story_chapter(order=1, title="פרק ראשון", year=2011, summary="בדברינו")
    page = read(client, "/about/")
    assert page.text.index("פרק ראשון") < page.text.index("פרק שני")
    assert {first.slug, later.slug} <= set(page.ids)
    for words in ('דברי "המקור" בלי שינוי', "בדברינו", "2011", "עמוד המקור", "2013"):
        assert words in page.text


def test_hidden_chapters_are_not_told(client: Client) -> None:
    for chapter in hidden(b.story_chapter):
        assert chapter.title not in read(client, "/about/").text


def test_without_chapters_the_page_leads_on(client: Client) -> None:
    assert "/members/" in read(client, "/about/").links()
