from django.conf import settings
from django.test import Client


def test_robots_are_kept_from_what_is_not_public(client: Client) -> None:
    response = client.get("/robots.txt")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.content.decode().splitlines() == [
        "User-agent: *",
        "Disallow: /accounts/",
        "Disallow: /admin/",
        "Disallow: /desk/",
        "Disallow: /preview/",
        "Disallow: /submissions/",
        "",
        f"Sitemap: {settings.SITE_URL}/sitemap.xml",
    ]
