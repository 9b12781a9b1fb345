"""Logging in and out, the throttle, one-time links and passwords."""

import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from cluster_portal.shared.accounts import invitation_link
from cluster_portal.shared.models import User
from cluster_portal.shared.policy import Role
from tests import builders

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/login/"
NEW = "חיטה-זהובה-בשדה-1948"


@pytest.fixture
def throttle(settings: Settings) -> None:
    settings.AXES_ENABLED = True


def log_in(client: Client, user: User, password: str = builders.PASSWORD, **kw: Any) -> Any:
    return client.post(LOGIN, {"username": user.email, "password": password, **kw})


def text_of(response: Any) -> str:
    return str(response.content.decode())


def is_logged_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("role", Role.values)
def test_everybody_is_led_to_where_they_work(client: Client, role: str) -> None:
    answer = log_in(client, builders.user(role))
    assert answer["Location"] == reverse("after_login")
    target = reverse("forums:desk_home" if role == Role.COORDINATOR else "admin:index")
    assert client.get(answer["Location"])["Location"] == target


def test_address_is_taken_in_any_case(client: Client) -> None:
    user = builders.user(email="name@example.org")
    answer = client.post(LOGIN, {"username": " NAME@Example.ORG ", "password": builders.PASSWORD})
    assert answer.status_code == 302
    assert client.session["_auth_user_id"] == str(user.pk)


@pytest.mark.parametrize("known", [True, False])
def test_wrong_answers_tell_nothing_of_who_exists(client: Client, known: bool) -> None:
    user = builders.user(email="known@example.org") if known else User(email="known@example.org")
    answer = log_in(client, user, "wrong")
    assert answer.status_code == 200
    assert not is_logged_in(client)
    assert 'value="known@example.org"' in text_of(answer)
    assert "wrong" not in text_of(answer)


def test_disabled_user_is_not_let_in(client: Client) -> None:
    log_in(client, builders.user(is_active=False))
    assert not is_logged_in(client)


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/desk/", "/desk/"),
        ("/members/?a=b", "/members/?a=b"),
        ("https://evil.example/", "/accounts/welcome/"),
        ("//evil.example/", "/accounts/welcome/"),
        ("/\\evil.example/", "/accounts/welcome/"),
        ("javascript:alert(1)", "/accounts/welcome/"),
        ("http:///evil.example", "/accounts/welcome/"),
        ("/" + "a" * 10_000, "/accounts/welcome/"),
        ("/\x00\r\nSet-Cookie: a=b", None),
        ("somewhere", "/accounts/welcome/"),
        ("front:home", "/accounts/welcome/"),
        ("login", "/accounts/welcome/"),
    ],
)
def test_next_leads_only_within_the_site(client: Client, asked: str, led: str | None) -> None:
    user = builders.user(Role.COORDINATOR)
    for sent in ("post", "get"):
        client.logout()
        if sent == "post":
            answer = log_in(client, user, next=asked)
        else:
            data = {"username": user.email, "password": builders.PASSWORD}
            answer = client.post(LOGIN, data, query_params={"next": asked})
        assert answer.status_code == 302
        assert "\n" not in answer["Location"]
        assert answer["Location"] == led or led is None
        assert answer["Location"].startswith("/")


def test_who_is_logged_in_may_log_in_as_somebody_else(client: Client) -> None:
    client.force_login(builders.user(Role.COORDINATOR))
    assert client.get(LOGIN).status_code == 302
    assert client.get(LOGIN, {"next": "/admin/"}).status_code == 200


def test_account_pages_are_kept_by_nobody(client: Client) -> None:
    user = builders.user()
    link = invitation_link(user).removeprefix("http://127.0.0.1:8000")
    answers = [client.get(LOGIN), client.get(link), client.post(LOGIN, {"username": "x"})]
    answers += [client.get("/accounts/password/"), client.get("/accounts/welcome/")]
    client.force_login(user)
    answers += [client.get("/accounts/password/"), client.get("/accounts/welcome/")]
    for answer in answers:
        assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("text", ["\x00", "א" * 10_000, "<script>", "a@" + "b" * 500 + ".org", ""])
def test_hostile_log_in_comes_back(client: Client, throttle: None, text: str) -> None:
    answer = client.post(LOGIN, {"username": text, "password": text, "next": text})
    assert answer.status_code == 200
    assert "<script>" not in text_of(answer).replace("<script src", "")


def test_csrf_failure_keeps_the_address() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = log_in(client, builders.user(email="typed@example.org"))
    assert answer.status_code == 403
    assert 'value="typed@example.org"' in text_of(answer)
    assert builders.PASSWORD not in text_of(answer)
    assert not is_logged_in(client)


def test_logging_out_takes_a_post(client: Client) -> None:
    client.force_login(builders.user())
    assert client.get("/accounts/logout/").status_code == 405
    assert is_logged_in(client)
    assert client.post("/accounts/logout/").status_code == 302
    assert not is_logged_in(client)


# The throttle


def test_fifth_wrong_try_locks_and_the_lock_ends(client: Client, throttle: None) -> None:
    user = builders.user(email="mayor@example.org")
    spellings = ["mayor@example.org", "MAYOR@example.org", " Mayor@Example.org"] * 2
    with time_machine.travel(timezone.now(), tick=False) as clock:
        codes = [
            client.post(LOGIN, {"username": name, "password": "no"}).status_code
            for name in spellings
        ]
        assert codes == [200, 200, 200, 200, 429, 429]
        locked = log_in(client, user)
        assert locked.status_code == 429
        assert locked["Retry-After"] == "900"
        assert "no-store" in locked["Cache-Control"]
        assert not is_logged_in(client)
        # Trying on does not prolong the lock.
        clock.shift(timedelta(minutes=14))
        assert log_in(client, user).status_code == 429
        clock.shift(timedelta(minutes=2))
        assert log_in(client, user).status_code == 302
        assert is_logged_in(client)


