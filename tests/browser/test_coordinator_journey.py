"""A coordinator's way: log in on a phone, tell something with a photo, see it in public."""

import re
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


def log_in_as_editor(page: Page, server: PortalServer) -> None:
    person = server.people["editor"]
    page.goto("/admin/")
    page.locator("input[name=username]").fill(person.email)
    page.locator("input[name=password]").fill(person.password)
    page.locator("main form .button").click()
    expect(page).to_have_url("/admin/")


# A forum whose updates an editor approves, and its coordinator.
UNTRUSTED = """
from cluster_portal.shared.models import User
from cluster_portal.shared.policy import Role
from forums.models import Coordinator, Forum
forum = Forum.objects.get(slug="welfare")
user = User.objects.create_user(
    "welfare@example.org", "only-for-this-test-7", role=Role.COORDINATOR, display_name="רכז/ת רווחה"
)
Coordinator.objects.create(forum=forum, user=user)
"""


@pytest.fixture(scope="module")
def reviewed(portal_server: PortalServer) -> Person:
    portal_server.manage("shell", "--no-imports", "-c", UNTRUSTED)
    return Person("welfare@example.org", builders.PASSWORD)


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


@pytest.mark.parametrize("script", [True, False])
def test_six_taps_from_log_in_to_a_published_update_with_a_photo(
    open_page: Callable[..., Page], portal_server: PortalServer, photo: Path, script: bool
) -> None:
    page = open_page(**PHONE, java_script_enabled=script)
    taps = 0

    def tap(what: Any) -> None:
        nonlocal taps
        what.tap()
        taps += 1

    person = portal_server.people["coordinator"]
    title = f"שש נגיעות {'עם' if script else 'בלי'} סקריפט"
    page.goto("/accounts/login/")
    page.locator("input[name=username]").fill(person.email)
    page.locator("input[name=password]").fill(person.password)
    tap(page.locator("main form .button"))
    expect(page).to_have_url("/desk/")
    tap(page.locator(".desk-forums--one a.button"))
    page.locator("#id_title").fill(title)
    page.locator("#id_body").fill("נפגשנו ודיברנו.")
    page.locator("#id_photos-0-file").set_input_files(photo)
    page.locator("#id_photos-0-alt").fill("אנשים סביב שולחן")
    tap(page.locator("button[value=publish]"))
    expect(page.locator(".message--success")).to_be_visible()
    assert taps <= 6

    visitor = open_page(**PHONE, java_script_enabled=script)
    visitor.goto("/forums/education/")
    expect(visitor.get_by_role("link", name=title).first).to_be_visible()


@pytest.mark.parametrize("script", [True, False])
def test_written_reviewed_mended_and_changed(
    open_page: Callable[..., Page],
    portal_server: PortalServer,
    reviewed: Person,
    photo: Path,
    script: bool,
) -> None:
    page = open_page(**PHONE, java_script_enabled=script)
    desk = open_page(java_script_enabled=script)
    visitor = open_page(**PHONE, java_script_enabled=script)
    with_or_without = "עם" if script else "בלי"
    title = f"מפגש הפורום {with_or_without} סקריפט"

    def item() -> Any:
        return page.locator(".desk-item", has_text=title)

    def answer(remark: str = "") -> None:
        desk.goto("/admin/review/")
        desk.get_by_role("link", name=title).first.click()
        if remark:
            desk.locator("textarea[name=remark]").fill(remark)
            desk.locator("button[name=send_back]").click()
        else:
            desk.locator("button[name=approve]").click()
        expect(desk.locator(".messagelist .success")).to_be_visible()

    # Sent for review, sent back, mended, approved.
    log_in(page, reviewed)
    log_in_as_editor(desk, portal_server)
    page.locator(".desk-forum a.button").tap()
    page.locator("#id_title").fill(title)
    page.locator("#id_body").fill("נפגשנו.")
    expect(page.locator("button[value=publish]")).to_have_count(0)
    press(page, "submit")
    expect(item().locator(".desk-status--in_review")).to_be_visible()
    answer("חסר תאריך המפגש")
    page.reload()
    expect(item().locator(".desk-status--sent_back")).to_be_visible()
    expect(item().locator(".desk-remark")).to_contain_text("חסר תאריך המפגש")
    edit = str(item().locator(".desk-item__title a").get_attribute("href"))
    item().locator(".desk-item__title a").tap()
    expect(page).to_have_url(edit)
    expect(page.locator(".desk-remark")).to_contain_text("חסר תאריך המפגש")
    page.locator("#id_body").fill("נפגשנו ב־3 בנובמבר.")
    press(page, "submit")
    answer()
    page.goto("/desk/")
    address = str(item().get_by_role("link", name="באתר").get_attribute("href"))
    visitor.goto(address)
    expect(visitor.locator("main")).to_contain_text("נפגשנו ב־3 בנובמבר.")

    # A change, with a photo, is hidden until it is approved.
    page.goto(edit)
    page.locator("#id_body").fill("נפגשנו ב־3 בנובמבר, ונפגש שוב.")
    page.locator("#id_photos-0-file").set_input_files(photo)
    page.locator("#id_photos-0-alt").fill("המפגש, בתמונה")
    press(page, "submit")
    expect(item().locator(".desk-status--in_review")).to_be_visible()
    visitor.goto(address)
    expect(visitor.locator("main")).not_to_contain_text("ונפגש שוב")
    expect(visitor.get_by_alt_text("המפגש, בתמונה")).to_have_count(0)
    answer("נא לציין היכן")
    page.goto(edit)
    expect(page.locator(".desk-remark")).to_contain_text("נא לציין היכן")
    expect(page.locator("#id_body")).to_have_value("נפגשנו ב־3 בנובמבר, ונפגש שוב.")
    expect(page.locator(".desk-row__photo img")).to_be_visible()
    page.locator("#id_body").fill("נפגשנו ב־3 בנובמבר, ונפגש שוב בשדרות.")
    press(page, "submit")
    visitor.goto(address)
    expect(visitor.locator("main")).not_to_contain_text("ונפגש שוב")
    answer()
    visitor.goto(address)
    expect(visitor.locator("main")).to_contain_text("ונפגש שוב בשדרות.")
    expect(visitor.get_by_alt_text("המפגש, בתמונה").first).to_be_visible()


