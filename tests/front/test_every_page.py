"""What holds for every public page, whatever it shows."""

import re
from itertools import pairwise
from urllib.parse import quote, urldefrag

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from forums.models import ForumUpdate
from tests import builders as b
from tests.pages import OVERRIDES, PageReader, read, whole_site

pytestmark = pytest.mark.django_db

GATHERING = {"/", "/sitemap/"}


def queries_of(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200, path
    return len(queries)


def test_head_of_every_page_tells_what_it_is(client: Client) -> None:
    titles = {}
    for path in whole_site():
        page = read(client, path)
        titles[path] = page.title
        description = page.attribute("meta", "name", "description", "content")
        assert description, path
        assert page.attribute("link", "rel", "canonical", "href") == settings.SITE_URL + path
        assert page.attribute("meta", "property", "og:url", "content") == settings.SITE_URL + path
        assert page.attribute("meta", "property", "og:title", "content"), path
        assert page.attribute("meta", "property", "og:description", "content") == description, path
        assert "אשכול לבדיקה" in page.title, path
    assert len(set(titles.values())) == len(titles), titles


def test_headings_begin_with_one_h1_and_skip_no_level(client: Client) -> None:
    for path in whole_site():
        headings = read(client, path).headings
        assert headings[0] == 1, path
        assert headings.count(1) == 1, path
        steps = [after - before for before, after in pairwise(headings)]
        assert max(steps, default=0) <= 1, (path, headings)


def test_landmarks_breadcrumbs_and_ids(client: Client) -> None:
    for path in whole_site():
        page = read(client, path)
        tags = [tag for tag, _attributes in page.tags]
        assert [tags.count(tag) for tag in ("main", "footer", "h1")] == [1, 1, 1], path
        assert len(page.ids) == len(set(page.ids)), path
        assert ('class="breadcrumbs"' in client.get(path).content.decode()) == (path != "/"), path
        for _tag, attributes in page.tags:
            if labelled := attributes.get("aria-labelledby"):
                assert set(labelled.split()) <= set(page.ids), (path, labelled)


def test_nothing_turns_the_text_and_nothing_is_inline(client: Client) -> None:
    for path in whole_site():
        html = client.get(path).content.decode()
        assert not set(OVERRIDES) & set(html), path
        assert not re.search(r"<script(?![^>]* src=)|<style|\sstyle=|\son\w+=", html), path


def test_no_english_is_left(client: Client) -> None:
    """Latin runs are names, addresses and what a builder wrote; no page speaks English."""
    for path in whole_site():
        html = client.get(path).content.decode()
        html = re.sub(r"<(title|desc)\b", "<span", html)
        text = PageReader(re.sub(r'<[^>]*(lang="en"|dir="ltr")[^>]*>[^<]*<', "<", html)).text
        assert not re.findall(r"[A-Za-z]{3,}(?: [A-Za-z]+)+", text), path


def test_query_budget_does_not_grow_with_rows(client: Client) -> None:
    paths = whole_site(updates=5)
    few = {path: queries_of(client, path) for path in paths}
    assert {path: n for path, n in few.items() if n > (10 if path in GATHERING else 6)} == {}
    update = ForumUpdate.objects.latest("pk")
    council = update.municipalities.get()
    more = ForumUpdate.objects.bulk_create(
        ForumUpdate(
            forum=update.forum,
            title=f"עוד {n}",
            body="<p>עוד</p>",
            state="published",
            publish_at=b.PUBLISHED_AT,
        )
        for n in range(495)
    )
    council.updates.add(*more)
    for _n in range(30):
        b.event(municipality=council, forum=update.forum)
        b.initiative(forum=update.forum, municipalities=[council])
    assert {path: queries_of(client, path) for path in paths} == few


def test_visitor_gets_no_cookie_and_one_answer_for_all(client: Client) -> None:
    for path in whole_site():
        response = client.get(path)
        assert not response.cookies, path
        assert "Cookie" not in response.headers.get("Vary", ""), path
        assert response.headers["Cache-Control"] == "no-cache", path


def test_page_is_the_same_for_staff(client: Client) -> None:
    paths = whole_site()
    staff = Client()
    staff.force_login(b.administrator())
    for path in paths:
        theirs = staff.get(path)
        assert theirs.content == client.get(path).content, path
        assert "Cookie" not in theirs.headers.get("Vary", ""), path


def test_unchanged_page_is_not_sent_again(client: Client) -> None:
    for path in whole_site():
        for coding in ("", "gzip", "br"):
            first = client.get(path, headers={"accept-encoding": coding})
            again = client.get(
                path, headers={"accept-encoding": coding, "if-none-match": first.headers["ETag"]}
            )
            assert (again.status_code, again.content) == (304, b""), (path, coding)
            assert "Accept-Encoding" in again.headers["Vary"], (path, coding)


def test_changed_page_is_sent_again(client: Client) -> None:
    update = b.forum_update()
    etag = client.get(update.get_absolute_url()).headers["ETag"]
    ForumUpdate.objects.update(title="כותרת אחרת")
    again = client.get(update.get_absolute_url(), headers={"if-none-match": etag})
    assert again.status_code == 200


def test_security_headers(client: Client) -> None:
    for path in [*whole_site(), "/robots.txt", "/sitemap.xml", "/no-such-page/"]:
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';"), path
        assert "unsafe" not in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["Referrer-Policy"] == "same-origin", path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert "camera=()" in headers["Permissions-Policy"], path


def test_methods(client: Client) -> None:
    for path in [*whole_site(), "/robots.txt", "/sitemap.xml", "/livez", "/readyz"]:
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b""), path
        for method in ("post", "put", "patch", "delete", "options"):
            response = getattr(client, method)(path)
            assert response.status_code == 405, (path, method)
            assert response.headers["Allow"] == "GET, HEAD", (path, method)


