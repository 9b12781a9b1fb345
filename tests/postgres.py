"""A throw-away PostgreSQL for the length of one command.

    python tests/postgres.py -- COMMAND ...

runs the command with DATABASE_URL naming an empty database of a server that listens on a free
loopback port only, belongs to an unprivileged user even when root asks, and is gone with all its
files when the command ends, however it ends. Nothing but errors is printed; the exit code is the
command's.
"""

import contextlib
import ctypes
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Durability is of no use here, and these make the tests a good deal faster.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_connections": "60",
    "log_min_messages": "fatal",
}


def programs() -> Path:
    """Return the folder of the newest PostgreSQL's programs; end the process when there is none."""

    def version(folder: Path) -> int:
        found = re.search(r"/(\d+)/bin$", str(folder))
        return int(found[1]) if found else 0

    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve().parent)
    if not found:
        sys.exit("error: PostgreSQL is missing. On Debian: apt-get install postgresql")
    return max(found, key=version)


def unprivileged() -> dict[str, Any]:
    """Return what makes subprocess start a program as `nobody` when we are root."""
    if os.geteuid() != 0:
        return {}
    return {"user": "nobody", "group": pwd.getpwnam("nobody").pw_gid, "extra_groups": []}


def end_with_parent() -> None:
    """In the server before it starts: be shut down by the kernel when the parent dies (Linux)."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(1, signal.SIGQUIT)


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """Start a server in a temporary folder and yield the URL of its empty database `portal`."""
    binaries = programs()
    folder = Path(tempfile.mkdtemp(prefix="portal-postgres-"))
    data, log = folder / "data", folder / "log"
    password = secrets.token_hex(16)
    server = None
    as_nobody: dict[str, Any] = unprivileged() | {"cwd": folder, "env": {"LC_ALL": "C.UTF-8"}}
    try:
        (folder / "password").write_text(password)
        if "user" in as_nobody:
            owner = pwd.getpwnam("nobody")
            for path in (folder, folder / "password"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        made = subprocess.run(
            [
                binaries / "initdb",
                f"--pgdata={data}",
                f"--pwfile={folder / 'password'}",
                "--username=portal",
                "--auth=scram-sha-256",
                "--locale=C.UTF-8",
                "--encoding=UTF8",
                "--no-sync",
            ],
            **as_nobody,
            capture_output=True,
            text=True,
        )
        if made.returncode:
            sys.exit(f"error: initdb failed: {made.stderr.strip()}")
        port = free_port()
        options = [f"-c{name}={value}" for name, value in SETTINGS.items()]
        with log.open("w") as output:
            server = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-p", str(port), *options],
                **as_nobody,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # a Ctrl-C is ours to answer
                preexec_fn=end_with_parent,
            )
        local = {"PGPASSWORD": password, "PGCONNECT_TIMEOUT": "2", "LC_ALL": "C.UTF-8"}
        create = [str(binaries / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "portal"]
        until = time.monotonic() + 30
        while subprocess.run([*create, "portal"], env=local, capture_output=True).returncode:
            if server.poll() is not None or time.monotonic() > until:
                sys.exit(f"error: PostgreSQL did not start: {log.read_text().strip()}")
            time.sleep(0.1)
        yield f"postgres://portal:{password}@127.0.0.1:{port}/portal"
    finally:
        if server and server.poll() is None:
            server.send_signal(signal.SIGQUIT)  # at once: nothing here is worth keeping
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(server.pid, signal.SIGKILL)
                server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def main(arguments: list[str]) -> int:
    """Run the command after `--` with DATABASE_URL set; return its exit code."""
    if arguments[:1] != ["--"] or len(arguments) < 2:
        sys.exit("use: python tests/postgres.py -- COMMAND ...")

    def interrupted(number: int, frame: object) -> None:
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupted)
    with cluster() as url:
        command = subprocess.Popen(arguments[1:], env=os.environ | {"DATABASE_URL": url})
        try:
            return command.wait()
        finally:
            if command.poll() is None:
                command.terminate()
                try:
                    command.wait(30)
                except subprocess.TimeoutExpired:
                    command.kill()
                    command.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
