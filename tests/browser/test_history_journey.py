"""Two editors meet on one form; an older text and a deleted thing come back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE
from tests.browser.test_editor_journey import enter, save
from tests.conftest import PortalServer


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def add_source(page: Page, title: str) -> str:
    """Add a thing of one's own, and return the address of its form."""
    page.goto("/admin/shared/source/add/")
    page.locator("#id_title").fill(title)
    page.locator("#id_publisher").fill("לבדיקה")
    page.locator("input[name=_continue]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()
    return page.url


@pytest.mark.parametrize("script", [True, False])
def test_two_editors_meet_and_nothing_is_lost(
    open_page: Callable[..., Page], portal_server: PortalServer, script: bool
) -> None:
    first = open_page(java_script_enabled=script)
    second = open_page(java_script_enabled=script, **PHONE)
    enter(first, portal_server.people["editor"])
    enter(second, portal_server.people["administrator"])
    title = f"מקור שנפגשו בו {script}"
    form = add_source(first, title)
    second.goto(form)
    if script:
        # Who else is there is told while one writes; without script, when the page is opened.
        expect(second.locator("[data-presence]")).to_contain_text("עורך")
    first.locator("#id_publisher").fill("הנוסח של הראשונה")
    save(first)

    second.locator("#id_publisher").fill("הנוסח של השני")
    second.locator("input[name=_save]").click()
    conflict = second.locator(".conflict")
    expect(conflict).to_contain_text("הנוסח של הראשונה")
    expect(conflict).to_contain_text("הנוסח של השני")
    expect(second.locator("#id_publisher")).to_have_value("הנוסח של השני")
    assert fits(second)
    save(second)

    # Two clicks from the history: the link, and the button of the page that shows what changes.
    first.goto(form.replace("change", "history"))
    first.locator(".version-links a", has_text="שחזור").first.click()
    expect(first.locator("ins")).to_contain_text("הראשונה")
    first.locator(".submit-row input[type=submit]").click()
    expect(first.locator("#id_publisher")).to_have_value("הנוסח של הראשונה")

    # Deleted, found in the bin, and back.
    first.locator(".deletelink").click()
    first.locator("#content input[type=submit]").click()
    first.goto("/admin/bin/")
    line = first.locator(".version-line", has_text=title)
    expect(line).to_be_visible()
    second.goto("/admin/bin/")
    assert fits(second)
    line.locator("a", has_text="שחזור").click()
    first.locator(".submit-row input[type=submit]").click()
    expect(first.locator("#id_title")).to_have_value(title)
    assert first.url == form
