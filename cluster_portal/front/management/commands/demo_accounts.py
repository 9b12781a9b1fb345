import os
import secrets
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, no_translations
from django.db import transaction

from cluster_portal.shared.models import User
from cluster_portal.shared.policy import Role
from forums.models import Coordinator, Forum


class Account(NamedTuple):
    """An account of the demo: who it is, and the slug of the forum it coordinates."""

    role: Role
    email: str
    name: str
    forum: str = ""


ACCOUNTS = (
    Account(Role.ADMINISTRATOR, "admin@example.org", "מנהל/ת (הדגמה)"),
    Account(Role.EDITOR, "editor@example.org", "עורך/ת (הדגמה)"),
    Account(Role.COORDINATOR, "education@example.org", "רכז/ת (הדגמה)", "education"),
    Account(Role.COORDINATOR, "environment@example.org", "רכז/ת (הדגמה)", "environment"),
)
# Letters and digits that are not taken for each other when read from a screen.
SIGNS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def new_password() -> str:
    """Return a random password of 20 signs."""
    return "".join(secrets.choice(SIGNS) for _ in range(20))


def read_passwords(path: Path) -> dict[str, str]:
    """Return the passwords by e-mail; the file has role, e-mail and password a line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return {}
    parts = (line.split("\t") for line in lines)
    return {part[1]: part[2] for part in parts if len(part) == 3}


def write_passwords(path: Path, passwords: dict[str, str]) -> None:
    """Write the passwords so that only the owner of the file can ever read it."""
    lines = [
        f"{account.role}\t{account.email}\t{passwords[account.email]}\n"
        for account in ACCOUNTS
        if account.email in passwords
    ]
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(lines)
    new.replace(path)


class Command(BaseCommand):
    help = (
        "Makes the accounts of the demo with random passwords, and prints them. An account that is "
        "there keeps its password. Refused in production, where invite makes the first account."
    )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("there are no demo accounts in production: use invite")
        path = Path(settings.VAR_DIR) / "demo-passwords.txt"
        passwords = read_passwords(path)
        # Written before the accounts are made: no account ever has a password that nobody knows.
        for account in ACCOUNTS:
            if not User.objects.filter(email=account.email).exists():
                passwords.setdefault(account.email, new_password())
        write_passwords(path, passwords)
        self.stdout.write(f"Demo accounts, log in at {settings.SITE_URL}/accounts/login/")
        for account in ACCOUNTS:
            user = self.user_of(account, passwords)
            password = passwords.get(account.email, "")
            shown = password if user.check_password(password) else "(changed)"
            self.stdout.write(f"  {account.role.value:<13}  {account.email:<23}  {shown}")
        self.stdout.write(f"  The passwords lie in {path}")

    @transaction.atomic
    def user_of(self, account: Account, passwords: dict[str, str]) -> User:
        """Return the user of `account`, made with its forum if it is not there."""
        if user := User.objects.filter(email=account.email).first():
            return user
        user = User.objects.create_user(
            account.email, passwords[account.email], role=account.role, display_name=account.name
        )
        if forum := Forum.objects.filter(slug=account.forum).first():
            Coordinator.objects.create(forum=forum, user=user)
            forum.is_trusted = True
            forum.save()
        return user
