"""The handbook's pictures: `make handbook`.

    python -m tests.browser.handbook_shots [name of a picture …]

Serves the portal with the content, the demo accounts and rows marked as samples from a folder that
is gone afterwards, and writes a picture of what each of SHOTS names to static/img/handbook. Their
sizes are fixed, since the pages of the handbook name them.
"""

import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import django
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, PHONE, chromium_path
from tests.browser.shots import log_in
from tests.conftest import PROJECT, PortalServer, serve_portal

PREPARE = (
    ("migrate", "--noinput", "--verbosity", "0"),
    ("load_content",),
    ("demo_accounts",),
    ("collectstatic", "--noinput", "--verbosity", "0"),
)
FOLDER = PROJECT / "static" / "img" / "handbook"
MOST_BYTES = 60 * 1024
SCALES = {"phone": 2.0, "admin": 1.5}
ADMIN = {"viewport": {"width": 1100, "height": 900}}
SENT_BACK = "/desk/?state=sent_back"
MESSAGES = "/admin/shared/contactmessage/"
THIS_WEEK = "tr:has(.is-today)"
# Round what is shown stands a little of the page.
MARGIN = 12


@dataclass(frozen=True)
class Shot:
    """One picture: who sees it, where (an address or the name of one), and from what on.

    `kind` is phone or admin; `act` does something to the page first.
    """

    name: str
    kind: str
    width: int
    height: int
    who: str
    path: str
    begins_at: str
    act: Callable[[Page], None] | None = None


def write_a_little(page: Page) -> None:
    """Change the text, and wait until it has saved itself."""
    page.locator("#id_summary").press_sequentially(" ")
    page.locator("#id_summary").fill("הרשויות מתאמות את הקיץ, ולוח החופשות אחד לכולן.")
    page.locator("[data-saved]:not(:empty)").wait_for(timeout=15_000)


def close_menu(page: Page) -> None:
    """Give the list the whole width."""
    page.locator("#toggle-nav-sidebar").click()


SHOTS = (
    Shot("desk-login", "phone", 390, 520, "", "/accounts/login/", ".page-head"),
    Shot("desk-home", "phone", 390, 760, "coordinator", "/desk/", ".page-head"),
    Shot("desk-words", "phone", 390, 690, "coordinator", "draft", ".field:has(#id_title)"),
    Shot("desk-photo", "phone", 390, 612, "coordinator", "draft", "#photos"),
    Shot("desk-sent-back", "phone", 390, 380, "coordinator", SENT_BACK, ".desk-list"),
    Shot("desk-preview", "phone", 390, 455, "coordinator", "preview", "body"),
    Shot(
        "desk-buttons", "phone", 390, 195, "coordinator", "draft", ".desk-buttons", write_a_little
    ),
    Shot("admin-index", "admin", 640, 640, "editor", "/admin/", ".orientation"),
    Shot("admin-publishing", "admin", 740, 360, "editor", "published", "fieldset:has(#id_state)"),
    Shot("admin-queue", "admin", 764, 510, "editor", "/admin/review/", "#content h1"),
    Shot("admin-calendar", "admin", 764, 264, "editor", "/admin/review/calendar/", THIS_WEEK),
    Shot("admin-review", "admin", 764, 690, "editor", "revision", "#content h1"),
    Shot("admin-history", "admin", 764, 510, "editor", "history", "#content h1"),
    Shot("admin-inbox", "admin", 1040, 470, "editor", MESSAGES, "#content h1", close_menu),
)


def picture(page: Page, shot: Shot) -> bytes:
    """Return the part of the page that `shot` shows, as PNG."""
    box = page.locator(shot.begins_at).first.bounding_box()
    if box is None:
        raise LookupError(f"{shot.name}: {shot.begins_at} is not to be seen at {page.url}")
    whole = page.evaluate("document.documentElement.scrollHeight")
    wide = page.evaluate("document.documentElement.clientWidth")
    top = box["y"] + page.evaluate("window.scrollY") - MARGIN
    # The text begins on the right; in the admin its menu stands beyond that, and is left out.
    end = min(wide, box["x"] + box["width"] + MARGIN)
    return page.screenshot(
        full_page=True,
        clip={
            "x": max(0, end - shot.width),
            "y": max(0, min(top, whole - shot.height)),
            "width": shot.width,
            "height": shot.height,
        },
    )


def write(png: bytes, path: Path, size: tuple[int, int]) -> int:
    """Write the picture as WebP in the best quality that is small enough; return its bytes."""
    with Image.open(io.BytesIO(png)) as opened:
        image = opened.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    for quality in range(85, 20, -5):
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", quality=quality, method=6)
        if buffer.tell() <= MOST_BYTES:
            break
    path.write_bytes(buffer.getvalue())
    return buffer.tell()


def shoot(browser: Browser, server: PortalServer, addresses: dict[str, str], shot: Shot) -> None:
    """Write one picture."""
    scale = SCALES[shot.kind]
    options = PHONE if shot.kind == "phone" else ADMIN
    context = browser.new_context(
        base_url=server.url,
        locale="he-IL",
        timezone_id="Asia/Jerusalem",
        color_scheme="light",
        reduced_motion="reduce",
        **(options | {"device_scale_factor": scale}),
    )
    page = context.new_page()
    page.set_default_timeout(20_000)
    if shot.who:
        log_in(page, server.people[shot.who])
    page.goto(addresses.get(shot.path, shot.path))
    page.wait_for_load_state("networkidle")
    if shot.act:
        shot.act(page)
    size = (round(shot.width * scale), round(shot.height * scale))
    written = write(picture(page, shot), FOLDER / f"{shot.name}.webp", size)
    print(f"{shot.name}: {shot.width} × {shot.height}, {written / 1024:.0f} KB", flush=True)
    context.close()


def main(wanted: list[str]) -> None:
    """Write the wanted pictures; all of them, if none is named."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    FOLDER.mkdir(parents=True, exist_ok=True)
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with serve_portal(PREPARE) as server, sync_playwright() as playwright:
        make = "from tests.browser.handbook_rows import print_rows; print_rows()"
        printed = server.manage("shell", "--no-imports", "-c", make)
        addresses = json.loads(printed.splitlines()[-1])
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        for shot in SHOTS:
            if not wanted or shot.name in wanted:
                shoot(browser, server, addresses, shot)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
