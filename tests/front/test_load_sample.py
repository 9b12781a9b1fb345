"""load_sample makes rows that nobody takes for news, and takes them all away again."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from cluster_portal.shared.models import Document, Photo
from events.models import Event
from forums.models import ForumUpdate, Initiative
from tests import builders

pytestmark = pytest.mark.django_db


def load_sample(*arguments: str) -> None:
    call_command("load_sample", *arguments, stdout=StringIO())


def files(settings: Settings) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_every_sample_is_marked_and_public() -> None:
    forums = [builders.forum(), builders.forum()]
    builders.municipality()
    load_sample("--size", "20")

    assert ForumUpdate.objects.published().count() == 20
    assert {update.forum for update in ForumUpdate.objects.all()} == set(forums)
    assert Event.objects.published().coming().count() == 1
    assert Event.objects.published().past().count() == 1
    assert Initiative.objects.published().count() == 2
    for model in (ForumUpdate, Event, Initiative, Document):
        assert not model.objects.exclude(title__startswith="דוגמה: ").exists()
    assert not Photo.objects.exclude(alt__startswith="דוגמה: ", credit="דוגמה").exists()
    assert ForumUpdate.objects.filter(photos__isnull=False).exists()
    assert ForumUpdate.objects.filter(municipalities__isnull=False).exists()


def test_all_states_shows_half_of_them() -> None:
    builders.forum()
    load_sample("--size", "20", "--all-states")

    assert ForumUpdate.objects.count() == 20
    assert ForumUpdate.objects.published().count() == 10
    assert set(ForumUpdate.objects.values_list("state", flat=True)) == {
        "draft",
        "in_review",
        "published",
        "archived",
    }


@pytest.mark.django_db(transaction=True)
def test_clear_takes_the_samples_and_their_files_and_nothing_else(settings: Settings) -> None:
    update = builders.forum_update()
    builders.update_photo(update)
    event = builders.event()
    own_files = set(files(settings))
    load_sample("--size", "20")
    assert len(files(settings)) > len(own_files)
    load_sample("--clear")

    assert set(files(settings)) == own_files
    assert ForumUpdate.objects.get() == update
    assert Event.objects.get() == event
    assert Photo.objects.count() == 1
    assert not Initiative.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_second_run_replaces_the_first(settings: Settings) -> None:
    builders.forum()
    load_sample("--size", "20")
    count = len(files(settings))
    load_sample("--size", "5")

    assert ForumUpdate.objects.count() == 5
    assert len(files(settings)) == count


def test_without_a_forum_it_says_what_to_do_first() -> None:
    with pytest.raises(CommandError, match="run load_content first"):
        load_sample()


@pytest.mark.parametrize("size", ["0", "-3", "10001"])
def test_a_size_out_of_range_is_refused(size: str) -> None:
    builders.forum()
    with pytest.raises(CommandError, match="between 1 and 10000"):
        load_sample("--size", size)


def test_production_takes_no_samples(settings: Settings) -> None:
    settings.PRODUCTION = True
    builders.forum()
    with pytest.raises(CommandError, match="refused in production"):
        load_sample()
    assert not ForumUpdate.objects.exists()
