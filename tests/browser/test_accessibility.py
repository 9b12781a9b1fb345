"""Every public kind of page, the forms and the error pages, judged by axe: no violation at all."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.browser.conftest import DESKTOP, PHONE
from tests.conftest import PortalServer

# Preloading would have axe fetch the style sheets anew; on every page that is most of its time.
OPTIONS = {"resultTypes": ["violations"], "preload": False}
PATHS = [
    "/",
    "/about/",
    "/members/",
    "/members/rahat/",
    "/goals/",
    "/related/",
    "/forums/",
    "/forums/education/",
    "/updates/?page=2",
    "/milestones/",
    "/incubator/",
    "/incubator/propose/",
    "/events/",
    "/events/launch-2013/",
    "/contact/",
    "/submissions/",
    "/accessibility/",
    "/privacy/",
    "/foi/",
    "/sitemap/",
    "/accounts/login/",
    # The error pages: no such page, no such reference number, too many parameters.
    "/no/such/page/",
    "/submissions/AAAA-AAAA-AAAA/",
    "/updates/?" + "&".join("a" * 1001),
]
# Pages of a single row, found through the list that links them.
FOLLOWED = [
    ("/updates/", ".update-item .card__title a"),
    ("/incubator/", "main a[href^='/incubator/initiatives/']"),
    ("/events/", "main a[href^='/events/sample-']"),
]
FORMS = ["/incubator/propose/", "/contact/", "/submissions/", "/accounts/login/"]


@pytest.fixture(scope="module", autouse=True)
def sample_rows(portal_server: PortalServer) -> Iterator[None]:
    """Updates with photos, initiatives and events, which the content does not have; gone after."""
    portal_server.manage("load_sample", "--size", "30")
    yield
    portal_server.manage("load_sample", "--clear")


def violations(page: Page, name: str) -> list[str]:
    """Return what axe finds on the page: which rule, how bad, and where."""
    found = Axe().run(page, options=OPTIONS).response["violations"]
    return [
        f"{name}: {one['id']} ({one['impact']}): {node['target']} {node['html'][:150]}"
        for one in found
        for node in one["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("window", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_page_has_a_violation(
    open_page: Callable[..., Page], window: dict[str, Any], scheme: str
) -> None:
    page = open_page(**window, color_scheme=scheme)
    found = []
    for path in PATHS:
        page.goto(path)
        found += violations(page, path[:60])
    for path, link in FOLLOWED:
        page.goto(path)
        page.locator(link).first.click()
        page.wait_for_url(lambda url, path=path: not url.endswith(path))
        found += violations(page, page.url)
    for path in FORMS:
        page.goto(path)
        # As a browser sends it that does not check by itself.
        page.locator("main form").first.evaluate("form => { form.noValidate = true; }")
        page.locator("main form [type=submit]").first.click()
        page.locator(".error-summary").wait_for()
        found += violations(page, f"{path} with errors")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_open_menu_has_no_violation(open_page: Callable[..., Page], scheme: str) -> None:
    page = open_page(**PHONE, color_scheme=scheme)
    page.goto("/")
    page.locator(".menu-button").click()
    page.locator("#menu .menu__link").first.wait_for()
    assert violations(page, "menu") == []