def test_lock_holds_one_user_at_one_address(client: Client, throttle: None) -> None:
    user, other = builders.user(), builders.user()
    for _ in range(5):
        log_in(client, user, "no")
    assert log_in(Client(), other).status_code == 302
    assert log_in(Client(REMOTE_ADDR="192.0.2.7"), user).status_code == 302
    assert log_in(Client(HTTP_X_FORWARDED_FOR="192.0.2.8"), user).status_code == 429


def test_household_with_many_addresses_has_no_more_tries(throttle: None) -> None:
    user = builders.user()
    for number in range(5):
        log_in(Client(REMOTE_ADDR=f"2001:db8:1:2::{number}"), user, "no")
    assert log_in(Client(REMOTE_ADDR="2001:db8:1:2::9"), user).status_code == 429
    assert log_in(Client(REMOTE_ADDR="2001:db8:1:3::9"), user).status_code == 302


def test_success_forgets_the_wrong_tries(client: Client, throttle: None) -> None:
    user = builders.user()
    for _ in range(2):
        for _ in range(4):
            assert log_in(client, user, "no").status_code == 200
        assert log_in(client, user).status_code == 302
        client.logout()


# One-time links


def path_of(link: str) -> str:
    return link.removeprefix("http://127.0.0.1:8000")


def set_password(client: Client, link: str, password: str = NEW, again: str | None = None) -> Any:
    data = {"new_password1": password, "new_password2": again or password}
    return client.post(path_of(link), data)


def test_link_sets_a_password_once(client: Client) -> None:
    user = builders.user(password=None)
    link = invitation_link(user)
    assert client.get(path_of(link)).status_code == 200
    assert client.get(path_of(link)).status_code == 200
    assert set_password(client, link)["Location"] == LOGIN
    assert not is_logged_in(client)
    assert client.get(path_of(link)).status_code == 404
    assert set_password(client, link, "אחרת-לגמרי-1234").status_code == 404
    assert log_in(client, user, NEW).status_code == 302


def test_link_ends_after_a_day(client: Client) -> None:
    user = builders.user(password=None)
    link = invitation_link(user)
    with time_machine.travel(time.time() + 23 * 3600 + 59 * 60):
        assert client.get(path_of(link)).status_code == 200
    with time_machine.travel(time.time() + 24 * 3600 + 60):
        assert client.get(path_of(link)).status_code == 404
        assert set_password(client, link).status_code == 404


def test_link_of_a_disabled_user_is_dead(client: Client) -> None:
    user = builders.user(password=None)
    link = invitation_link(user)
    user.is_active = False
    user.save()
    assert set_password(client, link).status_code == 404


@pytest.mark.parametrize(
    "uid", ["x", "AAAA", "MQ", "%00", "9" * 5000, "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk"]
)
def test_forged_links_are_dead(client: Client, uid: str) -> None:
    builders.user(password=None, pk=1)
    other = path_of(invitation_link(builders.user(password=None))).rstrip("/").split("/")[-1]
    for token in (other, "x", "a-b", "%00-%00"):
        answer = client.get(f"/accounts/set-password/{uid}/{token}/")
        assert answer.status_code == 404


@pytest.mark.parametrize("weak", ["short", "123456789012345", "administrator", "\x00" * 20])
def test_weak_passwords_are_refused(client: Client, weak: str) -> None:
    user = builders.user(password=None)
    assert set_password(client, invitation_link(user), weak).status_code == 200
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_two_different_passwords_are_refused(client: Client) -> None:
    user = builders.user(password=None)
    assert set_password(client, invitation_link(user), NEW, NEW + "x").status_code == 200


def test_changing_the_password_ends_other_sessions(client: Client) -> None:
    user = builders.user(Role.COORDINATOR)
    client.force_login(user)
    other = Client()
    other.force_login(user)
    data = {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}
    assert client.post("/accounts/password/", data).status_code == 200
    data["old_password"] = builders.PASSWORD
    assert client.post("/accounts/password/", data).status_code == 302
    assert client.get("/desk/").status_code == 200
    assert other.get("/desk/").status_code == 302


# The log


def test_log_tells_acts_and_no_personal_data(
    client: Client, throttle: None, caplog: pytest.LogCaptureFixture
) -> None:
    user = builders.user(password=None, email="private@example.org", display_name="שם פרטי")
    set_password(client, invitation_link(user))
    for _ in range(5):
        log_in(client, user, "wrong-secret")
    other = Client(REMOTE_ADDR="192.0.2.9")
    log_in(other, user, NEW)
    other.post("/accounts/logout/")
    lines = [r.getMessage() for r in caplog.records if r.name == "portal.security"]
    acts = [line.split(":")[0] for line in lines]
    # The signal of the lock is sent from within that of the fifth failure.
    failures = ["login failed"] * 4 + ["login locked", "login failed"]
    assert acts == ["password set", *failures, "login", "logout"]
    assert all("client=" in line for line in lines)
    for secret in ("private", "שם", "wrong", "192.0.2", "127.0.0", NEW):
        assert secret not in "".join(lines)
