from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cluster_portal.shared.archive import BadArchive, restore_archive


class Command(BaseCommand):
    help = "Replace database and media by those of an archive that `backup` wrote."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("archive", help="the archive")
        parser.add_argument(
            "--yes", action="store_true", help="yes, replace everything that the site holds now"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["archive"])
        if not path.is_file():
            raise CommandError(f"There is no file {path}.")
        if not options["yes"]:
            raise CommandError("This replaces all content and media of the site. Add --yes.")
        try:
            manifest = restore_archive(path)
        except (BadArchive, OSError) as error:
            raise CommandError(str(error)) from error
        call_command("migrate", verbosity=0, interactive=False)
        self.stdout.write(f"Restored what was backed up at {manifest['made_at']}.")
