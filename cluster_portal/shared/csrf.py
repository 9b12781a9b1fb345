"""When the CSRF check fails: the form comes back with all that was typed, and nothing is done."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, UnreadablePostError
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext_lazy as _
from django.views.decorators import http
from django.views.decorators.csrf import csrf_exempt

from cluster_portal.shared.text import clean_text

View = Callable[..., HttpResponse]

CSRF_FAILED = _(
    "The form was open for too long, or the browser does not keep cookies, so it was not sent. "
    "All that you typed is still here: please send it again."
)

# What a form sends that nobody typed, or that must never be shown again.
NOT_TYPED = ("csrfmiddlewaretoken", "ticket", "trap", "action", "select_across", "index", "next")
NOT_TYPED_ENDS = ("_FORMS", "-id", "-ORDER", "-DELETE")
SECRET_PARTS = ("password", "passwd", "secret", "token", "otp")


class SoftCsrfCheck(CsrfViewMiddleware):
    """Django's own check, with the reason for an answer instead of an error page."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason

    def failure(self, request: HttpRequest, view: View) -> str:
        """Return why the request must not be acted on; empty when all is well."""
        return str(self.process_view(request, view, (), {}) or "")


def keeps_typed(view: View) -> View:
    """Decorate a view with a form: a failed CSRF check reaches it as ``request.csrf_failed``.

    The view must then do nothing but show the bound form again, with CSRF_FAILED among its errors
    and status 403. The page is never stored: each showing carries its own token.
    """
    check = SoftCsrfCheck(lambda request: HttpResponse())

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.csrf_failed = bool(check.failure(request, view))  # type: ignore[attr-defined]
        response = view(request, *args, **kwargs)
        add_never_cache_headers(response)
        return response

    return csrf_exempt(wrapped)


def require_safe(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view that only shows something: GET and HEAD, and 405 to all else.

    As Django's own, but its 405 comes also to who sends no token. Nothing is ever taken here, so
    nothing need be asked of what is sent.
    """
    return csrf_exempt(http.require_safe(view))


def typed_values(request: HttpRequest) -> list[tuple[str, str]]:
    """Return the (name, value) of every text that was typed into the form that was refused.

    Passwords and other secrets, hidden values and empty fields are left out.
    """
    try:
        sent = list(request.POST.lists())
    except UnreadablePostError:
        return []
    return [
        (clean_text(name), clean_text(value))
        for name, values in sent
        if name not in NOT_TYPED
        and not name.startswith("_")
        and not name.endswith(NOT_TYPED_ENDS)
        and not any(part in name.lower() for part in SECRET_PARTS)
        for value in values
        if any(c.isalpha() for c in value)
    ]


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a request whose CSRF check failed, with what was typed ready to be copied."""
    # The names of fields are English and technical; people know their own words.
    typed = [(_("Text that was typed"), value) for _name, value in typed_values(request)]
    return render(request, "csrf_failure.html", {"typed": typed}, status=403)
