"""Pictures of every kind of page, to be looked at: `make shots`.

    python -m tests.browser.shots [visitor] [coordinator] [administrator]

Serves the portal with the content, sample rows and demo accounts from a folder that is gone
afterwards, and writes full-page pictures to var/shots: on a phone (390 px) and a desktop
(1280 px), light and dark, and on paper. Pages are found by crawling, one for each view, so that a
new kind of page needs no line here. Prints what the pages did wrong; exit code 1 when anything.
"""

import os
import re
import sys
from collections import deque
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urlsplit

import django
from django.urls import Resolver404, resolve
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, DESKTOP, PHONE, Witness, chromium_path
from tests.conftest import PROJECT, Person, PortalServer, serve_portal

PREPARE = (
    ("migrate", "--noinput", "--verbosity", "0"),
    ("load_content",),
    ("demo_accounts",),
    ("load_sample", "--size", "40"),
    ("collectstatic", "--noinput", "--verbosity", "0"),
)
WIDTHS = {"390": PHONE, "1280": DESKTOP}
SCHEMES = ("light", "dark")
# Where each kind of person begins, and the paths that are theirs.
PEOPLE = {"visitor": "/", "coordinator": "/desk/", "administrator": "/admin/"}
# Files, what ends the session, and the admin's pages that look alike for every model.
NOT_SHOWN = re.compile(
    r"^(photo|document|logout|admin:(?!forums_forumupdate).*_(add|delete|history))$"
)
PAGES_AT_MOST = 60


def view_name(path: str) -> str | None:
    """Return the name of the view that answers the path; None for files and what is no page."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    return match.view_name or match._func_path


def crawl(page: Page, start: str, prefix: str) -> dict[str, str]:
    """Return a path for each view that links lead to from `start`, staying below `prefix`."""
    found: dict[str, str] = {}
    seen = {start}
    queue = deque([start])
    while queue and len(found) < PAGES_AT_MOST:
        path = queue.popleft()
        name = view_name(urlsplit(path).path)
        if name is None or name in found or NOT_SHOWN.match(name):
            continue
        response = page.request.get(path)
        if response.status != 200 or "text/html" not in response.headers.get("content-type", ""):
            continue
        found[name] = path
        for link in re.findall(r'<a\b[^>]*\bhref="([^"#][^"]*)"', response.text()):
            link = urldefrag(link.replace("&amp;", "&"))[0]
            if link.startswith(prefix) and not link.startswith("//") and link not in seen:
                if prefix == "/" and link.startswith(("/admin/", "/desk/")):
                    continue
                seen.add(link)
                queue.append(link)
    return found


def log_in(page: Page, person: Person) -> None:
    """Log in as the person through the page that people use."""
    page.goto("/accounts/login/")
    page.locator("input[name=username]").fill(person.email)
    page.locator("input[name=password]").fill(person.password)
    page.locator("main form [type=submit]").click()


def open_context(
    browser: Browser, server: PortalServer, state: Any, **options: Any
) -> BrowserContext:
    """Open a browser window on the server with the cookies of `state`."""
    return browser.new_context(
        base_url=server.url, locale="he-IL", storage_state=state, reduced_motion="reduce", **options
    )


def shoot(
    browser: Browser, server: PortalServer, state: Any, pages: dict[str, str], to: Path
) -> list[str]:
    """Write the pictures of the pages; return what the pages did wrong."""
    problems = []
    for width, options in WIDTHS.items():
        for scheme in SCHEMES:
            context = open_context(browser, server, state, **options, color_scheme=scheme)
            page = context.new_page()
            witness = Witness(server.url)
            witness.watch(page)
            for name, path in pages.items():
                page.goto(path)
                # Quicker than waiting for a silent network: a page loads nothing after its fonts.
                page.evaluate("document.fonts.ready.then(() => null)")
                wide = page.evaluate(
                    "document.documentElement.scrollWidth - document.documentElement.clientWidth"
                )
                if wide > 0:
                    problems.append(f"{name} at {width}: {wide} px too wide ({path})")
                file = f"{re.sub(r'[^a-z0-9]+', '-', name.lower())}-{width}-{scheme}.png"
                page.screenshot(path=to / file, full_page=True)
                problems += [f"{name} at {width}: {each}" for each in witness.problems]
                witness.problems.clear()
                if (width, scheme) == ("1280", "light") and not path.startswith("/admin/"):
                    page.emulate_media(media="print")
                    page.screenshot(path=to / file.replace("light", "print"), full_page=True)
                    page.emulate_media(media="screen")
            context.close()
    return problems


def main(folder: Path, wanted: list[str]) -> int:
    """Write the pictures of what the wanted people see to the folder; return the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    folder.mkdir(parents=True, exist_ok=True)
    problems = []
    arguments = [*ARGUMENTS, "--no-sandbox"] if os.geteuid() == 0 else ARGUMENTS
    with serve_portal(PREPARE) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=arguments)
        for who in wanted:
            start = prefix = PEOPLE[who]
            context = open_context(browser, server, None)
            page = context.new_page()
            if who != "visitor":
                log_in(page, server.people[who])
            pages = crawl(page, start, prefix)
            if who == "visitor":
                pages["not-found"] = "/no-such-page/"
            print(f"{who}: {len(pages)} kinds of page", flush=True)
            problems += shoot(browser, server, context.storage_state(), pages, folder)
            context.close()
        browser.close()
    print(*problems, f"The pictures lie in {folder}.", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(PROJECT / "var" / "shots", sys.argv[1:] or list(PEOPLE)))
