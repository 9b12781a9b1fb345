import pytest
from django.test import Client

from tests import builders as b
from tests.pages import hidden, read

pytestmark = pytest.mark.django_db


def test_goals_stand_with_their_source_forums_and_topics(client: Client) -> None:
    goal = b.goal(text="נוסח המטרה במלואו.", as_of=2013, source=b.source(title="עמוד המקור"))
    other = b.goal()
    forum = b.forum(goal=goal)
    topic = b.topic(goal=goal)
    page = read(client, "/goals/")
    for words in ("נוסח המטרה במלואו.", "2013", "עמוד המקור", forum.name, topic.title):
        assert words in page.text
    assert {goal.slug, other.slug} <= set(page.ids)
    assert forum.get_absolute_url() in page.links()
    assert f"{topic.event.get_absolute_url()}#topics" in page.links()


def test_topics_of_hidden_events_do_not_show(client: Client) -> None:
    goal = b.goal()
    for event in hidden(b.event):
        topic = b.topic(event, goal=goal)
        text = read(client, "/goals/").text
        assert topic.title not in text
        assert event.title not in text


def test_without_goals_the_page_leads_on(client: Client) -> None:
    assert "/about/" in read(client, "/goals/").links()
