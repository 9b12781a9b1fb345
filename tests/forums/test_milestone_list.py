import pytest
from django.test import Client

from tests import builders as b
from tests.pages import read

pytestmark = pytest.mark.django_db


def test_tiers_stand_with_their_commitments(client: Client) -> None:
    source = b.source(title="עמוד המקור")
    tier = b.milestone_tier(text="נוסח הרמה במלואו.", summary="בקצרה", as_of=2013, source=source)
    forum = b.forum()
    states = ("planned", "under_way", "done")
    milestones = [
        b.milestone(tier, state=state, forums=[forum], as_of=2013, evidence=f"ראיה {state}")
        for state in states
    ]
    b.source_quote(key="milestones-intro", text="דברי הפתיחה:")
    page = read(client, "/milestones/")
    for words in ("נוסח הרמה במלואו.", "בקצרה", "2013", "עמוד המקור", "דברי הפתיחה:"):
        assert words in page.text
    for milestone in milestones:
        assert milestone.text in page.text
        assert milestone.get_state_display() in page.text
        assert milestone.evidence in page.text
        assert milestone.get_absolute_url().partition("#")[2] in page.ids
    assert page.links().count(forum.get_absolute_url()) == 3
    assert tier.slug in page.ids


def test_without_tiers_the_page_leads_on(client: Client) -> None:
    assert "/goals/" in read(client, "/milestones/").links()
