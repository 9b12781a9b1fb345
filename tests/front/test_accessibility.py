from datetime import date

import pytest
from django.test import Client

from cluster_portal.shared.models import AccessibilityStatement
from tests.pages import read

pytestmark = pytest.mark.django_db


def test_statement_shows_what_was_written(client: Client) -> None:
    AccessibilityStatement(
        introduction="<p>הפתיחה</p>",
        adaptations="<ul><li>התאמה</li></ul>",
        known_gaps="<p>ליקוי</p>",
        exemptions="<p>פטור</p>",
        places="<p>מקום</p>",
        coordinator_name="רכזת לדוגמה",
        coordinator_email="access@example.org",
        coordinator_phone="+972-8-000-0000",
        checked_on=date(2026, 3, 4),
        checked_how="בידי בודקת",
    ).save()
    page = read(client, "/accessibility/")
    for words in ("הפתיחה", "התאמה", "ליקוי", "פטור", "מקום", "רכזת לדוגמה", "4 במרץ 2026"):
        assert words in page.text
    assert {"mailto:access@example.org", "tel:+972-8-000-0000"} <= set(page.links())
    assert "טרם מונה" not in page.text


def test_what_is_missing_is_said(client: Client) -> None:
    page = read(client, "/accessibility/")
    assert "טרם מונה" in page.text
    assert "טרם נבדק" in page.text
    assert "/contact/" in page.links()