HOSTILE = [
    "%00",
    "%ff%fe%c0%af",
    "%ed%a0%80",
    "a" * 10_000,
    "1" * 40,
    "-1",
    "0",
    "1e9",
    "%D9%A3",
    "²",
    "9" * 5000,
    quote("‮abc"),
    "../../etc/passwd",
    "<script>",
]


def test_hostile_query_never_breaks_a_page(client: Client) -> None:
    paths = whole_site()
    for value in HOSTILE:
        for path in paths:
            response = client.get(f"{path}?page={value}&year={value}&x%00={value}")
            assert response.status_code in {200, 404}, (path, value[:40])
            assert not set(OVERRIDES) & set(response.content.decode()), (path, value[:40])


@pytest.mark.parametrize("word", ["a%00b", "%ff", "a" * 10_000, "..%2f", "%D7%90", "1" * 30])
def test_hostile_path_is_not_found(client: Client, word: str) -> None:
    for path in ("/members/{}/", "/forums/{}/", "/events/{}/", "/updates/{}/", "/{}/"):
        assert client.get(path.format(word)).status_code == 404, path
    for path in ("/forums/x/updates/{}/", "/incubator/initiatives/{}/", "/media/documents/{}/x"):
        assert client.get(path.format(word)).status_code == 404, path


def test_no_link_is_dead(client: Client) -> None:
    paths = set(whole_site())
    outside = {"/contact/", "/incubator/propose/", "/desk/"}
    anchors: dict[str, set[str]] = {}
    seen: set[str] = set()
    queue = list(paths)
    while queue:
        path = queue.pop()
        if path in seen:
            continue
        seen.add(path)
        response = client.get(path)
        assert response.status_code == 200, path
        if not response.headers["Content-Type"].startswith("text/html"):
            b"".join(response.streaming_content)  # type: ignore[attr-defined]
            continue
        page = PageReader(response.content.decode())
        anchors[path] = set(page.ids)
        for href in page.links():
            address, fragment = urldefrag(href)
            if not href.startswith(("/", "#", "?")) or address in outside:
                continue
            target = address if address.startswith("/") else path.partition("?")[0] + address
            queue.append(target)
            if fragment and (target or path) in anchors:
                assert fragment in anchors[target or path], (path, href)
    assert len(seen) >= len(paths)
