"""The handbook of the desk: how coordinators write, send, publish and take back."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from forums.desk import desk_page


@desk_page("GET", "HEAD")
def desk_handbook(request: HttpRequest) -> HttpResponse:
    """Show the coordinators' handbook, to everybody who is logged in."""
    return render(request, "desk/desk_handbook.html", {})
