"""An editor's way: change a goal in the admin, see it on the site; and the admin's own scripts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests import builders
from tests.browser.conftest import PHONE
from tests.conftest import Person, PortalServer


def enter(page: Page, person: Person) -> None:
    """Log in through the page to which the admin sends whoever is not."""
    page.goto("/admin/")
    page.locator("input[name=username]").fill(person.email)
    page.locator("input[name=password]").fill(person.password)
    page.locator("main form .button").click()
    expect(page).to_have_url("/admin/")


def save(page: Page) -> None:
    page.locator("input[name=_save]").click()
    expect(page.locator(".messagelist .success")).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_editor_changes_a_goal_and_sees_it_on_the_site(
    open_page: Callable[..., Page], portal_server: PortalServer, script: bool
) -> None:
    page = open_page(java_script_enabled=script)
    enter(page, portal_server.people["editor"])
    page.locator("#content-main a[href='/admin/members/goal/']").first.click()
    page.locator("#result_list tbody th a").first.click()
    text = page.locator("#id_text")
    before = text.input_value()
    after = f"{before} וגם משפט שנוסף {'עם' if script else 'בלי'} סקריפט."
    text.fill(after)
    save(page)

    visitor = open_page()
    visitor.goto("/goals/")
    expect(visitor.locator("main")).to_contain_text(after.split("\n")[-1])

    # And takes it back: what the other tests read is the content as it was loaded.
    page.locator("#result_list tbody th a").first.click()
    page.locator("#id_text").fill(before)
    save(page)
    visitor.reload()
    expect(visitor.locator("main")).not_to_contain_text("וגם משפט שנוסף")


def test_editor_goes_from_the_form_straight_to_the_page(
    page: Page, portal_server: PortalServer
) -> None:
    enter(page, portal_server.people["editor"])
    page.goto("/admin/events/event/")
    page.locator("#result_list tbody th a").first.click()
    page.locator("a.viewsitelink").click()
    expect(page).to_have_url(re.compile(r"/events/[\w-]+/$"))


def test_widgets_work_under_the_strict_policy(
    open_page: Callable[..., Page], portal_server: PortalServer
) -> None:
    """Calendar, clock, search box, new inline row, filter and menu, with no violation."""
    page = open_page(timezone_id="Asia/Jerusalem")
    enter(page, portal_server.people["editor"])
    page.goto("/admin/events/event/add/")
    page.locator("#calendarlink0").click()
    page.locator("#calendarin0 td a", has_text=re.compile("^15$")).click()
    expect(page.locator("#id_starts_at_0")).to_have_value(re.compile(r"^15\.\d\d\.\d{4}$"))
    page.locator("#clocklink0").click()
    page.locator("#clockbox0 .timelist a").nth(2).click()
    expect(page.locator("#id_starts_at_1")).to_have_value("06:00")

    page.locator(".field-source .select2-selection").click()
    page.locator(".select2-search__field").fill("למ")
    page.locator(".select2-results__option--highlighted").click()
    expect(page.locator("#id_source")).not_to_have_value("")

    page.locator("#topics-group .add-row a").click()
    expect(page.locator("#id_topics-1-title")).to_be_visible()

    page.locator("#toggle-nav-sidebar").click()
    page.goto("/admin/events/event/")
    page.locator("#changelist-filter a[href*='state__exact=published']").click()
    expect(page.locator("#result_list tbody tr")).not_to_have_count(0)


def test_editor_uploads_a_photo_with_an_update(
    page: Page, portal_server: PortalServer, tmp_path: Path
) -> None:
    picture = tmp_path / "bridge.jpg"
    picture.write_bytes(builders.image_bytes(1000, 700))
    enter(page, portal_server.people["editor"])
    page.goto("/admin/forums/forumupdate/add/")
    page.locator("#id_forum").select_option(index=1)
    page.locator("#id_title").fill("עדכון של המערכת עם תמונה")
    page.locator("#id_body").fill("פסקה ראשונה.")
    page.locator("#photo_links-0 summary").click()
    page.locator("#id_photo_links-0-new_file").set_input_files(picture)
    page.locator("#id_photo_links-0-new_alt").fill("גשר מעל הנחל")
    page.locator("#id_photo_links-0-new_credit").fill("צילום לבדיקה")
    page.locator("input[name=_continue]").click()
    expect(page.locator("#photo_links-0 img.thumbnail")).to_be_visible()
    expect(page.locator("a.viewsitelink")).to_have_count(0)  # a draft has no page to see

    # It goes again: what the other tests read is the content as it was loaded.
    page.locator("a.deletelink").first.click()
    page.locator("form input[type=submit]").last.click()
    expect(page.locator(".messagelist .success")).to_be_visible()


def test_admin_fits_a_phone(open_page: Callable[..., Page], portal_server: PortalServer) -> None:
    page = open_page(**PHONE)
    enter(page, portal_server.people["editor"])
    for path in (
        "/admin/",
        "/admin/members/goal/",
        "/admin/members/goal/order/",
        "/admin/members/municipality/1/change/",
        "/admin/forums/forumupdate/add/",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
