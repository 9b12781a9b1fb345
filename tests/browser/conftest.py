"""Chromium against the served portal, with eyes open for what a page must never do."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response, sync_playwright

from tests.conftest import PortalServer

# The window that `page` opens, and a phone's.
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}
ARGUMENTS = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
    # Nothing but this machine exists, whatever a page or the browser itself asks for.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


def chromium_path() -> str:
    """Return the path of Debian's Chromium or another one; fail when there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise FileNotFoundError("Chromium is missing. On Debian: apt-get install chromium")


class Witness:
    """Notes what a page did wrong: console and script errors, CSP, failed and foreign requests."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.problems: list[str] = []

    def watch(self, page: Page) -> None:
        """Listen to all that the page does from now on."""
        page.on("console", self.on_console)
        page.on("pageerror", lambda error: self.problems.append(f"script error: {error}"))
        page.on("request", self.on_request)
        page.on("response", self.on_response)

    def on_console(self, message: ConsoleMessage) -> None:
        """Note errors, and violations of the Content-Security-Policy whatever their level."""
        # The answer of the page itself may rightly be a 404; what it embeds is seen to below.
        if message.text.startswith("Failed to load resource"):
            return
        if message.type == "error" or "Content Security Policy" in message.text:
            self.problems.append(f"console: {message.text}")

    def on_request(self, request: Request) -> None:
        """Note requests to anybody but the portal."""
        if not request.url.startswith((f"{self.origin}/", "blob:", "about:")):
            self.problems.append(f"foreign request: {request.url}")

    def on_response(self, response: Response) -> None:
        """Note images, styles, scripts and the like that did not come."""
        if response.status >= 400 and response.request.resource_type != "document":
            self.problems.append(f"{response.status}: {response.url}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the run."""
    # Playwright's loop stays with this thread, and Django would take every later test that asks
    # the database for asynchronous code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, portal_server: PortalServer) -> Iterator[Callable[..., Page]]:
    """A function that opens a page with cookies of its own; its options are new_context()'s.

    When the test is over it fails for whatever the witness noted; a page's own list is
    `page.witness.problems`, to be emptied by a test that expects one.
    """
    opened: list[tuple[Page, Witness]] = []

    def open_one(**options: Any) -> Page:
        settings = {"base_url": portal_server.url, "locale": "he-IL"} | DESKTOP | options
        page = browser.new_context(**settings).new_page()
        page.set_default_timeout(10_000)
        witness = Witness(portal_server.url)
        witness.watch(page)
        page.witness = witness  # type: ignore[attr-defined]
        opened.append((page, witness))
        return page

    yield open_one
    problems = []
    for page, witness in opened:
        problems += witness.problems
        page.context.close()
    assert not problems, "\n".join(problems)


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """A fresh visitor at a desk: 1280 pixels wide."""
    return open_page()


@pytest.fixture
def phone_page(open_page: Callable[..., Page]) -> Page:
    """A fresh visitor with a phone: 390 × 844, touch."""
    return open_page(**PHONE)


@pytest.fixture
def no_script_page(open_page: Callable[..., Page]) -> Page:
    """A fresh visitor whose browser runs no script."""
    return open_page(java_script_enabled=False)
