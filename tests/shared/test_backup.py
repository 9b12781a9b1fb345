"""Backup and restore, with the real commands on both databases."""

import io
import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import PortalServer, server_database

COUNT = (
    "from cluster_portal.shared.models import Source;"
    "print(sorted(Source.objects.values_list('title', flat=True)))"
)


def add_source(title: str) -> str:
    return (
        f"from cluster_portal.shared.models import Source; Source.objects.create(title={title!r})"
    )


@pytest.fixture
def site(tmp_path: Path) -> Iterator[PortalServer]:
    """A migrated site with one row and one media file, not served."""
    with server_database() as database_url:
        environment = dict(os.environ) | {
            "DATABASE_URL": database_url,
            "PORTAL_ENV": "demo",
            "PORTAL_VAR": str(tmp_path / "site"),
            "DJANGO_SETTINGS_MODULE": "cluster_portal.settings",
        }
        site = PortalServer("", tmp_path / "site", environment)
        site.manage("migrate", "-v", "0")
        site.manage("shell", "-v", "0", "-c", add_source("ראשון"))
        media = site.var / "media" / "documents" / "ab"
        media.mkdir(parents=True)
        (media / "one.pdf").write_bytes(b"%PDF-1.4 one")
        yield site


def titles(site: PortalServer) -> str:
    return site.manage("shell", "-v", "0", "-c", COUNT).strip()


def test_what_was_lost_comes_back(site):
    archive = Path(site.manage("backup").strip())
    assert archive.parent == site.var / "backups"
    assert archive.stat().st_mode & 0o777 == 0o600
    site.manage("shell", "-v", "0", "-c", add_source("שני"))
    (site.var / "media" / "documents" / "ab" / "one.pdf").unlink()
    (site.var / "media" / "late.txt").write_text("later")

    site.manage("restore", "--yes", str(archive))

    assert titles(site) == "['ראשון']"
    assert (site.var / "media" / "documents" / "ab" / "one.pdf").read_bytes() == b"%PDF-1.4 one"
    assert not (site.var / "media" / "late.txt").exists()


def test_restore_asks_for_a_yes(site):
    archive = site.manage("backup").strip()
    with pytest.raises(AssertionError, match="Add --yes"):
        site.manage("restore", archive)


def test_only_the_newest_are_kept(site):
    for _ in range(3):
        site.manage("backup", "--keep", "2")
    assert len(list((site.var / "backups").iterdir())) == 2


def rewrite(archive: Path, change) -> Path:
    """Write a copy of the archive with `change(members)` made, a dict of name to bytes."""
    with tarfile.open(archive) as tar:
        members = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
    change(members)
    target = archive.with_name("changed.tar")
    with tarfile.open(target, "w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return target


def flip(members):
    name = next(n for n in members if n.startswith("media/"))
    members[name] = b"x" + members[name][1:]


def drop_media(members):
    members.pop(next(n for n in members if n.startswith("media/")))


def add_escape(members):
    members["media/../../escaped.txt"] = b"out"


def other_engine(members):
    manifest = json.loads(members["manifest.json"])
    manifest["engine"] = "oracle"
    members["manifest.json"] = json.dumps(manifest).encode()


def newer_version(members):
    manifest = json.loads(members["manifest.json"])
    manifest["migrations"].append("shared.9999_from_the_future")
    members["manifest.json"] = json.dumps(manifest).encode()


def no_manifest(members):
    members.pop("manifest.json")


@pytest.mark.parametrize(
    "damage", [flip, drop_media, add_escape, other_engine, newer_version, no_manifest]
)
def test_a_bad_archive_changes_nothing(site, damage):
    archive = rewrite(Path(site.manage("backup").strip()), damage)
    site.manage("shell", "-v", "0", "-c", add_source("שני"))
    with pytest.raises(AssertionError, match="CommandError"):
        site.manage("restore", "--yes", str(archive))
    assert titles(site) == "['ראשון', 'שני']"
    assert (site.var / "media" / "documents" / "ab" / "one.pdf").exists()
    assert not (site.var.parent / "escaped.txt").exists()


def test_a_truncated_archive_changes_nothing(site):
    archive = Path(site.manage("backup").strip())
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    with pytest.raises(AssertionError, match="damaged"):
        site.manage("restore", "--yes", str(archive))
    assert titles(site) == "['ראשון']"