def test_what_is_typed_saves_itself_and_comes_back(
    open_page: Callable[..., Page], portal_server: PortalServer
) -> None:
    page = open_page(**PHONE)
    log_in(page, portal_server.people["coordinator"])
    form = own_forum_links(page)[0]
    page.locator(".desk-forum a.button").tap()
    page.locator("#id_title").fill("נכתב באוטובוס")
    page.locator("#id_title").press("Tab")
    expect(page.locator(".desk-saved")).to_have_text(re.compile("\\d\\d:\\d\\d"))

    # Typed a moment before the page is left: sent while it goes.
    page.locator("#id_body").fill("המשפט האחרון")
    page.goto("/desk/")
    page.wait_for_timeout(500)
    page.reload()
    expect(page.locator(".desk-unsaved")).to_be_visible()
    page.locator(".desk-unsaved a").first.tap()
    expect(page).to_have_url(form)
    expect(page.locator(".desk-restored")).to_be_visible()
    expect(page.locator("#id_title")).to_have_value("נכתב באוטובוס")
    expect(page.locator("#id_body")).to_have_value("המשפט האחרון")

    # Saved, nothing of it comes up again, though the page was left right after typing.
    page.locator("#id_body").fill("המשפט האחרון, באמת")
    press(page, "save")
    expect(page.locator(".message--success")).to_be_visible()
    page.wait_for_timeout(500)
    page.reload()
    expect(page.locator(".desk-unsaved")).to_have_count(0)
    page.locator(".desk-item", has_text="נכתב באוטובוס").locator(".desk-item__title a").tap()
    expect(page.locator("#id_body")).to_have_value("המשפט האחרון, באמת")

    # Dropped on request.
    page.locator("#id_body").fill("לא רוצים את זה")
    expect(page.locator(".desk-saved")).to_have_text(re.compile("\\d\\d:\\d\\d"))
    page.reload()
    expect(page.locator("#id_body")).to_have_value("לא רוצים את זה")
    page.locator("button[name=drop]").tap()
    expect(page.locator(".message--success")).to_be_visible()
    expect(page.locator("#id_body")).to_have_value("המשפט האחרון, באמת")
    expect(page.locator(".desk-restored")).to_have_count(0)


@pytest.mark.parametrize("script", [True, False])
def test_two_at_the_same_update(
    open_page: Callable[..., Page], portal_server: PortalServer, reviewed: Person, script: bool
) -> None:
    mine = open_page(**PHONE, java_script_enabled=script)
    theirs = open_page(**PHONE, java_script_enabled=script)
    title = f"שניים כותבים {'עם' if script else 'בלי'} סקריפט"
    log_in(mine, reviewed)
    mine.locator(".desk-forum a.button").tap()
    mine.locator("#id_title").fill(title)
    press(mine, "save")
    mine.locator(".desk-item", has_text=title).locator(".desk-item__title a").tap()
    expect(mine.locator("#id_title")).to_have_value(title)
    log_in_as_editor(theirs, portal_server)
    theirs.goto(mine.url)
    if script:
        expect(theirs.locator(".desk-presence")).to_contain_text("רכז/ת רווחה")
    theirs.locator("#id_body").fill("הנוסח של העורך")
    press(theirs, "save")
    mine.locator("#id_body").fill("הנוסח שלי")
    press(mine, "save")
    expect(mine.locator(".conflict")).to_contain_text("הנוסח של העורך")
    expect(mine.locator(".conflict")).to_contain_text("הנוסח שלי")
    expect(mine.locator("#id_body")).to_have_value("הנוסח שלי")
    width = mine.evaluate("document.documentElement.scrollWidth") if script else 390
    assert width <= 390
    mine.locator("#id_body").fill("הנוסח של שנינו")
    press(mine, "save")
    expect(mine.locator(".message--success")).to_be_visible()
