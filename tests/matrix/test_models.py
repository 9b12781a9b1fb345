"""Walks the kinds of things: none may know a forum, or have a state, unnoticed."""

import ast
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models

from cluster_portal.shared import policy
from cluster_portal.shared.publishing import Publishable
from forums.models import Forum, ForumUpdate
from tests.matrix import table

HOUSE = Path(__file__).resolve().parents[2]
OURS = {"members", "forums", "events", "shared", "front"}
# What the public gets is made in these; the querysets they call stand in querysets.py.
PUBLIC_MODULES = (
    "members/views.py",
    "members/region.py",
    "members/querysets.py",
    "members/sitemaps.py",
    "forums/views.py",
    "forums/querysets.py",
    "forums/sitemaps.py",
    "forums/proposals.py",
    "events/views.py",
    "events/querysets.py",
    "events/sitemaps.py",
    "cluster_portal/front/views.py",
    "cluster_portal/front/contact.py",
    "cluster_portal/front/sitemaps.py",
    "cluster_portal/shared/sitemaps.py",
    "cluster_portal/shared/media.py",
    "cluster_portal/shared/context_processors.py",
)


# These know their forum through the update that shows them, or that they change or show.
KNOWN_BY_UPDATE = {
    "shared.photo",
    "shared.document",
    "shared.pendingrevision",
    "shared.previewlink",
}


@pytest.fixture(autouse=True)
def own_files() -> None:
    """Nothing here needs the world."""


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if model._meta.app_label in OURS]


def knows_a_forum(model: type[models.Model]) -> bool:
    """Say whether `model` is a forum, names one, or is a part of an update, which does."""
    return model is Forum or any(
        column.related_model is Forum
        or (
            column.related_model is ForumUpdate
            and isinstance(column, models.ForeignKey)
            and column.remote_field.on_delete is models.CASCADE
        )
        for column in model._meta.get_fields()
        if isinstance(column, models.ForeignKey | models.ManyToManyField)
    )


def test_every_kind_that_knows_a_forum_stands_in_the_document() -> None:
    known = table.counting_kinds() | table.staff_only_kinds()
    found = {model._meta.label_lower for model in our_models() if knows_a_forum(model)}
    assert found | KNOWN_BY_UPDATE == known


def test_the_policy_knows_the_forum_of_what_counts_and_of_nothing_else() -> None:
    registered = {model._meta.label_lower for model in policy._forum_ids_of_thing}
    assert registered == table.counting_kinds() - KNOWN_BY_UPDATE


def test_every_kind_with_a_state_goes_by_the_one_rule() -> None:
    """A kind that may be unpublished is a Publishable, and its manager knows published()."""
    for model in our_models():
        names = {column.name for column in model._meta.get_fields()}
        if "publish_at" in names or issubclass(model, Publishable):
            assert issubclass(model, Publishable), model
            assert callable(getattr(model._default_manager.all(), "published", None)), model
            assert model._default_manager.model is model


def unguarded(tree: ast.AST, kinds: set[str], relations: set[str]) -> list[str]:
    """Return the calls that ask for rows that may be unpublished without asking published().

    These are chains such as ``Event.objects.filter(…)`` and ``forum.updates.all()``.
    """
    guarded: set[ast.AST] = set()
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"published", "public"}:
            guarded |= set(ast.walk(node.value))
    for node in ast.walk(tree):
        if node in guarded or not isinstance(node, ast.Attribute):
            continue
        base = node.value
        if node.attr == "objects" and isinstance(base, ast.Name) and base.id in kinds:
            found.append(f"{node.lineno}: {ast.unparse(node)}")
        if (
            node.attr in {"all", "filter", "exclude", "select_related", "order_by", "count"}
            and isinstance(base, ast.Attribute)
            and base.attr in relations
        ):
            found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


def test_public_code_asks_published_of_everything_that_has_a_state() -> None:
    kinds = {model.__name__ for model in our_models() if issubclass(model, Publishable)}
    relations = {
        str(relation.get_accessor_name())
        for model in our_models()
        for relation in model._meta.related_objects
        if issubclass(relation.related_model, Publishable)
    }
    assert {"updates", "events", "initiatives", "story_chapters"} <= relations
    wrong = [
        f"{name}:{line}"
        for name in PUBLIC_MODULES
        for line in unguarded(ast.parse((HOUSE / name).read_text()), kinds, relations)
    ]
    assert [line for line in wrong if not line.startswith(ALLOWED)] == []


# What makes a draft out of a proposal, for staff alone.
ALLOWED = ("forums/proposals.py",)


def test_the_search_for_unguarded_rows_finds_them() -> None:
    bad = "def view(f):\n    Event.objects.filter(a=1)\n    f.updates.all()\n"
    good = "def view(f):\n    Event.objects.published().filter(a=1)\n    f.updates.published()\n"
    assert len(unguarded(ast.parse(bad), {"Event"}, {"updates"})) == 2
    assert unguarded(ast.parse(good), {"Event"}, {"updates"}) == []


def test_the_public_modules_are_all_there_are() -> None:
    """Every views, querysets and sitemaps module of the house is among those looked at."""
    for room in ("members", "forums", "events", "cluster_portal"):
        for path in (HOUSE / room).rglob("*.py"):
            if path.stem in {"views", "querysets", "sitemaps"}:
                assert str(path.relative_to(HOUSE)) in PUBLIC_MODULES
