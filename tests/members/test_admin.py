"""The admin of the members: what it shows of them."""

import pytest
from django.urls import reverse

from tests import builders
from tests.admin_forms import based
from tests.shared.test_admin import log_in

pytestmark = pytest.mark.django_db


def test_goal_is_changed_in_the_admin_and_seen_on_the_site(client):
    log_in(client, "editor")
    goal = builders.goal(text="נוסח ישן")
    address = reverse("admin:members_goal_change", args=(goal.pk,))
    data = based(goal) | {"title": goal.title, "slug": goal.slug, "text": "נוסח חדש"}
    assert client.post(address, data).status_code == 302
    client.logout()
    shown = client.get(reverse("members:goal_list")).content.decode()
    assert "נוסח חדש" in shown
    assert "נוסח ישן" not in shown


def test_municipality_has_its_figures_and_localities_inline(client):
    log_in(client, "editor")
    municipality = builders.municipality()
    builders.municipality_fact(municipality, label="תושבים")
    builders.locality(municipality, name="כפר לדוגמה")
    answer = client.get(reverse("admin:members_municipality_change", args=(municipality.pk,)))
    inlines = {
        f.formset.prefix: len(f.formset.initial_forms)
        for f in answer.context["inline_admin_formsets"]
    }
    assert inlines == {"facts": 1, "localities": 1}


def test_impossible_place_is_refused_in_words(client):
    log_in(client, "editor")
    municipality = builders.municipality()
    data = based(municipality) | {
        "name": municipality.name,
        "formal_name": municipality.formal_name,
        "kind": municipality.kind,
        "slug": municipality.slug,
        "latitude": "51.5",
        "longitude": "0.1",
        "facts-TOTAL_FORMS": "0",
        "facts-INITIAL_FORMS": "0",
        "localities-TOTAL_FORMS": "0",
        "localities-INITIAL_FORMS": "0",
    }
    address = reverse("admin:members_municipality_change", args=(municipality.pk,))
    answer = client.post(address, data)
    assert answer.status_code == 200
    assert answer.context["adminform"].form.non_field_errors()


@pytest.mark.parametrize("rows", [1, 12])
def test_lists_ask_the_same_number_of_questions(client, django_assert_max_num_queries, rows):
    log_in(client, "editor")
    source = builders.source()
    for _ in range(rows):
        builders.goal(source=source)
    client.get("/admin/")  # content types are looked up once a process
    with django_assert_max_num_queries(7):
        client.get(reverse("admin:members_goal_changelist"))
