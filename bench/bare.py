"""The portal's urls with one more: the least that a page of Django's can be."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from cluster_portal import urls
from members.models import Municipality


def bare(request: HttpRequest) -> HttpResponse:
    """One query and nine names; no base template, no component, no translation."""
    return render(request, "bare.html", {"municipalities": Municipality.objects.all()})


urlpatterns = [path("bare/", bare), *urls.urlpatterns]
handler404 = urls.handler404
handler500 = urls.handler500
