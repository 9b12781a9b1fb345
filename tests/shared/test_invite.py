"""manage.py invite: the way in for everybody, the first administrator included."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from cluster_portal.shared.models import OutboxMessage, User
from cluster_portal.shared.policy import Role
from forums.models import Coordinator, Forum
from tests import builders

pytestmark = pytest.mark.django_db
ADDRESS = "new@example.org"


def invite(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command("invite", *arguments, stdout=out, **options)
    return out.getvalue()


def test_first_account_is_an_administrator_and_the_next_a_coordinator() -> None:
    invite("First@Example.org")
    invite("second@example.org")
    assert [(u.email, u.role) for u in User.objects.order_by("pk")] == [
        ("first@example.org", Role.ADMINISTRATOR),
        ("second@example.org", Role.COORDINATOR),
    ]
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_link_is_printed_and_sent_and_works(client: Client) -> None:
    forum = builders.forum(name="פורום חינוך")
    out = invite(ADDRESS, "--role", "coordinator", "--name", "נועה", "--forum", forum.slug)
    link = out.strip().splitlines()[-1]
    letter = OutboxMessage.objects.get()
    assert letter.to == ADDRESS
    assert link in letter.text
    assert link in letter.html
    assert "פורום חינוך" in letter.text
    assert 'dir="rtl"' in letter.html
    assert client.get(link.removeprefix("http://127.0.0.1:8000")).status_code == 200
    user = User.objects.get()
    assert (user.display_name, user.role) == ("נועה", Role.COORDINATOR)
    assert list(Forum.objects.coordinated_by(user)) == [forum]


@pytest.mark.parametrize(
    "arguments",
    [
        (ADDRESS, "--role", "superuser"),
        ("not-an-address",),
        ("",),
        ("a\x00b",),
        ("a" * 300 + "@example.org",),
        (ADDRESS, "--forum", "no-such-forum"),
    ],
)
def test_nonsense_is_refused_and_nothing_made(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        invite(*arguments)
    assert not User.objects.exists()
    assert not OutboxMessage.objects.exists()


def test_who_has_a_password_needs_again() -> None:
    user = builders.user(Role.EDITOR)
    with pytest.raises(CommandError, match="--again"):
        invite(user.email)
    assert "set-password" in invite(user.email.upper(), "--again")
    user.refresh_from_db()
    assert (user.role, user.has_usable_password()) == (Role.EDITOR, True)


def test_disabled_account_is_refused() -> None:
    user = builders.user(is_active=False)
    with pytest.raises(CommandError, match="switched off"):
        invite(user.email, "--again")


def test_inviting_again_makes_no_second_account() -> None:
    forum = builders.forum()
    invite(ADDRESS, "--role", "coordinator", "--forum", forum.slug)
    invite(ADDRESS, "--role", "editor", "--forum", forum.slug)
    assert User.objects.get().role == Role.EDITOR
    assert Coordinator.objects.count() == 1
