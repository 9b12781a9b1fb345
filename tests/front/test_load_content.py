"""load_content fills the site, names what is wrong, and leaves alone what staff changed."""

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as project_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from pytest_django import Settings

from cluster_portal.shared.content_loader import ContentError, Report, load_content
from cluster_portal.shared.models import AccessibilityStatement, LoadedRow, Page, SiteSettings
from events.models import Event
from forums.models import Forum, Milestone
from members.models import Goal, Municipality, MunicipalityFact, RelatedBody
from tests import builders

pytestmark = pytest.mark.django_db

GOALS = """
- model: members.goal
  defaults: {as_of: 2013}
  rows:
    first: {slug: first, title: ראשונה, text: נוסח ראשון., order: 1}
    second: {slug: second, title: שנייה, text: נוסח שני., order: 2}
"""
FORUMS = """
- model: forums.forum
  rows:
    education: {slug: education, name: פורום חינוך, goal: first}
    welfare: {slug: welfare, name: פורום רווחה, goal: null}
- model: forums.milestonetier
  rows:
    task: {slug: task, title: הרמה המשימתית, text: נוסח.}
- model: forums.milestone
  rows:
    both: {tier: task, text: שני פורומים, forums: [education, welfare]}
"""


def write(folder: Path, *texts: str) -> list[Path]:
    """Write the texts to numbered files of one folder and return what load_content takes."""
    for number, text in enumerate(texts):
        (folder / f"{number}0_file.yaml").write_text(text, encoding="utf-8")
    return [folder]


def load_error(folders: list[Path]) -> str:
    """Return the one line with which these files are refused."""
    with translation.override(None), pytest.raises(ContentError) as caught:
        load_content(folders)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# The content of the repository


def test_all_content_loads_and_a_second_run_changes_nothing() -> None:
    first = StringIO()
    call_command("load_content", stdout=first)
    before = list(LoadedRow.objects.order_by("pk").values())
    changed_at = Goal.objects.latest("updated_at").updated_at

    with CaptureQueriesContext(connection) as queries:
        again = StringIO()
        call_command("load_content", stdout=again)

    assert f"{len(before)} created, 0 updated" in first.getvalue()
    assert f"0 created, 0 updated, {len(before)} unchanged, 0 kept" in again.getvalue()
    assert list(LoadedRow.objects.order_by("pk").values()) == before
    assert Goal.objects.latest("updated_at").updated_at == changed_at
    assert len(queries) <= 30


def test_the_content_is_whole() -> None:
    call_command("load_content", stdout=StringIO())

    assert list(Municipality.objects.values_list("name", flat=True)) == [
        "נתיבות",
        "שדרות",
        "רהט",
        "אופקים",
        "שער הנגב",
        "אשכול",
        "מרחבים",
        "בני שמעון",
        "שדות נגב",
    ]
    assert not Municipality.objects.filter(latitude__isnull=True).exists()
    assert sum(m.localities.count() for m in Municipality.objects.all()) == 90
    assert Goal.objects.count() == 5
    assert Forum.objects.count() == 10
    assert Milestone.objects.filter(state="under_way").count() == 4
    assert Milestone.objects.filter(state="planned").count() == 4
    assert RelatedBody.objects.count() == 4
    assert set(Page.objects.published().values_list("slug", flat=True)) == {"privacy", "foi"}
    assert SiteSettings.load().name == "אשכול נגב מערבי"
    assert SiteSettings.load().contact_email == ""
    assert AccessibilityStatement.load().coordinator_name == ""


def test_the_launch_event_is_told_without_inventing() -> None:
    call_command("load_content", stdout=StringIO())

    launch = Event.objects.published().get()
    assert launch.slug == "launch-2013"
    assert timezone.localtime(launch.starts_at).strftime("%d.%m.%Y %H:%M") == "18.03.2013 00:00"
    assert launch.is_all_day
    assert launch.municipality.slug == "rahat"
    assert launch.topics.count() == 10
    assert [launch.photos.count(), launch.documents.count(), launch.recordings.count()] == [0, 0, 0]


def test_every_figure_has_year_and_source() -> None:
    call_command("load_content", stdout=StringIO())

    figures = MunicipalityFact.objects.select_related("source")
    assert figures.filter(municipality__slug="rahat", value="76,237", year=2021).exists()
    assert {figure.source.publisher for figure in figures} == {"הלשכה המרכזית לסטטיסטיקה"}
    assert all(figure.year == figure.source.year for figure in figures)


# What staff did


