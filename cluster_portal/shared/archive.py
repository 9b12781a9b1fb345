"""Backup and restore of all that the site knows: its database and its media files, in one file.

The file is a tar with a manifest (hash of every member, engine, applied migrations), the database
(a SQLite file or a PostgreSQL dump) and the media tree. Nothing live is touched before the whole
archive was verified. Knows no app.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import tarfile
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

MANIFEST = "manifest.json"
FORMAT = 1
DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}


class BadArchive(ValueError):
    """The archive cannot be restored here; the text says why."""


def applied_migrations() -> list[str]:
    """Return the names of all migrations that the database has seen, in order."""
    loader = MigrationLoader(connection)
    return sorted(f"{app}.{name}" for app, name in loader.applied_migrations)


def known_migrations() -> set[str]:
    """Return the names of all migrations that this code has."""
    return {f"{app}.{name}" for app, name in MigrationLoader(connection).disk_migrations or {}}


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def postgres_environment() -> dict[str, str]:
    """Return the environment in which PostgreSQL's own tools reach our database."""
    database = connection.settings_dict
    chosen = {
        "PGHOST": database.get("HOST"),
        "PGPORT": database.get("PORT"),
        "PGUSER": database.get("USER"),
        "PGPASSWORD": database.get("PASSWORD"),
        "PGDATABASE": database.get("NAME"),
    }
    return os.environ | {name: str(value) for name, value in chosen.items() if value}


def run_tool(*command: str) -> None:
    """Run one of PostgreSQL's tools; raises BadArchive with its last words if it fails."""
    if shutil.which(command[0]) is None:
        raise BadArchive(f"{command[0]} is missing: apt-get install postgresql-client")
    done = subprocess.run(
        command, env=postgres_environment(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        last_words = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise BadArchive(f"{command[0]} failed: {last_words}")


def dump_database(folder: Path) -> Path:
    """Write one consistent instant of the database into `folder`; return the file."""
    target = folder / DATABASE[connection.vendor]
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(target)])
    else:
        run_tool("pg_dump", "--format=custom", "--no-owner", f"--file={target}")
    return target


def write_archive(folder: Path) -> Path:
    """Write a new archive into `folder` and return its path.

    It appears under its final name only when it is whole and on the disk, readable by its owner.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")
    final = folder / f"portal-{stamp}.tar"
    with tempfile.TemporaryDirectory(dir=folder, prefix=".backup-") as scratch:
        work = Path(scratch)
        members = {(dump := dump_database(work)).name: dump}
        media = Path(settings.MEDIA_ROOT)
        for path in sorted(media.rglob("*")):
            if path.is_file() and not path.is_symlink():
                members[f"media/{path.relative_to(media).as_posix()}"] = path
        partial = work / "archive.tar"
        hashes: dict[str, str] = {}
        with tarfile.open(partial, "w") as archive:
            for name, path in members.items():
                try:
                    hashes[name] = sha256(path)
                    archive.add(path, arcname=name, recursive=False)
                except FileNotFoundError:
                    # Deleted since the listing; the database, dumped before, may still name it.
                    hashes.pop(name, None)
            manifest = {
                "format": FORMAT,
                "made_at": datetime.now(UTC).isoformat(),
                "engine": connection.vendor,
                "migrations": applied_migrations(),
                "sha256": hashes,
            }
            manifest_path = work / MANIFEST
            manifest_path.write_text(json.dumps(manifest, indent=1))
            archive.add(manifest_path, arcname=MANIFEST)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.chmod(0o600)
        partial.replace(final)
    return final


def is_safe_member(member: tarfile.TarInfo) -> bool:
    path = PurePosixPath(member.name)
    return member.isfile() and not path.is_absolute() and ".." not in path.parts


def write_member(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Write one member's bytes below `folder`, with our own file modes.

    tarfile's own extraction has its safe filter only from Python 3.11.4 on; Debian 12 has 3.11.2.
    """
    target = folder / member.name
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    source = archive.extractfile(member)
    if source is None:
        raise BadArchive(f"The archive holds a dangerous member: {member.name!r}.")
    with source, target.open("xb") as file:
        shutil.copyfileobj(source, file)
    target.chmod(0o640)


def unpack(archive_path: Path, folder: Path) -> dict[str, Any]:
    """Unpack `archive_path` into `folder` and return its manifest, having verified all of it.

    Raises BadArchive if it is damaged, incomplete, holds what no backup of ours would, or comes
    from another engine or a newer version.
    """
    try:
        with tarfile.open(archive_path) as archive:
            members = archive.getmembers()
            for member in members:
                if not is_safe_member(member):
                    raise BadArchive(f"The archive holds a dangerous member: {member.name!r}.")
                write_member(archive, member, folder)
        manifest = json.loads((folder / MANIFEST).read_text())
        hashes = dict(manifest["sha256"])
    except BadArchive:
        raise
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError, EOFError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(":.")
        raise BadArchive(f"The archive is damaged or not one of ours: {reason}.") from error
    if manifest.get("format") != FORMAT:
        raise BadArchive("The archive has a format that this version does not know.")
    if manifest.get("engine") != connection.vendor:
        raise BadArchive(
            f"The archive is of {manifest.get('engine')}, the site runs on {connection.vendor}."
        )
    found = {m.name for m in members} - {MANIFEST}
    if found != set(hashes) or DATABASE[connection.vendor] not in hashes:
        raise BadArchive("The archive does not hold what its manifest says.")
    for name, expected in hashes.items():
        if sha256(folder / name) != expected:
            raise BadArchive(f"The archive is damaged: {name}.")
    if unknown := sorted(set(manifest["migrations"]) - known_migrations()):
        raise BadArchive(f"The archive is of a newer version: it has {unknown[-1]}.")
    return manifest


def load_database(dump: Path) -> None:
    """Put the dumped database in the place of the live one, whole or not at all."""
    if connection.vendor == "sqlite":
        with closing(sqlite3.connect(dump)) as source:
            if source.execute("PRAGMA integrity_check").fetchone()[0] != "ok":
                raise BadArchive("The database in the archive is damaged.")
            connection.close()
            # SQLite's own copy keeps the locks, so that running processes see old or new, whole.
            with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"])) as live:
                source.backup(live)
    else:
        connection.close()
        run_tool(
            "pg_restore",
            "--clean",
            "--if-exists",
            "--no-owner",
            "--single-transaction",
            f"--dbname={connection.settings_dict['NAME']}",
            str(dump),
        )


def restore_archive(archive_path: Path) -> dict[str, Any]:
    """Restore database and media from `archive_path`; return its manifest.

    Raises BadArchive, with nothing changed, if the archive is not good.
    """
    media = Path(settings.MEDIA_ROOT)
    media.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=media.parent, prefix=".restore-") as scratch:
        work = Path(scratch)
        manifest = unpack(archive_path, work)
        new_media = work / "media"
        new_media.mkdir(exist_ok=True)
        load_database(work / DATABASE[connection.vendor])
        if media.exists():
            media.rename(work / "media-before")
        new_media.rename(media)
    return manifest
