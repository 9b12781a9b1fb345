"""The Hebrew catalogue: complete, compiled, with the plural forms that Hebrew has."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest

HOUSE = Path(__file__).resolve().parent.parent
CATALOGUE = HOUSE / "cluster_portal" / "locale" / "he" / "LC_MESSAGES" / "django.po"
SOURCES = ["manage.py", "cluster_portal", "members", "forums", "events", "templates"]


@pytest.fixture(scope="module")
def fresh_catalogue(tmp_path_factory: pytest.TempPathFactory) -> polib.POFile:
    """The catalogue as extraction from the sources would write it now."""
    copy = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        source = HOUSE / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "-l", "he", "--no-location", "-v", "0"],
        cwd=copy,
        check=True,
        env=os.environ
        | {"PORTAL_VAR": str(copy / "var"), "DJANGO_SETTINGS_MODULE": "cluster_portal.settings"},
    )
    return polib.pofile(str(copy / CATALOGUE.relative_to(HOUSE)))


def test_every_string_is_translated(fresh_catalogue):
    missing = [e.msgid for e in fresh_catalogue if not e.obsolete and not e.translated()]
    assert missing == []


def test_no_string_is_left_over(fresh_catalogue):
    assert [e.msgid for e in fresh_catalogue if e.obsolete] == []


def test_compiled_catalogue_is_that_of_the_source():
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    source = polib.pofile(str(CATALOGUE))

    def texts(catalogue):
        return {
            (e.msgctxt, e.msgid): e.msgstr_plural or e.msgstr for e in catalogue if not e.obsolete
        }

    assert texts(compiled) == texts(source)


def test_plurals_have_the_three_forms_of_hebrew():
    catalogue = polib.pofile(str(CATALOGUE))
    assert catalogue.metadata["Plural-Forms"] == "nplurals=3; plural=(n==1) ? 0 : (n==2) ? 1 : 2;"
    assert [e.msgid for e in catalogue if e.msgid_plural and len(e.msgstr_plural) != 3] == []


def test_placeholders_survive_translation():
    holes = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w*\}")
    wrong = []
    for entry in polib.pofile(str(CATALOGUE)):
        wanted = set(holes.findall(entry.msgid)) | set(holes.findall(entry.msgid_plural or ""))
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            if text and not set(holes.findall(text)) <= wanted:
                wrong.append(entry.msgid)
    assert wrong == []
