"""demo_accounts makes the people of the demo once, and never touches what they changed."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from cluster_portal.shared.models import User
from cluster_portal.shared.policy import Role
from forums.models import Coordinator
from tests import builders

pytestmark = pytest.mark.django_db


def run() -> str:
    out = StringIO()
    call_command("demo_accounts", stdout=out)
    return out.getvalue()


def passwords(settings: Settings) -> dict[str, str]:
    lines = (Path(settings.VAR_DIR) / "demo-passwords.txt").read_text().splitlines()
    return {email: password for _role, email, password in (line.split("\t") for line in lines)}


def test_four_people_of_three_roles_are_made(settings: Settings) -> None:
    education = builders.forum(slug="education")
    environment = builders.forum(slug="environment")
    printed = run()

    known = passwords(settings)
    assert len(set(known.values())) == 4
    assert all(len(password) >= 16 and password in printed for password in known.values())
    for email, password in known.items():
        assert User.objects.get(email=email).check_password(password)
    assert list(User.objects.order_by("email").values_list("email", "role")) == [
        ("admin@example.org", Role.ADMINISTRATOR),
        ("editor@example.org", Role.EDITOR),
        ("education@example.org", Role.COORDINATOR),
        ("environment@example.org", Role.COORDINATOR),
    ]
    shown = Coordinator.objects.values_list("forum", "user__email", "user__display_name")
    assert set(shown) == {
        (education.pk, "education@example.org", "רכז/ת (הדגמה)"),
        (environment.pk, "environment@example.org", "רכז/ת (הדגמה)"),
    }


def test_the_file_is_its_owners_alone(settings: Settings) -> None:
    path = Path(settings.VAR_DIR) / "demo-passwords.txt"
    path.write_text("")
    path.chmod(0o644)
    run()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_second_run_prints_the_same_and_changes_nothing(settings: Settings) -> None:
    builders.forum(slug="education")
    first = run()
    before = list(User.objects.values())
    Coordinator.objects.all().delete()

    assert run() == first
    assert list(User.objects.values()) == before
    assert not Coordinator.objects.exists()


def test_a_changed_password_is_neither_reset_nor_printed(settings: Settings) -> None:
    run()
    old = passwords(settings)["editor@example.org"]
    editor = User.objects.get(email="editor@example.org")
    editor.set_password("of-the-editor-alone-9")
    editor.save()
    printed = run()

    editor.refresh_from_db()
    assert editor.check_password("of-the-editor-alone-9")
    assert old not in printed
    assert "editor@example.org       (changed)" in printed


def test_a_lost_file_resets_nobody(settings: Settings) -> None:
    run()
    before = list(User.objects.values_list("password", flat=True))
    (Path(settings.VAR_DIR) / "demo-passwords.txt").unlink()

    assert run().count("(changed)") == 4
    assert list(User.objects.values_list("password", flat=True)) == before


def test_production_has_no_demo_accounts(settings: Settings) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="no demo accounts in production"):
        run()
    assert not User.objects.exists()
