from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, no_translations

from cluster_portal.shared import history
from cluster_portal.shared.content_loader import ContentError, load_content


class Command(BaseCommand):
    help = (
        "Fills the site from the content files of the repository. It may run at every start: what "
        "staff changed or deleted stays as they left it. If anything is wrong, nothing is changed."
    )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with history.editing(note="load_content"):
                report = load_content(settings.CONTENT_DIRS)
        except ContentError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"content: {report.created} created, {report.updated} updated, "
            f"{report.unchanged} unchanged, {report.kept} kept as staff changed them, "
            f"{report.adopted} adopted as they were, {report.left_deleted} left deleted"
        )
