"""What all tests share: rules of the run, a folder for files, and the real server."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import pytest
from django.core.cache import cache
from django.db import connection
from pytest_django import Settings

PROJECT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """Name the two marks that say which database a test is about."""
    config.addinivalue_line("markers", "sqlite: about SQLite alone; left out on PostgreSQL")
    config.addinivalue_line("markers", "postgres: about PostgreSQL alone; left out on SQLite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark browser tests, give one worker all that need the server, leave out the other database's.

    Left out, not skipped: a skipped test is one that could not run, which CI takes for a failure.
    """
    other = "sqlite" if connection.vendor == "postgresql" else "postgres"
    left_out = [item for item in items if item.get_closest_marker(other)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    for item in items:
        if (PROJECT / "tests" / "browser") in item.path.parents:
            item.add_marker("browser")
        if "portal_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("server"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test that was skipped has failed: there everything it needs must be present."""
    report = yield
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, settings: Settings) -> Iterator[None]:
    """Give each test a var folder, media and a cache of its own."""
    settings.VAR_DIR = tmp_path / "var"
    settings.MEDIA_ROOT = settings.VAR_DIR / "media"
    settings.VAR_DIR.mkdir()
    cache.clear()
    yield
    cache.clear()


@dataclass
class Person:
    """A demo account: what to type at the log-in."""

    email: str
    password: str


@dataclass
class PortalServer:
    """The portal under gunicorn, with a var folder and a database of its own."""

    url: str
    var: Path
    environment: dict[str, str]
    people: dict[str, Person] = field(default_factory=dict)

    def manage(self, *arguments: str) -> str:
        """Run a management command against this server's data; return what it printed.

        Raises AssertionError, with all its output, when the command fails.
        """
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_people(path: Path) -> dict[str, Person]:
    """Read the demo passwords: role, e-mail and password a line, parted by tabs.

    A role's second account is named with "-2" behind it, and so on.
    """
    people: dict[str, Person] = {}
    counts: dict[str, int] = {}
    for line in path.read_text().splitlines():
        role, email, password = line.split("\t")
        counts[role] = counts.get(role, 0) + 1
        people[role if counts[role] == 1 else f"{role}-{counts[role]}"] = Person(email, password)
    return people


@contextlib.contextmanager
def server_database() -> Iterator[str]:
    """Yield the DATABASE_URL for a served site: SQLite, or a new database beside the tests' own."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        yield ""
        return
    name = f"served_{secrets.token_hex(4)}"
    maintenance = psycopg2.connect(url)
    maintenance.autocommit = True
    try:
        with maintenance.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        with maintenance.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        maintenance.close()


@contextlib.contextmanager
def serve_portal(prepare: tuple[tuple[str, ...], ...]) -> Iterator[PortalServer]:
    """Serve the portal on a free port after the management commands of `prepare`; end it after."""
    var = Path(tempfile.mkdtemp(prefix="portal-served-"))
    port = free_port()
    process = None
    try:
        with server_database() as database_url:
            environment = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("COV_", "PYTEST_", "PORTAL_", "DJANGO_"))
            } | {
                "DATABASE_URL": database_url,
                "DEBUG": "false",
                "PORT": str(port),
                "PORTAL_ENV": "demo",
                "PORTAL_VAR": str(var),
                "SUBMISSIONS_PER_HOUR": "10000",
            }
            server = PortalServer(f"http://127.0.0.1:{port}", var, environment)
            for arguments in prepare:
                server.manage(*arguments)
            passwords = var / "demo-passwords.txt"
            server.people = read_people(passwords) if passwords.exists() else {}
            process = subprocess.Popen(
                [sys.executable, "-m", "gunicorn", "-c", "deploy/gunicorn.conf.py"],
                cwd=PROJECT,
                env=environment,
                start_new_session=True,
            )
            wait_for(port, process, var / "log" / "error.log")
            try:
                yield server
            finally:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(30)
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    finally:
        shutil.rmtree(var, ignore_errors=True)


def wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Return when the port answers; fail with the log's end when the server died or takes 30 s."""
    until = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        if process.poll() is not None or time.monotonic() > until:
            process.kill()
            tail = log.read_text()[-3000:] if log.exists() else "no log"
            raise AssertionError(f"the server did not start: {tail}")
        time.sleep(0.1)


@pytest.fixture(scope="session")
def portal_server() -> Iterator[PortalServer]:
    """The real server with the whole content and the demo accounts, one for the run.

    Its data outlive a test: a test that changes something asserts on its own rows only. For the
    database of the test process itself use the test client instead.
    """
    prepare = (
        ("migrate", "--noinput", "--verbosity", "0"),
        ("load_content",),
        ("demo_accounts",),
        ("collectstatic", "--noinput", "--verbosity", "0"),
    )
    with serve_portal(prepare) as server:
        yield server
