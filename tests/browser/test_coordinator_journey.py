"""A coordinator's way: log in on a phone, tell something with a photo, see it in public."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import builders
from tests.browser.conftest import PHONE
from tests.conftest import Person, PortalServer


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "planting.jpg"
    path.write_bytes(builders.image_bytes(1200, 800))
    return path


def log_in(page: Page, person: Person) -> None:
    page.goto("/accounts/login/")
    page.locator("input[name=username]").fill(person.email)
    page.locator("input[name=password]").fill(person.password)
    page.locator("main form .button").click()
    expect(page).to_have_url("/desk/")


def own_forum_links(page: Page) -> list[str]:
    links = page.locator(".desk-forum a.button").all()
    return [link.get_attribute("href") or "" for link in links]


def press(page: Page, action: str) -> None:
    page.locator(f"button[name=action][value={action}]:visible").last.click()


@pytest.mark.parametrize("script", [True, False])
def test_coordinator_publishes_on_a_phone(
    open_page: Callable[..., Page], portal_server: PortalServer, photo: Path, script: bool
) -> None:
    page = open_page(**PHONE, java_script_enabled=script)
    title = f"נטענו מאה עצים {'עם' if script else 'בלי'} סקריפט"
    log_in(page, portal_server.people["coordinator"])
    page.locator(".desk-forum a.button").click()
    page.locator("#id_title").fill(title)
    page.locator("#id_body").fill("## מה עשינו\n\n- נטענו עצים\n- שתינו תה")
    page.locator("#id_photos-0-file").set_input_files(photo)
    press(page, "publish")

    # The picture was not described: nothing is lost, the photo need not be chosen again.
    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.locator("#id_title")).to_have_value(title)
    expect(page.locator(".desk-row__photo img")).to_be_visible()
    page.locator("#id_photos-0-alt").fill("ילדים נוטעים עצים בשדה")
    press(page, "publish")

    expect(page).to_have_url("/desk/")
    expect(page.locator(".message--success")).to_be_visible()
    page.locator(".desk-item", has_text=title).get_by_role("link", name="באתר").click()
    address = page.url

    visitor = open_page(**PHONE, java_script_enabled=script)
    visitor.goto(address)
    expect(visitor.locator("h1")).to_have_text(title)
    expect(visitor.locator("main h2", has_text="מה עשינו")).to_be_visible()
    picture = visitor.get_by_alt_text("ילדים נוטעים עצים בשדה").first
    picture.scroll_into_view_if_needed()
    loaded = visitor.request.get(_source(picture))
    assert loaded.ok
    assert loaded.headers["content-type"] in {"image/webp", "image/jpeg"}
    if script:
        visitor.wait_for_function(
            "image => image.complete && image.naturalWidth > 0", arg=picture.element_handle()
        )

    # Taken back, the public no longer finds it.
    page.goto("/desk/")
    page.locator(".desk-item", has_text=title).locator("a[href$='/withdraw/']").click()
    page.locator("button[name=to][value=draft]").click()
    expect(page.locator(".message--success")).to_be_visible()
    assert visitor.request.get(address).status == 404
    assert visitor.request.get(_source(picture)).status == 404


def _source(picture: Any) -> str:
    return str(picture.get_attribute("src"))


def test_coordinator_cannot_touch_another_forum(
    open_page: Callable[..., Page], portal_server: PortalServer
) -> None:
    own, other = open_page(), open_page()
    log_in(own, portal_server.people["coordinator"])
    log_in(other, portal_server.people["coordinator-2"])
    foreign = own_forum_links(other)[0]
    assert foreign not in own_forum_links(own)
    other.goto(foreign)
    other.locator("#id_title").fill("של הפורום האחר")
    press(other, "save")
    edit = other.locator(".desk-item__title a", has_text="של הפורום האחר").get_attribute("href")

    own.goto("/desk/")
    expect(own.get_by_text("של הפורום האחר")).to_have_count(0)
    for address in (foreign, edit, f"{edit}withdraw/"):
        response = own.goto(str(address))
        assert response is not None
        assert response.status == 404
        expect(own.get_by_text("של הפורום האחר")).to_have_count(0)
    response = own.goto("/admin/")
    assert response is not None
    assert response.status == 403


def test_enter_in_a_field_does_not_publish(page: Page, portal_server: PortalServer) -> None:
    log_in(page, portal_server.people["coordinator"])
    page.locator(".desk-forum a.button").click()
    page.locator("#id_title").fill("רק טיוטה")
    page.locator("#id_title").press("Enter")
    expect(page).to_have_url("/desk/")
    expect(
        page.locator(".desk-item", has_text="רק טיוטה").locator(".desk-status--draft")
    ).to_be_visible()
