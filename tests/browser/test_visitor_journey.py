"""A visitor's way: from home to Rahat's page, an initiative proposed, its number followed."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cluster_portal.shared.forms import QUICKEST_SECONDS
from tests import builders
from tests.browser.conftest import DESKTOP, PHONE
from tests.conftest import PortalServer

WAYS = [
    pytest.param(window, script, id=f"{name}-{'script' if script else 'no-script'}")
    for name, window in (("desktop", DESKTOP), ("phone", PHONE))
    for script in (True, False)
]
REFERENCE = re.compile(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}")


def choose(page: Page, label: str) -> None:
    """Follow a link of the main menu, which a phone keeps behind a button."""
    button = page.locator(".menu-button")
    if button.is_visible():
        button.click()
    page.locator("#menu").get_by_role("link", name=label, exact=True).click()


@pytest.mark.parametrize(("window", "script"), WAYS)
def test_visitor_finds_rahat_and_proposes_an_initiative(
    open_page: Callable[..., Page],
    portal_server: PortalServer,
    window: dict[str, Any],
    script: bool,
) -> None:
    page = open_page(**window, java_script_enabled=script)
    page.goto("/")
    page.locator("main").get_by_role("link", name="רהט", exact=True).click()
    expect(page).to_have_url("/members/rahat/")
    expect(page.locator("h1")).to_have_text("עיריית רהט")

    choose(page, "החממה")
    page.locator("main a[href='/incubator/propose/']").first.click()
    expect(page).to_have_url("/incubator/propose/")
    page.locator("#id_title").fill("גינה קהילתית משותפת")
    page.get_by_label("רהט", exact=True).check()
    page.locator("#id_description").fill("גינה אחת לשתי שכונות.\n\nמה דרוש: שטח ומים.")
    page.locator("#id_attachment").set_input_files(
        {"name": "תוכנית.jpg", "mimeType": "image/jpeg", "buffer": builders.image_bytes(600, 400)}
    )
    page.locator("#id_contact_name").fill("סמיר אבו רביעה")
    page.locator("#id_contact_email").fill("not-an-address@x")
    page.wait_for_timeout((QUICKEST_SECONDS + 0.2) * 1000)
    page.locator("main form [type=submit]").click()

    # The address is no address: said on top and beside the field, with all that was typed there.
    summary = page.locator(".error-summary")
    expect(summary).to_be_visible()
    expect(page.locator("#id_contact_email")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#id_title")).to_have_value("גינה קהילתית משותפת")
    expect(page.locator("#id_description")).to_have_value(re.compile("מה דרוש: שטח ומים"))
    expect(page.get_by_label("רהט", exact=True)).to_be_checked()
    summary.locator("a[href='#id_contact_email']").click()
    page.locator("#id_contact_email").fill("samir@example.org")
    page.wait_for_timeout((QUICKEST_SECONDS + 0.2) * 1000)
    page.locator("main form [type=submit]").click()

    expect(page).to_have_url(re.compile("/submissions/"))
    expect(page.locator("main")).to_contain_text(REFERENCE)
    found = REFERENCE.search(page.locator("main").inner_text())
    assert found
    # Nothing of what was typed is shown to whoever knows the number.
    expect(page.locator("body")).not_to_contain_text("סמיר")

    # Another day, another browser: only the number is known, typed as people type.
    later = open_page(**window, java_script_enabled=script)
    later.goto("/contact/")
    later.locator("main a[href='/submissions/']").first.click()
    later.locator("#id_reference").fill(f" {found[0].lower().replace('-', ' ')} ")
    later.locator("main form [type=submit]").click()
    expect(later).to_have_url(f"/submissions/{found[0]}/")
    expect(later.locator("h1")).to_have_text("ההצעה התקבלה")


def test_visitor_finds_the_way_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    link = page.locator("main").get_by_role("link", name="רהט", exact=True)
    for _step in range(40):
        page.keyboard.press("Tab")
        if link.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page).to_have_url("/members/rahat/")
