"""Let somebody in: an account without a password, and a one-time link to choose one."""

import logging
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction
from django.urls import reverse

from cluster_portal.shared import outbox
from cluster_portal.shared.accounts import invitation_link
from cluster_portal.shared.models import User
from cluster_portal.shared.policy import Role
from cluster_portal.shared.text import clean_text
from forums.models import Coordinator, Forum

security_log = logging.getLogger("portal.security")


class Command(BaseCommand):
    help = (
        "Invite ADDRESS to the portal: make the account if there is none, print a link that sets "
        "its password (once, within a day), and queue a letter with it. Without --role the first "
        "account becomes an administrator, every other a coordinator."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("address", metavar="ADDRESS", help="e-mail address, also the log-in")
        parser.add_argument("--role", help=f"one of: {', '.join(Role.values)}")
        parser.add_argument("--name", help="as colleagues and the public see it")
        parser.add_argument(
            "--forum",
            nargs="+",
            default=[],
            metavar="SLUG",
            help="forums that the person coordinates, as in their addresses",
        )
        parser.add_argument(
            "--again", action="store_true", help="a new link also for who has a password already"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        address = checked_address(options["address"])
        role = options["role"]
        if role is not None and role not in Role.values:
            raise CommandError(f"There is no role {role!r}; there are: {', '.join(Role.values)}.")
        forums = checked_forums(options["forum"])
        with transaction.atomic():
            user = account(address, role, clean_text(options["name"] or ""), options["again"])
            for forum in forums:
                Coordinator.objects.update_or_create(
                    forum=forum, user=user, defaults={"ends_on": None}
                )
            link = invitation_link(user)
            outbox.queue(
                user.email,
                "invitation",
                {
                    "name": user.display_name,
                    "forums": [forum.name for forum in forums],
                    "link": link,
                    "login_url": f"{settings.SITE_URL}{reverse('login')}",
                },
            )
        security_log.info("invited: user=%s role=%s", user.pk, user.role)
        self.stdout.write(f"{user.email} ({user.role}) sets a password here, once, within a day:")
        self.stdout.write(link)


def checked_address(typed: str) -> str:
    """Return the address as accounts store it, or end the command."""
    address = clean_text(typed).strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise CommandError(f"{typed!r} is not an e-mail address.") from error
    if len(address) > 254:
        raise CommandError("The address is too long: at most 254 signs.")
    return address


def checked_forums(slugs: list[str]) -> list[Forum]:
    """Return the forums of these addresses, or end the command."""
    forums = {forum.slug: forum for forum in Forum.objects.filter(slug__in=slugs)}
    if missing := [slug for slug in slugs if slug not in forums]:
        raise CommandError(f"There is no forum {', '.join(missing)}.")
    return [forums[slug] for slug in dict.fromkeys(slugs)]


def account(address: str, role: str | None, name: str, again: bool) -> User:
    """Return the account of `address`, made or brought up to date; or end the command."""
    user = User.objects.filter(email__iexact=address).first()
    if user is None:
        if role is None:
            role = Role.COORDINATOR if User.objects.exists() else Role.ADMINISTRATOR
        name = name or address.partition("@")[0]
        return User.objects.create_user(address, role=role, display_name=name[:120])
    if not user.is_active:
        raise CommandError(f"{address} is switched off; switch the account on in the admin first.")
    if user.has_usable_password() and not again:
        raise CommandError(f"{address} has a password already; --again makes a new link.")
    if role is not None:
        user.role = role
    if name:
        user.display_name = name[:120]
    user.save()
    return user
