import pytest
from django.test import Client

from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db


def test_page_shows_all_of_the_update(client: Client) -> None:
    update = b.forum_update(
        title="כותרת העדכון", summary="תקציר", body="<p>גוף <strong>העדכון</strong></p>"
    )
    photo = b.update_photo(update, b.photo(alt="מה שנראה", caption="כיתוב", credit="צלמת")).photo
    document = b.update_document(update).document
    municipality = b.municipality()
    update.municipalities.add(municipality)
    page = read(client, update.get_absolute_url())
    for words in ("כותרת העדכון", "תקציר", "גוף העדכון", "כיתוב", "צלמת", municipality.name):
        assert words in page.text
    image = next(attributes for tag, attributes in page.tags if tag == "img")
    assert image["alt"] == "מה שנראה"
    assert photo.url(photo.widths[0], "jpg") in str(image["srcset"])
    assert {document.get_absolute_url(), municipality.get_absolute_url()} <= set(page.links())
    assert ("strong", {}) in page.tags


def test_several_photos_are_a_gallery(client: Client) -> None:
    update = b.forum_update()
    photos = [b.update_photo(update).photo for _n in range(2)]
    links = read(client, update.get_absolute_url()).links()
    assert {photo.large_url for photo in photos} <= set(links)


def test_hidden_update_is_not_found(client: Client) -> None:
    b.forum_update()
    for update in hidden(b.forum_update):
        assert client.get(update.get_absolute_url()).status_code == 404


def test_update_of_another_forum_is_not_found(client: Client) -> None:
    update, other = b.forum_update(), b.forum()
    assert client.get(f"/forums/{other.slug}/updates/{update.pk}/").status_code == 404
    assert client.get(f"/forums/{other.slug}/updates/{10**30}/").status_code == 404


def test_script_in_the_body_is_gone(client: Client) -> None:
    update = b.forum_update(
        body='<p onclick="x()">שלום<script>alert(1)</script><a href="javascript:x">כאן</a></p>',
        title="<script>alert(2)</script>",
    )
    html = client.get(update.get_absolute_url()).content.decode()
    assert "<script" not in html.replace('<script src="', "")
    assert "onclick" not in html
    assert "javascript:" not in html
