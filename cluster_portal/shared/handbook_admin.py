"""The handbook of the editors and administrators, a page of the admin."""

from django.http import HttpRequest, HttpResponse
from django.urls import path
from django.utils.translation import gettext as _

from cluster_portal.shared.admin_site import site
from cluster_portal.shared.review_admin import page, show


@page("GET", "HEAD")
def handbook(request: HttpRequest) -> HttpResponse:
    """Show the editors' handbook, to everybody who may enter the admin."""
    return show(request, "admin/handbook.html", _("Handbook for editors"), {})


site.pages.append(path("handbook/", site.admin_view(handbook), name="handbook"))
