"""Every check and every test, in order: what `make test` runs inside the environment.

python tests/run.py [lint | types | tests]

All steps run even when one fails, so that one run tells everything; the exit code is 1 when any
failed. Browser tests run once, on SQLite; all others on SQLite and on PostgreSQL.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
# One worker runs all that needs a served site, in order (tests/conftest.py); the other the rest.
PYTEST = [PYTHON, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup"]

LINT = {
    "ruff check": [PYTHON, "-m", "ruff", "check", "--quiet", "."],
    "ruff format": [PYTHON, "-m", "ruff", "format", "--quiet", "--check", "."],
    "djlint": [PYTHON, "-m", "djlint", "templates", "--lint", "--quiet"],
}
TYPES = {"mypy": [PYTHON, "-m", "mypy", "--no-error-summary"]}
TESTS = {
    "migrations": [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"],
    "tests on SQLite": PYTEST,
    "tests on PostgreSQL": [PYTHON, "tests/postgres.py", "--", *PYTEST, "-m", "not browser"],
}
STEPS = {"lint": LINT, "types": TYPES, "tests": TESTS, "all": LINT | TYPES | TESTS}


def main(which: str) -> int:
    """Run the steps of that name; return 1 when one of them failed."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "DATABASE_URL": "",
    }
    failed = []
    for name, command in STEPS[which].items():
        print(f"== {name}", flush=True)
        started = time.monotonic()
        code = subprocess.run(command, cwd=PROJECT, env=environment).returncode
        print(f"== {name}: {'failed' if code else 'ok'}, {time.monotonic() - started:.0f} s\n")
        if code:
            failed.append(name)
    if failed:
        print(f"Failed: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "all"))
    except KeyboardInterrupt:
        sys.exit(130)
