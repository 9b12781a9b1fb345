from datetime import timedelta

import pytest
import time_machine
from django.http import HttpRequest
from django.test import RequestFactory
from django.utils import timezone

from cluster_portal.shared.limits import client_address, client_key, is_over_limit
from cluster_portal.shared.models import ContactMessage, RateLimitHit
from tests import public_forms


def request_from(address: str, forwarded: str = "") -> HttpRequest:
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    return RequestFactory().get("/", REMOTE_ADDR=address, headers=headers)


@pytest.mark.parametrize(
    ("address", "forwarded", "expected"),
    [
        ("203.0.113.5", "", "203.0.113.5"),
        ("203.0.113.5", "198.51.100.7", "203.0.113.5"),
        ("10.0.0.2", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.2", "6.6.6.6, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.2", "6.6.6.6, 198.51.100.7, 10.0.0.3", "198.51.100.7"),
        ("10.0.0.2", "nonsense", "10.0.0.2"),
        ("10.0.0.2", "2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.5", "198.51.100.7", "203.0.113.5"),
        ("::ffff:10.0.0.2", "::ffff:198.51.100.7", "198.51.100.7"),
    ],
)
def test_only_our_own_proxies_say_who_asks(settings, address, forwarded, expected):
    settings.TRUSTED_PROXIES = ["10.0.0.0/24"]
    assert client_address(request_from(address, forwarded)) == expected


def test_address_itself_is_not_kept(settings):
    key = client_key(request_from("203.0.113.5"))
    settings.SECRET_KEY = "another-key-" * 5
    assert "203.0.113" not in key
    assert client_key(request_from("203.0.113.5")) != key


def test_household_with_many_ipv6_addresses_is_one_client():
    first = client_key(request_from("2001:db8:1:2::1"))
    assert client_key(request_from("2001:db8:1:2:ffff::9")) == first
    assert client_key(request_from("2001:db8:1:3::1")) != first


@pytest.mark.django_db
def test_limit_falls_away_with_time():
    request = request_from("203.0.113.5")
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        assert [is_over_limit(request, "thing", 2) for _ in range(3)] == [False, False, True]
        assert not is_over_limit(request, "another", 2)
        assert not is_over_limit(request_from("203.0.113.6"), "thing", 2)
        clock.shift(timedelta(minutes=61))
        assert not is_over_limit(request, "thing", 2)
    assert RateLimitHit.objects.filter(scope="thing").count() == 2


@pytest.mark.django_db
def test_too_many_forms_are_told_so_and_lose_nothing(client, settings):
    settings.SUBMISSIONS_PER_HOUR = 2
    for number in range(2):
        data = public_forms.message(subject=f"הודעה {number}")
        assert client.post("/contact/", data).status_code == 302
    response = client.post("/contact/", public_forms.message(subject="אחת יותר מדי"))
    assert response.status_code == 429
    assert response.context["form"].non_field_errors()
    assert "אחת יותר מדי" in response.content.decode()
    assert ContactMessage.objects.count() == 2


@pytest.mark.django_db
def test_form_sent_twice_counts_once_and_reading_counts_nothing(client, settings):
    settings.SUBMISSIONS_PER_HOUR = 1
    data = public_forms.message()
    first = client.post("/contact/", data)
    for _ in range(3):
        assert client.post("/contact/", data).url == first.url
        assert client.get("/contact/").status_code == 200
    assert RateLimitHit.objects.count() == 1
