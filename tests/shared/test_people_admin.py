"""People in the admin: administrators alone, and nobody locks all of them out."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from cluster_portal.shared.models import User
from tests import builders
from tests.shared.test_admin import log_in

pytestmark = pytest.mark.django_db
LINK = re.compile(r"https?://[^<\s]+/set-password/[^<\s]+")


def person_data(person: User, **changes: str) -> dict[str, str]:
    data = {"display_name": person.display_name, "email": person.email, "role": person.role}
    return data | {"is_active": "on"} | changes


def change(person: User) -> str:
    return reverse("admin:shared_user_change", args=(person.pk,))


def test_a_new_person_gets_a_one_time_link_and_no_password(client):
    log_in(client, "administrator")
    data = {
        "display_name": "נועה",
        "email": " Noa@Example.org",
        "role": "editor",
        "password": "chosen-by-another-1",
        "is_active": "",
    }
    answer = client.post(reverse("admin:shared_user_add"), data, follow=True)
    person = User.objects.get(email="noa@example.org")
    assert (person.role, person.is_active, person.has_usable_password()) == ("editor", True, False)
    [link] = LINK.findall(answer.content.decode())
    assert not LINK.findall(client.get(change(person)).content.decode())  # shown once
    path = link[link.index("/accounts/") :]
    assert Client().get(path).status_code == 200


def test_a_lost_link_is_replaced_on_demand(client):
    log_in(client, "administrator")
    person = builders.user()
    address = reverse("admin:shared_user_invite", args=(person.pk,))
    assert not LINK.findall(client.get(address).content.decode())
    answer = client.post(address, follow=True)
    assert len(LINK.findall(answer.content.decode())) == 1
    person.is_active = False
    person.save()
    assert client.post(address).status_code == 404


@pytest.mark.parametrize("role", ["editor", "coordinator"])
def test_nobody_else_reaches_people(client, role):
    asking = log_in(client, role)
    other = builders.user(role="coordinator")
    for address in (
        reverse("admin:shared_user_changelist"),
        reverse("admin:shared_user_add"),
        change(asking),
        change(other),
        reverse("admin:shared_user_invite", args=(other.pk,)),
    ):
        assert client.get(address).status_code in {403, 404}
        assert client.post(address, person_data(other, role="administrator")).status_code in {
            403,
            404,
        }
    assert not User.objects.filter(role="administrator").exists()


def test_a_forged_field_changes_nothing(client):
    log_in(client, "administrator")
    person = builders.user()
    before = User.objects.get(pk=person.pk)
    data = person_data(person, password="forged", last_login_0="1.1.2020", date_joined_0="1.1.2020")
    assert client.post(change(person), data).status_code == 302
    after = User.objects.get(pk=person.pk)
    assert (after.password, after.last_login, after.date_joined) == (
        before.password,
        before.last_login,
        before.date_joined,
    )


@pytest.mark.parametrize("changes", [{"role": "editor"}, {"is_active": ""}])
def test_nobody_lowers_or_disables_themself(client, changes):
    asking = log_in(client, "administrator")
    builders.administrator()
    answer = client.post(change(asking), person_data(asking, **changes))
    assert answer.status_code == 200
    assert answer.context["adminform"].form.non_field_errors()
    asking.refresh_from_db()
    assert (asking.role, asking.is_active) == ("administrator", True)
    assert client.post(change(asking), person_data(asking, display_name="אחרת")).status_code == 302


@pytest.mark.parametrize("changes", [{"role": "editor"}, {"is_active": ""}])
def test_another_administrator_can_be_lowered(client, changes):
    log_in(client, "administrator")
    other = builders.administrator()
    assert client.post(change(other), person_data(other, **changes)).status_code == 302
    other.refresh_from_db()
    assert (other.role, other.is_active) != ("administrator", True)


def test_the_last_active_administrator_stays(client, rf):
    """The one who asks was disabled in between: then the other is the last."""
    asking = log_in(client, "administrator")
    last = builders.administrator()
    answer = client.get(change(last))
    form = answer.context["adminform"].form
    User.objects.filter(pk=asking.pk).update(is_active=False)
    bound = type(form)(person_data(last, role="editor"), instance=last)
    assert not bound.is_valid()
    assert bound.non_field_errors()


def test_people_are_not_deleted(client):
    log_in(client, "administrator")
    person = builders.user()
    address = reverse("admin:shared_user_delete", args=(person.pk,))
    assert client.post(address, {"post": "yes"}).status_code == 404
    chosen = {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"}
    client.post(reverse("admin:shared_user_changelist"), chosen)
    assert User.objects.filter(pk=person.pk).exists()


def test_two_people_cannot_share_an_address(client):
    log_in(client, "administrator")
    builders.user(email="one@example.org")
    data = {"display_name": "שני", "email": "ONE@example.org", "role": "editor"}
    answer = client.post(reverse("admin:shared_user_add"), data)
    assert answer.context["adminform"].form.errors
