"""How lists and forms of the admin behave, tried on kinds that have what is tried."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from forums.models import Coordinator, Forum, Milestone
from members.models import Goal, MunicipalityFact
from tests import builders
from tests.admin_forms import based, shown
from tests.shared.test_admin import log_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(client):
    return log_in(client, "editor")


def goal_data(goal: Goal, **changes: str) -> dict[str, str]:
    data = {"title": goal.title, "slug": goal.slug, "text": goal.text, "as_of": ""}
    return based(goal) | data | changes


# Saving


def test_typed_text_is_made_fit_to_store(client, editor):
    goal = builders.goal()
    address = reverse("admin:members_goal_change", args=(goal.pk,))
    answer = client.post(address, goal_data(goal, title="מטרה\u202e הפוכה\0"))
    assert answer.status_code == 200  # NUL is refused, with everything typed
    assert answer.context["adminform"].form.errors.keys() == {"title"}
    assert client.post(address, goal_data(goal, title="מטרה\u202e הפוכה")).status_code == 302
    goal.refresh_from_db()
    assert goal.title == "מטרה הפוכה"
    entry = LogEntry.objects.get()
    assert (entry.user, entry.object_id) == (editor, str(goal.pk))


def test_rich_text_is_edited_as_markup_and_stored_clean(client, editor):
    page = builders.page(body="<h2>כותרת</h2><p>פסקה</p>")
    address = reverse("admin:shared_page_change", args=(page.pk,))
    shown = client.get(address).content.decode()
    assert "## כותרת" in shown
    data = based(page) | {
        "title": page.title,
        "slug": page.slug,
        "summary": "",
        "body": "## אחרת\n\n<script>alert(1)</script>",
        "state": "published",
        "publish_at_0": "18.03.2013",
        "publish_at_1": "10:30",
        "expire_at_0": "",
        "expire_at_1": "",
    }
    assert client.post(address, data).status_code == 302
    page.refresh_from_db()
    assert page.body.startswith("<h2>אחרת</h2>")
    assert "<script" not in page.body
    assert timezone.localtime(page.publish_at).strftime("%d.%m.%Y %H:%M") == "18.03.2013 10:30"


def test_a_page_cannot_take_the_address_of_another(client, editor):
    data = {"title": "עמוד", "body": "תוכן", "state": "draft", "summary": ""}
    answer = client.post(reverse("admin:shared_page_add"), data | {"slug": "forums"})
    assert answer.context["adminform"].form.errors.keys() == {"slug"}
    assert client.post(reverse("admin:shared_page_add"), data | {"slug": "team"}).status_code == 302


def test_a_page_that_every_footer_links_to_keeps_its_address(client, editor):
    page = builders.page(slug="privacy")
    answer = client.get(reverse("admin:shared_page_change", args=(page.pk,)))
    assert "slug" not in answer.context["adminform"].form.fields
    assert client.get(reverse("admin:shared_page_delete", args=(page.pk,))).status_code == 404
    chosen = {"action": "delete_selected", "_selected_action": [page.pk], "post": "yes"}
    chosen |= shown(page)
    assert client.post(reverse("admin:shared_page_changelist"), chosen).status_code == 404
    page.refresh_from_db()


def test_directions_of_fields(client, editor):
    form = client.get(reverse("admin:members_municipality_add")).context["adminform"].form
    directions = {name: field.widget.attrs.get("dir") for name, field in form.fields.items()}
    assert directions["name"] == directions["summary"] == "auto"
    assert directions["slug"] == directions["website"] == directions["latitude"] == "ltr"


# Addresses and lists


def test_view_on_site_goes_straight_to_the_page_and_only_when_there_is_one(client, editor):
    update = builders.forum_update()
    draft = builders.forum_update(state="draft")
    address = "admin:forums_forumupdate_change"
    shown = client.get(reverse(address, args=(update.pk,)))
    assert shown.context["absolute_url"] == update.get_absolute_url()
    assert f'href="{update.get_absolute_url()}"' in shown.content.decode()
    hidden = client.get(reverse(address, args=(draft.pk,)))
    assert hidden.context["absolute_url"] is None
    assert draft.get_absolute_url() not in hidden.content.decode()


def test_only_offered_filters_may_be_asked(client, editor):
    builders.forum_update()
    address = reverse("admin:forums_forumupdate_changelist")
    forum = Forum.objects.get()
    for asked in ({"state__exact": "published"}, {"forum__id__exact": forum.pk}, {"q": "עדכון"}):
        answer = client.get(address, asked)
        assert (answer.status_code, answer.context["cl"].result_count) == (200, 1), asked
    for asked in (
        {"body__startswith": "<p>"},
        {"author__password__startswith": "md5"},
        {"forum__coordinators__user__email__startswith": "a"},
        {"pk__in": "1"},
        {"id__gte": "1"},
    ):
        assert client.get(address, asked).status_code == 400, asked


@pytest.mark.parametrize("value", ["\0", "9" * 40, "\udcff".encode("utf-8", "surrogateescape")])
@pytest.mark.parametrize(
    "name", ["state__exact", "forum__id__exact", "q", "p", "o", "publish_at__year"]
)
def test_odd_values_in_a_lists_address_do_no_harm(client, editor, name, value):
    builders.forum_update()
    answer = client.get(reverse("admin:forums_forumupdate_changelist"), {name: value})
    assert answer.status_code in {200, 302, 400, 404}


@pytest.mark.parametrize("value", ["x", "\0", "2026-01-01", "9" * 30, "\u202e", ""])
def test_whatever_an_address_fills_in_the_form_opens(client, editor, value):
    names = ("title", "slug", "publish_at", "starts_at", "forum", "municipalities", "as_of")
    for kind in ("forums_forumupdate", "events_event", "members_goal", "shared_page"):
        answer = client.get(reverse(f"admin:{kind}_add"), dict.fromkeys(names, value))
        assert answer.status_code == 200, kind


def test_rows_are_named_by_their_key_alone(client, editor):
    goal = builders.goal()
    address = reverse("admin:members_goal_change", args=(goal.pk,))
    assert client.get(address, {"_to_field": "id"}).status_code == 200
    assert client.get(address, {"_to_field": "slug"}).status_code == 400


# Deleting


def test_deleting_names_nothing_and_takes_nothing_that_one_may_not_see(client, editor):
    person = builders.coordinator(display_name="רכזת סודית")
    forum = Forum.objects.get()
    address = reverse("admin:forums_forum_delete", args=(forum.pk,))
    answer = client.get(address)
    assert answer.context["perms_lacking"] == {str(Coordinator._meta.verbose_name)}
    assert "רכזת סודית" not in answer.content.decode()
    assert client.post(address, {"post": "yes"} | based(forum)).status_code == 404
    chosen = {"action": "delete_selected", "_selected_action": [forum.pk], "post": "yes"}
    chosen |= shown(forum)
    assert client.post(reverse("admin:forums_forum_changelist"), chosen).status_code == 404
    assert Coordinator.objects.filter(user=person, forum=forum).exists()
    Coordinator.objects.all().delete()
    assert client.post(address, {"post": "yes"} | based(forum)).status_code == 302
    assert not Forum.objects.exists()


def test_deleting_many_is_confirmed_first(client, editor):
    goals = [builders.goal(), builders.goal(), builders.goal()]
    address = reverse("admin:members_goal_changelist")
    chosen = {"action": "delete_selected", "_selected_action": [g.pk for g in goals[:2]]}
    chosen |= shown(*goals)
    assert client.post(address, chosen).status_code == 200
    assert Goal.objects.count() == 3
    assert client.post(address, chosen | {"post": "yes"}).status_code == 302
    assert list(Goal.objects.all()) == [goals[2]]


@pytest.mark.parametrize("key", ["x", "", "-1", str(2**64), "1\0"])
def test_choosing_what_cannot_be_a_row_is_refused(client, editor, key):
    goal = builders.goal()
    chosen = {"action": "delete_selected", "_selected_action": [goal.pk, key], "post": "yes"}
    assert client.post(reverse("admin:members_goal_changelist"), chosen).status_code == 404
    assert Goal.objects.exists()


# Order


def test_a_new_row_comes_last(client, editor):
    builders.goal(order=4)
    data = {"title": "חדשה", "slug": "new", "text": "נוסח", "order": "1"}
    assert client.post(reverse("admin:members_goal_add"), data).status_code == 302
    assert Goal.objects.get(slug="new").order == 5  # the forged "order" is no field


def test_a_new_inline_row_without_a_place_comes_last(client, editor):
    source = builders.source()
    municipality = builders.municipality()
    builders.municipality_fact(municipality, order=7, source=source)
    fact = MunicipalityFact.objects.get()
    data = based(municipality) | {
        "name": municipality.name,
        "formal_name": municipality.formal_name,
        "kind": municipality.kind,
        "slug": municipality.slug,
        "localities-TOTAL_FORMS": "0",
        "localities-INITIAL_FORMS": "0",
        "facts-TOTAL_FORMS": "2",
        "facts-INITIAL_FORMS": "1",
        "facts-0-id": fact.pk,
        "facts-0-municipality": municipality.pk,
        "facts-0-label": fact.label,
        "facts-0-value": "7",
        "facts-0-year": fact.year,
        "facts-0-source": source.pk,
        "facts-0-order": "",
        "facts-1-municipality": municipality.pk,
        "facts-1-label": "נתון חדש",
        "facts-1-value": "8",
        "facts-1-year": "2021",
        "facts-1-source": source.pk,
        "facts-1-order": "",
    }
    address = reverse("admin:members_municipality_change", args=(municipality.pk,))
    assert client.post(address, data).status_code == 302
    assert [f.value for f in municipality.facts.all()] == ["7", "8"]


def order_data(client, address: str, **numbers: int) -> dict[str, str | int]:
    shown = client.get(address).context["form"]
    return (
        {"shown": shown.state}
        | {name: shown[name].value() for name in list(shown.fields)[1:]}
        | numbers
    )


def test_order_page_puts_rows_in_order_with_one_save(client, editor):
    first, second, third = (builders.goal(order=0) for _ in range(3))
    address = reverse("admin:members_goal_order")
    assert address in client.get(reverse("admin:members_goal_changelist")).content.decode()
    # Equal numbers keep the order they had.
    data = order_data(client, address, **{f"row-{first.pk}": 2, f"row-{third.pk}": 1})
    assert client.post(address, data).status_code == 302
    rows = list(Goal.objects.values_list("pk", "order"))
    assert rows == [(third.pk, 1), (first.pk, 2), (second.pk, 3)]
    assert LogEntry.objects.count() == 3


def test_order_page_counts_within_a_tier(client, editor):
    tiers = [builders.milestone_tier(order=2), builders.milestone_tier(order=1)]
    rows = [
        builders.milestone(tiers[0]),
        builders.milestone(tiers[0]),
        builders.milestone(tiers[1]),
    ]
    address = reverse("admin:forums_milestone_order")
    groups = client.get(address).context["groups"]
    assert [group["name"] for group in groups] == [tiers[1], tiers[0]]
    data = order_data(client, address, **{f"row-{rows[1].pk}": 0})
    assert client.post(address, data).status_code == 302
    places = dict(Milestone.objects.values_list("pk", "order"))
    assert places == {rows[1].pk: 1, rows[0].pk: 2, rows[2].pk: 1}
    assert Milestone.objects.filter(tier=tiers[0]).first() == rows[1]


@pytest.mark.parametrize("bad", ["", "x", "-1", "99999999999999999999", "1.5"])
def test_order_page_gives_bad_numbers_back(client, editor, bad):
    goal = builders.goal(order=3)
    address = reverse("admin:members_goal_order")
    answer = client.post(address, order_data(client, address, **{f"row-{goal.pk}": bad}))
    assert answer.status_code == 200
    assert answer.context["form"][f"row-{goal.pk}"].value() == bad
    goal.refresh_from_db()
    assert goal.order == 3


def test_order_page_refuses_what_somebody_else_has_changed(client, editor):
    first, second = builders.goal(order=1), builders.goal(order=2)
    address = reverse("admin:members_goal_order")
    data = order_data(client, address, **{f"row-{second.pk}": 0})
    Goal.objects.filter(pk=first.pk).update(order=8)
    answer = client.post(address, data)
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    assert answer.context["form"][f"row-{second.pk}"].value() == "0"
    assert set(Goal.objects.values_list("order", flat=True)) == {8, 2}
    # The form came back with the new state: sent again, it is taken.
    again = data | {"shown": answer.context["form"]["shown"].value()}
    assert client.post(address, again).status_code == 302
    assert list(Goal.objects.all()) == [second, first]


# Settings


def test_settings_are_one_form(client):
    log_in(client, "administrator")
    address = reverse("admin:shared_sitesettings_change", args=(1,))
    assert client.get(reverse("admin:shared_sitesettings_changelist")).url == address
    data = client.get(address).context["adminform"].form.initial | {"name": "שם חדש"}
    assert client.post(address, data).status_code == 302
    assert "שם חדש" in client.get(reverse("front:home")).content.decode()
    assert client.get(address.replace("/1/", "/2/")).status_code == 404
