from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class SharedConfig(AppConfig):
    name = "cluster_portal.shared"
    label = "shared"
    verbose_name = _("Site and files")

    def ready(self) -> None:
        # Each app's scope.py tells the policy how its things find their forum.
        # submissions.py sees to it that what is erased leaves no file behind.
        autodiscover_modules("scope", "submissions")
