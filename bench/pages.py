"""How long pages take beside a bare Django view on the same machine, in the same minute.

    python -m bench.pages                               on SQLite
    python tests/postgres.py -- python -m bench.pages   on PostgreSQL

Milliseconds tell of the machine; the ratio to a view that asks one question of the database and
renders nine names through the same middleware tells of the page. Prints a table.
"""

import os
import statistics
import sys
import time

import django
from django.core.management import call_command
from django.db import connection
from django.test import Client

ROUNDS = 200
WARMING_UP = 10
UPDATES = 500
BARE = "bare view"
PAGES = {
    BARE: "/bare/",
    "home": "/",
    f"list of {UPDATES} updates": "/updates/",
    "page of a member": "/members/rahat/",
}


def prepare() -> None:
    """Make a new database with the content and `UPDATES` sample updates."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    django.setup()
    call_command("migrate", verbosity=0)
    call_command("load_content", verbosity=0)
    call_command("load_sample", size=UPDATES, verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)


def measure() -> dict[str, list[float]]:
    """Return the milliseconds that each page took in each round.

    Pages take turns, so that whatever else the machine does falls on all of them alike.
    """
    client = Client(headers={"host": "localhost", "accept-encoding": "gzip"})
    took: dict[str, list[float]] = {name: [] for name in PAGES}
    for number in range(WARMING_UP + ROUNDS):
        for name, path in PAGES.items():
            started = time.perf_counter()
            response = client.get(path)
            ended = time.perf_counter()
            if response.status_code != 200:
                sys.exit(f"{path} answered {response.status_code}")
            if number >= WARMING_UP:
                took[name].append((ended - started) * 1000)
    return took


def main() -> None:
    prepare()
    took = measure()
    print(f"{connection.vendor}, {ROUNDS} rounds, medians")
    for name, times in took.items():
        ratio = statistics.median(t / bare for t, bare in zip(times, took[BARE], strict=True))
        print(f"{name:<22} {statistics.median(times):7.2f} ms {ratio:7.1f} ×")
    connection.close()


if __name__ == "__main__":
    main()
