"""Pages of our own, asked for from within as a visitor would ask."""

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponseBase
from django.http.request import QueryDict
from django.urls import ResolverMatch

# What of somebody's request the view gets to see; no cookie, no name.
KEPT = frozenset(
    {"SERVER_NAME", "SERVER_PORT", "HTTP_HOST", "HTTP_RANGE", "REMOTE_ADDR", "wsgi.url_scheme"}
)


# Where nothing is public whatever the address; no search engine need look there either.
CLOSED = ("/accounts/", "/admin/", "/desk/", "/preview/", "/submissions/")


def visitors_request(path: str, asked: HttpRequest | None = None) -> HttpRequest:
    """Return a request for `path` by somebody not logged in, instead of the request `asked`.

    Without `asked` it wants to know what is there, and not its content (HEAD).
    """
    visit = HttpRequest()
    visit.method = asked.method if asked else "HEAD"
    visit.path = visit.path_info = path
    visit.META = {"SERVER_NAME": "localhost", "SERVER_PORT": "80"}
    if asked:
        visit.META |= {name: asked.META[name] for name in KEPT if name in asked.META}
    visit.META |= {"REQUEST_METHOD": visit.method, "PATH_INFO": path}
    visit.GET = QueryDict("")
    visit.user = AnonymousUser()
    return visit


def answer_to(visit: HttpRequest, match: ResolverMatch) -> HttpResponseBase:
    """Return what the view at the visited address answers; raises what the view raises."""
    visit.resolver_match = match
    return match.func(visit, *match.args, **match.kwargs)
