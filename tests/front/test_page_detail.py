import pytest
from django.test import Client

from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slug", ["privacy", "foi", "any-other"])
def test_page_stands_at_its_address(client: Client, slug: str) -> None:
    page = b.page(slug=slug, title="כותרת העמוד", body="<h2>פרק</h2><p>תוכן</p>")
    assert page.get_absolute_url() == f"/{slug}/"
    found = read(client, f"/{slug}/")
    assert "תוכן" in found.text
    assert found.title.startswith("כותרת העמוד")
    # Without a summary the description is made of the text.
    assert "פרק תוכן" in str(found.attribute("meta", "name", "description", "content"))


def test_hidden_page_is_not_found(client: Client) -> None:
    for page in hidden(b.page):
        assert client.get(page.get_absolute_url()).status_code == 404
    assert client.get("/privacy/").status_code == 404
