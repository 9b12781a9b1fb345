"""The settings: what production demands, and what it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HOUSE = Path(__file__).resolve().parent.parent.parent
SECRET = "s3cret-" * 10
COMPLETE = {
    "PORTAL_ENV": "production",
    "SECRET_KEY": SECRET,
    "ALLOWED_HOSTS": "portal.example.org",
    "DEFAULT_FROM_EMAIL": "portal@example.org",
}


def manage(*arguments: str, var: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "error", "manage.py", *arguments],
        cwd=HOUSE,
        env=kept
        | {
            "PORTAL_VAR": str(var),
            "DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "cluster_portal.settings",
        }
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("missing", ["SECRET_KEY", "ALLOWED_HOSTS", "DEFAULT_FROM_EMAIL"])
def test_production_refuses_to_start_without(missing, tmp_path):
    done = manage("check", var=tmp_path, **COMPLETE | {missing: ""})
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith(f"{missing} is not set")
    assert len(done.stderr.splitlines()) == 1


def test_production_refuses_a_short_secret_key(tmp_path):
    done = manage("check", var=tmp_path, **COMPLETE | {"SECRET_KEY": "short"})
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "SECRET_KEY is too short: production needs 50 random characters or more."
    ]


def test_the_demo_takes_an_empty_line_of_env_example_for_none(tmp_path):
    empty = [line for line in (HOUSE / ".env.example").read_text().splitlines() if line[-1:] == "="]
    ask = "from django.conf import settings as s; print(s.ALLOWED_HOSTS[0], s.DEFAULT_FROM_EMAIL)"
    done = manage(
        *("shell", "--no-imports", "-c", ask),
        var=tmp_path,
        **dict.fromkeys((line[:-1] for line in empty), "") | {"PORTAL_VAR": str(tmp_path)},
    )
    assert done.stdout.split() == ["localhost", "portal@localhost"], done.stderr


def test_an_unknown_environment_is_refused(tmp_path):
    done = manage("check", var=tmp_path, PORTAL_ENV="prod")
    assert done.returncode == 1
    assert "PORTAL_ENV is 'prod'" in done.stderr


def test_deploy_check_finds_nothing_in_production(tmp_path):
    done = manage("check", "--deploy", "--fail-level", "DEBUG", var=tmp_path, **COMPLETE)
    assert done.returncode == 0, done.stderr
    assert "no issues (0 silenced)" in done.stdout


PRINT_SETTINGS = """
import json
from django.conf import settings
names = [
    "DEBUG", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE", "SESSION_COOKIE_NAME",
    "CSRF_COOKIE_NAME", "SESSION_COOKIE_HTTPONLY", "SECURE_SSL_REDIRECT", "SECURE_HSTS_SECONDS",
    "SECURE_HSTS_INCLUDE_SUBDOMAINS", "SITE_URL", "ALLOWED_HOSTS", "LANGUAGES",
]
print(json.dumps({name: getattr(settings, name) for name in names}))
"""


def test_production_is_safe(tmp_path):
    done = manage(
        "shell", "-v", "0", "-c", PRINT_SETTINGS, var=tmp_path, **COMPLETE | {"DEBUG": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "DEBUG": False,
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SESSION_COOKIE_NAME": "__Host-session",
        "CSRF_COOKIE_NAME": "__Host-csrf",
        "SESSION_COOKIE_HTTPONLY": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_HSTS_SECONDS": 31536000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SITE_URL": "https://portal.example.org",
        "ALLOWED_HOSTS": ["portal.example.org"],
        "LANGUAGES": [["he", "עברית"]],
    }


def test_the_demo_answers_to_this_machine_alone(tmp_path):
    done = manage("shell", "-v", "0", "-c", PRINT_SETTINGS, var=tmp_path, PORT="8123")
    assert done.returncode == 0, done.stderr
    demo = json.loads(done.stdout)
    assert demo["ALLOWED_HOSTS"] == ["localhost", "127.0.0.1", "[::1]"]
    assert demo["SECURE_SSL_REDIRECT"] is False
    assert demo["SECURE_HSTS_SECONDS"] == 0
    assert demo["SITE_URL"] == "http://127.0.0.1:8123"
    key = tmp_path / "secret-key.txt"
    assert key.stat().st_mode & 0o777 == 0o600


ANSWER_HEADERS = """
import json
from django.test import Client
client = Client()
plain = client.get("/accounts/login/", headers={"host": "portal.example.org"})
secure = client.get("/accounts/login/", headers={"host": "portal.example.org"}, secure=True)
print(json.dumps([
    plain.status_code, plain.headers.get("Location"),
    secure.headers.get("Strict-Transport-Security"),
    sorted((name, bool(m["secure"]), m["path"], m["domain"]) for name, m in secure.cookies.items()),
]))
"""


def test_production_answers_over_https_with_host_cookies(tmp_path):
    assert manage("migrate", "-v", "0", var=tmp_path, **COMPLETE).returncode == 0
    assert manage("collectstatic", "--noinput", "-v", "0", var=tmp_path, **COMPLETE).returncode == 0
    done = manage("shell", "-v", "0", "-c", ANSWER_HEADERS, var=tmp_path, **COMPLETE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        301,
        "https://portal.example.org/accounts/login/",
        "max-age=31536000; includeSubDomains; preload",
        [["__Host-csrf", True, "/", ""]],
    ]


def test_production_starts_with_no_account(tmp_path):
    assert manage("migrate", "-v", "0", var=tmp_path, **COMPLETE).returncode == 0
    count = "from cluster_portal.shared.models import User; print(User.objects.count())"
    assert manage("shell", "-v", "0", "-c", count, var=tmp_path, **COMPLETE).stdout.strip() == "0"


@pytest.mark.sqlite
@pytest.mark.django_db
def test_sqlite_keeps_what_it_acknowledged(tmp_path):
    pragmas = (
        "from django.db import connection; c = connection.cursor(); "
        "print([c.execute(f'PRAGMA {p}').fetchone()[0] "
        "for p in ('journal_mode', 'synchronous', 'foreign_keys', 'busy_timeout')])"
    )
    done = manage("shell", "-v", "0", "-c", pragmas, var=tmp_path)
    assert done.stdout.strip() == "['wal', 2, 1, 5000]", done.stderr