def test_a_change_in_the_file_arrives(tmp_path: Path) -> None:
    load_content(write(tmp_path, GOALS))
    report = load_content(write(tmp_path, GOALS.replace("נוסח ראשון", "נוסח חדש")))

    assert report == Report(updated=1, unchanged=1)
    assert Goal.objects.get(slug="first").text == "נוסח חדש."


def test_what_staff_changed_is_kept_and_the_rest_of_the_row_still_follows(tmp_path: Path) -> None:
    load_content(write(tmp_path, GOALS))
    Goal.objects.filter(slug="first").update(text="נוסח של העורכת.")
    changed = GOALS.replace("נוסח ראשון", "נוסח חדש").replace("ראשונה", "כותרת חדשה")
    report = load_content(write(tmp_path, changed))

    goal = Goal.objects.get(slug="first")
    assert goal.text == "נוסח של העורכת."
    assert goal.title == "כותרת חדשה"
    assert (report.updated, report.kept) == (1, 1)
    assert load_content([tmp_path]).kept == 1
    assert Goal.objects.get(slug="first").text == "נוסח של העורכת."


def test_a_value_that_staff_changed_back_follows_the_file_again(tmp_path: Path) -> None:
    load_content(write(tmp_path, GOALS))
    Goal.objects.filter(slug="first").update(text="נוסח של העורכת.")
    load_content([tmp_path])
    Goal.objects.filter(slug="first").update(text="נוסח ראשון.")
    load_content(write(tmp_path, GOALS.replace("נוסח ראשון", "נוסח חדש")))

    assert Goal.objects.get(slug="first").text == "נוסח חדש."


def test_what_staff_deleted_is_not_made_again(tmp_path: Path) -> None:
    load_content(write(tmp_path, GOALS, FORUMS))
    Goal.objects.get(slug="first").delete()
    Forum.objects.get(slug="welfare").delete()
    report = load_content([tmp_path])

    assert (report.created, report.updated, report.left_deleted) == (0, 0, 2)
    assert set(Goal.objects.values_list("slug", flat=True)) == {"second"}
    assert Forum.objects.get().goal is None
    assert [forum.slug for forum in Milestone.objects.get().forums.all()] == ["education"]


def test_a_new_row_of_a_deleted_parent_is_not_made(tmp_path: Path) -> None:
    load_content(write(tmp_path, GOALS, FORUMS))
    Milestone.objects.get().tier.delete()
    more = FORUMS + "    another: {tier: task, text: עוד אחת}\n"
    report = load_content(write(tmp_path, GOALS, more))

    assert report.created == 0
    assert not Milestone.objects.exists()


def test_links_that_staff_changed_are_kept(tmp_path: Path) -> None:
    load_content(write(tmp_path, GOALS, FORUMS))
    commitment = Milestone.objects.get()
    commitment.forums.set([Forum.objects.get(slug="welfare")])
    load_content(write(tmp_path, GOALS, FORUMS.replace("[education, welfare]", "[education]")))

    assert [forum.slug for forum in commitment.forums.all()] == ["welfare"]


def test_links_follow_the_file(tmp_path: Path) -> None:
    load_content(write(tmp_path, GOALS, FORUMS))
    changed = FORUMS.replace("[education, welfare]", "[welfare]").replace(
        "goal: null", "goal: second"
    )
    report = load_content(write(tmp_path, GOALS, changed))

    assert report.updated == 2
    assert [forum.slug for forum in Milestone.objects.get().forums.all()] == ["welfare"]
    assert Forum.objects.get(slug="welfare").goal == Goal.objects.get(slug="second")


def test_a_row_that_staff_made_first_is_adopted_untouched(tmp_path: Path) -> None:
    own = builders.goal(slug="first", title="של העורכת", text="נוסח ראשון.")
    report = load_content(write(tmp_path, GOALS))
    assert (report.created, report.adopted) == (1, 1)

    changed = GOALS.replace("נוסח ראשון", "נוסח חדש").replace("ראשונה", "כותרת חדשה")
    load_content(write(tmp_path, changed))
    own.refresh_from_db()
    assert own.title == "של העורכת"
    # What it said just as the file did follows the file.
    assert own.text == "נוסח חדש."


def test_a_field_that_a_file_gives_later_fills_only_what_is_empty(tmp_path: Path) -> None:
    without = GOALS.replace(", order: 1", "").replace(", order: 2", "")
    load_content(write(tmp_path, without))
    Goal.objects.filter(slug="second").update(order=7)
    load_content(write(tmp_path, GOALS))

    assert Goal.objects.get(slug="first").order == 1
    assert Goal.objects.get(slug="second").order == 7


