"""Nobody overwrites unseen: forms, their rows, actions and deleting, two people at a time."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any
from unittest.mock import Mock
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, OperationalError, transaction
from django.urls import reverse

from cluster_portal.shared import history
from cluster_portal.shared.admin_site import twice
from cluster_portal.shared.model_admin import PortalModelForm
from cluster_portal.shared.models import SiteSettings, Version
from forums.models import Milestone
from members.models import Goal, Municipality, MunicipalityFact
from tests import builders as b
from tests.admin_forms import filled, shown
from tests.conftest import Person
from tests.shared.test_admin import log_in

pytestmark = pytest.mark.django_db


def change(thing) -> str:
    meta = thing._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=(thing.pk,))


def opened(client, thing) -> dict[str, list[str]]:
    """Return the form of `thing` as it stands when somebody opens it."""
    return filled(client.get(change(thing)).content.decode())


@pytest.fixture
def editor(client):
    return log_in(client, "editor")


@pytest.fixture
def other():
    return b.user(role="editor", display_name="נועה אחרת")


def saved_by(person, thing, **changes) -> None:
    with history.editing(lambda: person):
        for name, value in changes.items():
            setattr(thing, name, value)
        thing.save()


# Forms


def test_a_form_that_nobody_crossed_is_saved(client, editor):
    goal = b.goal()
    data = opened(client, goal) | {"title": ["כותרת שלי"]}
    assert client.post(change(goal), data).status_code == 302
    assert Goal.objects.get().title == "כותרת שלי"
    assert Version.objects.of(goal).first().user == editor


def test_a_save_over_a_newer_one_is_refused_with_both_texts(client, editor, other):
    goal = b.goal(title="כותרת ישנה", text="נוסח")
    data = opened(client, goal) | {"title": ["כותרת שלי"]}
    saved_by(other, goal, title="כותרת שלה")

    answer = client.post(change(goal), data)

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "כותרת שלי" in page
    assert "כותרת שלה" in page
    assert "נועה אחרת" in page
    assert Goal.objects.get().title == "כותרת שלה"
    conflict = answer.context["adminform"].form.conflict
    assert [(f.theirs, f.mine) for f in conflict.fields] == [("כותרת שלה", "כותרת שלי")]
    assert conflict.newest.user == other
    assert [c.new for c in conflict.changes] == ["כותרת שלה"]
    # Sent once more, knowingly, it is taken.
    again = filled(page)
    assert again["title"] == ["כותרת שלי"]
    assert client.post(change(goal), again).status_code == 302
    assert Goal.objects.get().title == "כותרת שלי"


def test_what_came_between_two_tries_is_a_conflict_again(client, editor, other):
    goal = b.goal()
    data = opened(client, goal) | {"title": ["שלי"]}
    saved_by(other, goal, title="שלה")
    again = filled(client.post(change(goal), data).content.decode())
    saved_by(other, goal, title="שלה, שוב")
    assert client.post(change(goal), again).status_code == 409
    assert Goal.objects.get().title == "שלה, שוב"


def test_a_save_that_says_what_stands_already_is_none(client, editor, other):
    goal = b.goal(title="ישן")
    data = opened(client, goal) | {"title": ["חדש"]}
    saved_by(other, goal, title="חדש")
    assert client.post(change(goal), data).status_code == 302
    assert Version.objects.of(goal).count() == 2


@pytest.mark.parametrize("number", [None, "", "x", "-1", "١", "0", "9" * 40, "1 ", "1\0"])
def test_a_missing_or_garbled_number_is_a_conflict(client, editor, number):
    goal = b.goal(title="ישן")
    data = opened(client, goal) | {"title": ["חדש"]}
    del data["base_number"]
    if number is not None:
        data["base_number"] = [number]
    assert client.post(change(goal), data).status_code == 409
    assert Goal.objects.get().title == "ישן"


def test_a_file_that_cannot_come_back_is_told(client, editor, other):
    photo = b.photo()
    data: dict[str, Any] = dict(opened(client, photo))
    saved_by(other, photo, caption="כיתוב שלה")
    file = SimpleUploadedFile("new.jpg", b.image_bytes(300, 200))
    answer = client.post(change(photo), data | {"file": file})
    assert answer.status_code == 409
    assert answer.context["adminform"].form.conflict.has_files


def test_other_errors_and_the_conflict_show_together(client, editor, other):
    goal = b.goal(title="ישן")
    data = opened(client, goal) | {"title": [""], "text": ["נוסח שלי"]}
    saved_by(other, goal, text="נוסח שלה")
    answer = client.post(change(goal), data)
    assert answer.status_code == 409
    assert "title" in answer.context["adminform"].form.errors
    assert "נוסח שלי" in answer.content.decode()
    assert "נוסח שלה" in answer.content.decode()


def test_what_was_opened_while_somebody_saved_is_a_conflict(client, editor, other):
    """The row was read, then somebody saved, then the number was read."""
    goal = b.goal(title="ישן")
    stale = Goal.objects.get()
    saved_by(other, goal, title="שלה")
    form = Form(instance=stale)
    assert form["base_number"].value() != history.latest_number(goal)


class Form(PortalModelForm):
    class Meta:
        model = Goal
        fields = ("title", "text")


def test_settings_and_other_single_things_are_guarded_too(client):
    log_in(client, "administrator")
    settings = SiteSettings.load()
    settings.save()
    data = opened(client, settings) | {"tagline": ["שלי"]}
    saved_by(b.user(), settings, tagline="שלה")
    answer = client.post(change(settings), data)
    assert answer.status_code == 409
    assert "שלה" in answer.content.decode()


def test_the_first_save_of_a_single_thing_is_guarded_too(client):
    log_in(client, "administrator")
    settings = SiteSettings.load()
    assert not SiteSettings.objects.exists()
    data = opened(client, settings) | {"tagline": ["שלי"]}
    saved_by(b.user(), settings, tagline="שלה")
    assert client.post(change(settings), data).status_code == 409
    assert SiteSettings.objects.get().tagline == "שלה"


def test_a_conflict_names_no_coordinator_to_an_editor(client, editor, other):
    forum = b.forum(name="פורום")
    data = opened(client, forum) | {"name": ["שם שלי"]}
    person = b.coordinator(forum, display_name="רכזת סודית")
    answer = client.post(change(forum), data)
    assert answer.status_code == 409
    assert person.display_name not in answer.content.decode()


# Rows inside a form


def municipality_with_facts(*values: str) -> Municipality:
    municipality = b.municipality()
    for value in values:
        b.municipality_fact(municipality, value=value, label=f"נתון {value}")
    return municipality


def test_the_form_and_its_rows_are_one_version_with_its_author(client, editor):
    municipality = municipality_with_facts("1", "2")
    number = history.latest_number(municipality)
    data = opened(client, municipality) | {
        "summary": ["תקציר חדש"],
        "facts-0-value": ["11"],
        "facts-1-DELETE": ["on"],
    }
    assert client.post(change(municipality), data).status_code == 302
    newest = Version.objects.of(municipality).first()
    assert (newest.number, newest.user) == (number + 1, editor)
    assert newest.data["fields"]["summary"] == "תקציר חדש"
    assert [row["value"] for row in newest.data["parts"]["facts"]] == ["11"]


def test_a_row_that_somebody_changed_is_a_conflict(client, editor, other):
    municipality = municipality_with_facts("10")
    data = opened(client, municipality) | {"facts-0-value": ["12"]}
    saved_by(other, MunicipalityFact.objects.get(), value="11")

    answer = client.post(change(municipality), data)

    assert answer.status_code == 409
    (field,) = answer.context["adminform"].form.conflict.fields
    assert "11" in field.theirs
    assert "12" in field.mine
    assert MunicipalityFact.objects.get().value == "11"
    assert client.post(change(municipality), filled(answer.content.decode())).status_code == 302
    assert MunicipalityFact.objects.get().value == "12"


def test_words_in_a_row_that_somebody_deleted_are_kept(client, editor, other):
    municipality = municipality_with_facts("1", "2", "3")
    first, _second, third = MunicipalityFact.objects.order_by("pk")
    data = opened(client, municipality) | {
        "facts-0-label": ["מילים שהוקלדו"],
        "facts-2-value": ["33"],
    }
    with history.editing(lambda: other):
        first.delete()

    answer = client.post(change(municipality), data)

    assert answer.status_code == 409
    page = answer.content.decode()
    assert "מילים שהוקלדו" in page
    assert client.post(change(municipality), filled(page)).status_code == 302
    rows = MunicipalityFact.objects.order_by("pk").values_list("label", "value")
    assert sorted(rows) == sorted([("נתון 2", "2"), (third.label, "33"), ("מילים שהוקלדו", "1")])


def test_a_new_row_beside_somebodys_new_row_loses_neither(client, editor, other):
    municipality = municipality_with_facts("1")
    source = MunicipalityFact.objects.get().source
    data = opened(client, municipality) | {
        "facts-1-label": ["השורה שלי"],
        "facts-1-value": ["5"],
        "facts-1-year": ["2020"],
        "facts-1-source": [str(source.pk)],
    }
    with history.editing(lambda: other):
        b.municipality_fact(municipality, label="השורה שלה", source=source)
    answer = client.post(change(municipality), data)
    assert answer.status_code == 409
    assert "השורה שלה" in answer.content.decode()
    assert client.post(change(municipality), filled(answer.content.decode())).status_code == 302
    labels = set(MunicipalityFact.objects.values_list("label", flat=True))
    assert {"השורה שלי", "השורה שלה"} <= labels


def test_rows_with_a_history_of_their_own_are_guarded_one_by_one(client, editor, other):
    tier = b.milestone_tier()
    first, second = b.milestone(tier, text="אבן א"), b.milestone(tier, text="אבן ב")
    data = opened(client, tier) | {
        "milestones-0-text": ["אבן א שלי"],
        "milestones-1-text": ["אבן ב שלי"],
    }
    saved_by(other, second, text="אבן ב שלה")
    answer = client.post(change(tier), data)
    assert answer.status_code == 409
    assert "אבן ב שלה" in answer.content.decode()
    assert set(Milestone.objects.values_list("text", flat=True)) == {"אבן א", "אבן ב שלה"}
    assert client.post(change(tier), filled(answer.content.decode())).status_code == 302
    assert set(Milestone.objects.values_list("text", flat=True)) == {"אבן א שלי", "אבן ב שלי"}
    assert Version.objects.of(first).first().user == editor


# Deleting and actions


def test_what_changed_since_the_question_is_not_deleted(client, editor, other):
    goal = b.goal()
    address = reverse("admin:members_goal_delete", args=(goal.pk,))
    data = filled(client.get(address).content.decode())
    saved_by(other, goal, text="עוד משהו")
    answer = client.post(address, data, follow=True)
    assert Goal.objects.exists()
    assert answer.redirect_chain == [(address, 302)]
    assert list(answer.context["messages"])
    assert client.post(address, filled(answer.content.decode())).status_code == 302
    assert not Goal.objects.exists()


def test_words_typed_into_what_somebody_deleted_come_back(client, editor, other):
    goal = b.goal()
    data, address = opened(client, goal) | {"text": ["מילים יקרות"]}, change(goal)
    with history.editing(lambda: other):
        goal.delete()
    answer = client.post(address, data)
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "מילים יקרות" in page
    assert "נועה אחרת" in page
    assert not Goal.objects.exists()


def test_an_action_on_a_row_that_changed_since_is_refused_by_name(client, editor, other):
    kept, changed = b.goal(), b.goal(title="מטרה שהשתנתה")
    address = reverse("admin:members_goal_changelist")
    data = filled(client.get(address).content.decode())
    data |= {"action": ["delete_selected"], "_selected_action": [str(kept.pk), str(changed.pk)]}
    saved_by(other, changed, text="עוד")
    answer = client.post(address, data | {"post": "yes"}, follow=True)
    assert Goal.objects.count() == 2
    assert any("מטרה שהשתנתה" in str(m) for m in answer.context["messages"])
    assert all(kept.title not in str(m) for m in answer.context["messages"])


def test_the_confirmation_of_an_action_carries_the_numbers_on(client, editor, other):
    goal = b.goal()
    address = reverse("admin:members_goal_changelist")
    chosen = {"action": "delete_selected", "_selected_action": [goal.pk]}
    page = client.post(address, chosen | shown(goal)).content.decode()
    saved_by(other, goal, text="עוד")
    client.post(address, filled(page) | {"action": "delete_selected"})
    assert Goal.objects.exists()


def test_nothing_is_done_to_rows_that_nobody_looked_at(client, editor):
    goals = [b.goal(), b.goal()]
    address = reverse("admin:members_goal_changelist")
    chosen = {"action": "delete_selected", "_selected_action": [goals[0].pk], "select_across": "1"}
    client.post(address, chosen | shown(goals[0]) | {"post": "yes"})
    assert list(Goal.objects.all()) == [goals[1]]


# The last gate


def test_a_number_taken_at_the_same_instant_is_tried_again_and_no_other_error_is(rf):
    calls = []

    def view(request):
        calls.append(request)
        if len(calls) == 1:
            goal = Goal.objects.get()
            newest = Version.objects.of(goal).get()
            newest.pk = None
            with transaction.atomic():
                newest.save(force_insert=True)
        return "answer"

    b.goal()
    assert twice(view, rf.post("/")) == "answer"
    assert len(calls) == 2

    for error in (IntegrityError("another constraint"), OperationalError("database is locked")):
        with pytest.raises(type(error)):
            twice(Mock(side_effect=error), rf.post("/"))
    waiting = Mock(side_effect=[OperationalError("deadlock detected\nDETAIL: …"), "answer"])
    assert twice(waiting, rf.post("/")) == "answer"


# Two hundred pairs


class Stay(HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


@dataclass
class Visitor:
    """A person at a browser of their own, talking to the real server."""

    url: str
    person: Person

    def __post_init__(self) -> None:
        self.jar = CookieJar()
        self.opener = build_opener(HTTPCookieProcessor(self.jar), Stay)
        token = filled(self.ask("/accounts/login/")[1])["csrfmiddlewaretoken"]
        status, _page = self.ask(
            "/accounts/login/",
            {
                "csrfmiddlewaretoken": token,
                "username": [self.person.email],
                "password": [self.person.password],
            },
        )
        assert status == 302

    def ask(self, path: str, data: dict[str, list[str]] | None = None) -> tuple[int, str]:
        body = urlencode(data, doseq=True).encode() if data is not None else None
        request = Request(self.url + path, body, {"Referer": self.url + path})
        try:
            with self.opener.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as answer:
            return answer.code, answer.read().decode()


# The list to take a thing from, the field that both fill in, how many pairs: 200 in all.
FIELDS = [("members/goal", "title", 100), ("members/municipality", "facts-0-note", 100)]


@pytest.mark.parametrize(("kind", "field", "pairs"), FIELDS)
def test_two_hundred_pairs_lose_no_update_silently(portal_server, kind, field, pairs):
    """Both have the same form open and save in the same moment.

    One is taken; the other gets the conflict page with both texts, which is the next pair's form.
    """
    people = (portal_server.people["editor"], portal_server.people["administrator"])
    visitors = [Visitor(portal_server.url, person) for person in people]
    [form, *_rest] = re.findall(
        rf"/admin/{kind}/\d+/change/", visitors[0].ask(f"/admin/{kind}/")[1]
    )
    tokens = [filled(visitor.ask(form)[1])["csrfmiddlewaretoken"] for visitor in visitors]
    before = base = filled(visitors[0].ask(form)[1])
    start = threading.Barrier(2)

    def save(visitor: Visitor, data: dict[str, list[str]]) -> tuple[int, str]:
        start.wait()
        return visitor.ask(form, data)

    with ThreadPoolExecutor(2) as pool:
        for pair in range(pairs):
            texts = [f"זוג {pair} ראשון", f"זוג {pair} שני"]
            sent = [
                base | {field: [text], "csrfmiddlewaretoken": token}
                for text, token in zip(texts, tokens, strict=True)
            ]
            answers = list(pool.map(save, visitors, sent))
            assert sorted(status for status, _page in answers) == [302, 409], pair
            winner, loser = sorted((0, 1), key=lambda i: answers[i][0])
            refused = answers[loser][1]
            assert texts[winner] in refused
            base = filled(refused)
            assert base[field] == [texts[loser]]
    stands = filled(visitors[0].ask(form)[1])
    assert stands[field] == [texts[winner]]
    # What other tests read is the content as it was loaded.
    status, _page = visitors[0].ask(form, stands | {field: before[field]})
    assert status == 302
