"""Who is asking, and how often: limits without cookies, third parties or stored addresses."""

from datetime import timedelta
from hashlib import blake2b
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from cluster_portal.shared.models import RateLimitHit


def plain_address(text: str) -> str:
    """Return the address that `text` is, an IPv4 one never as the IPv6 one that stands for it.

    A socket for both kinds names every IPv4 client so. Raises ValueError for what is no address.
    """
    address = ip_address(text)
    return str(getattr(address, "ipv4_mapped", None) or address)


def is_trusted_proxy(address: str) -> bool:
    """Say whether `address` is one of our own proxies (TRUSTED_PROXIES: addresses or networks)."""
    try:
        client = ip_address(address)
    except ValueError:
        return False
    return any(client in ip_network(proxy, strict=False) for proxy in settings.TRUSTED_PROXIES)


def client_address(request: HttpRequest) -> str:
    """Return the address the request came from.

    X-Forwarded-For is read from its end, and only as far as our own proxies wrote it: whatever a
    client puts there itself is not believed.
    """
    address = plain_address(request.META.get("REMOTE_ADDR") or "127.0.0.1")
    forwarded = [part.strip() for part in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    while forwarded and is_trusted_proxy(address):
        candidate = forwarded.pop()
        try:
            address = plain_address(candidate)
        except ValueError:
            break
    return address


def client_network(request: HttpRequest) -> str:
    """Return what counts as one client: an IPv4 address, or the /64 that one IPv6 household has."""
    address = ip_address(client_address(request))
    if address.version == 6:
        address = ip_network(f"{address}/64", strict=False).network_address
    return str(address)


def client_key(request: HttpRequest) -> str:
    """Return a salted hash of the client's address; the address itself is never stored."""
    return blake2b(
        client_network(request).encode(), key=settings.SECRET_KEY.encode()[:64], digest_size=16
    ).hexdigest()


def is_over_limit(request: HttpRequest, scope: str, limit: int, minutes: int = 60) -> bool:
    """Count one use of `scope` by this client; say whether it exceeds `limit` in `minutes`."""
    client = client_key(request)
    since = timezone.now() - timedelta(minutes=minutes)
    RateLimitHit.objects.filter(scope=scope, client=client, at__lt=since).delete()
    if RateLimitHit.objects.filter(scope=scope, client=client, at__gte=since).count() >= limit:
        return True
    RateLimitHit.objects.create(scope=scope, client=client)
    return False