def test_singletons_and_rich_text_load(tmp_path: Path) -> None:
    text = """
- model: shared.sitesettings
  rows:
    site: {name: שם האתר}
- model: shared.page
  rows:
    page:
      slug: page
      title: עמוד
      state: published
      publish_at: "2026-11-01T00:00"
      body: "## כותרת\\n\\nפסקה עם **הדגשה** ו<script>"
"""
    load_content(write(tmp_path, text))
    assert load_content([tmp_path]) == Report(unchanged=2)

    assert SiteSettings.objects.get().pk == 1
    page = Page.objects.get()
    assert page.body == "<h2>כותרת</h2><p>פסקה עם <strong>הדגשה</strong> ו&lt;script&gt;</p>"
    assert timezone.localtime(page.publish_at).isoformat() == "2026-11-01T00:00:00+02:00"


# What is wrong


WRONG = {
    "not YAML": ("- model: [", "line 1"),
    "twice the same key": (
        GOALS.replace("second:", "first:"),
        "10_file.yaml, line 6: 'first' is written twice",
    ),
    "no list": ("model: members.goal", "a list of blocks is expected"),
    "no rows": ("- model: members.goal", "block 1 must have a model, rows"),
    "unknown model": ("- model: members.gaol\n  rows: {}", "there is no model 'members.gaol'"),
    "unknown field": (
        GOALS.replace("order: 2", "ordre: 2"),
        "members.goal 'second', field 'ordre': there is no such field",
    ),
    "reverse relation": (
        GOALS.replace("order: 2", "forums: 2"),
        "members.goal 'second', field 'forums': a content file cannot give this field",
    ),
    "unknown key": (
        GOALS + FORUMS.replace("goal: first", "goal: third"),
        "forums.forum 'education', field 'goal': no row 'third' of members.goal stands before it",
    ),
    "unknown key in a list": (
        GOALS + FORUMS.replace("[education, welfare]", "[education, wellfare]"),
        "forums.milestone 'both', field 'forums': no row 'wellfare' of forums.forum stands before",
    ),
    "number for a text": (
        GOALS.replace("title: שנייה", "title: 2"),
        "members.goal 'second', field 'title': a text is expected, put 2 in quotes",
    ),
    "list for a text": (
        GOALS.replace("title: שנייה", "title: [שנייה]"),
        "members.goal 'second', field 'title': one value is expected",
    ),
    "text for a number": (
        GOALS.replace("order: 2", "order: two"),
        "members.goal 'second', field 'order'",
    ),
    "too long": (
        GOALS.replace("title: שנייה", f"title: {'ש' * 121}"),
        "members.goal 'second', field 'title': Ensure this value has at most 120 characters",
    ),
    "missing value": (
        GOALS.replace("title: שנייה, ", ""),
        "members.goal 'second', field 'title': This field cannot be blank",
    ),
    "a slug twice": (
        GOALS.replace("slug: second", "slug: first"),
        "members.goal 'second', field 'slug'",
    ),
    "outside its range": (GOALS.replace("2013", "1013"), "members.goal 'first', field 'as_of'"),
    "unknown choice": (
        GOALS + FORUMS.replace("goal: null", "state: sleeping"),
        "forums.forum 'welfare', field 'state'",
    ),
}


@pytest.mark.parametrize(("text", "line"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_named_in_one_line_and_changes_nothing(
    tmp_path: Path, text: str, line: str
) -> None:
    good = (
        "- model: members.relatedbody\n  rows:\n    body: {slug: body, kind: beside, name: גוף}\n"
    )
    error = load_error(write(tmp_path, good, text))

    assert error.startswith(f"{tmp_path.parent.name}/{tmp_path.name}/10_file.yaml")
    assert line in error
    assert not RelatedBody.objects.exists()
    assert not Goal.objects.exists()
    assert not LoadedRow.objects.exists()


def test_a_key_in_two_files_is_refused(tmp_path: Path) -> None:
    assert "20_file.yaml" not in load_error(write(tmp_path, GOALS, GOALS))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"- model: \xff")
    assert "a.yaml" in load_error([tmp_path])


def test_the_command_passes_the_line_on(tmp_path: Path, settings: Settings) -> None:
    settings.CONTENT_DIRS = write(tmp_path, "- model: x.y\n  rows: {}")
    with pytest.raises(CommandError, match=r"there is no model 'x\.y'"):
        call_command("load_content")


def test_content_folders_exist() -> None:
    assert all(list(Path(folder).glob("*.yaml")) for folder in project_settings.CONTENT_DIRS)
