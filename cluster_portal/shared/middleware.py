"""What every answer carries, and what no request may exceed."""

import gzip
from collections.abc import Callable

import brotli
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from cluster_portal.shared import history

Handler = Callable[[HttpRequest], HttpResponse]

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class SecurityHeadersMiddleware:
    """Set the headers that Django 5.2 has no setting for."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response
        self.csp = "; ".join(
            f"{directive} {' '.join(sources)}" for directive, sources in settings.SECURE_CSP.items()
        )

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.csp)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cross-Origin-Embedder-Policy", "require-corp")
        if response.cookies:
            response.headers["Cache-Control"] = "private, no-store"
        elif "Cache-Control" not in response.headers:
            # Kept by whoever likes, but asked for again each time: an edit shows at once.
            response.headers["Cache-Control"] = "no-cache"
        if request.method == "HEAD" and not response.streaming:
            # Its length was told already; a body would be dropped by the server, with a warning.
            response.content = b""
        return response


class RequestSizeMiddleware:
    """Answer 413 at once to a body larger than anything we take."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > settings.REQUEST_MAX_BYTES:
            return render(request, "413.html", status=413)
        return self.get_response(request)


class EditingMiddleware:
    """Make all saves of one request one act of the person who sent it (see history.py)."""

    SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method in self.SAFE:
            return self.get_response(request)
        with history.editing(lambda: request.user):
            return self.get_response(request)


class CompressionMiddleware:
    """Pack pages with brotli or gzip, whichever the client takes.

    Files are left alone: pictures are packed already, and a part of a file (206) must stay as it
    was cut. The ETag turns weak, since the packed page is not the same byte by byte.
    """

    SHORTEST = 500
    TYPES = ("text/", "application/xml", "application/json")
    # Levels at which one page takes about a millisecond.
    CODINGS: tuple[tuple[str, Callable[[bytes], bytes]], ...] = (
        ("br", lambda content: brotli.compress(content, quality=4)),
        ("gzip", lambda content: gzip.compress(content, compresslevel=5, mtime=0)),
    )

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 304:
            patch_vary_headers(response, ("Accept-Encoding",))
        if response.streaming or response.has_header("Content-Encoding"):
            return response
        if not response.headers.get("Content-Type", "").startswith(self.TYPES):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if len(response.content) < self.SHORTEST:
            return response
        taken = accepted_codings(request.headers.get("Accept-Encoding", ""))
        for name, compress in self.CODINGS:
            if name in taken:
                response.content = compress(response.content)
                response.headers["Content-Encoding"] = name
                response.headers["Content-Length"] = str(len(response.content))
                if response.headers.get("ETag", "").startswith('"'):
                    response.headers["ETag"] = f"W/{response.headers['ETag']}"
                break
        return response


def accepted_codings(header: str) -> set[str]:
    """Return the codings that an Accept-Encoding header names and does not refuse (q=0)."""
    codings = set()
    for part in header[:200].lower().split(","):
        name, _, parameter = part.replace(" ", "").partition(";")
        if not (parameter.startswith("q=") and not parameter[2:].strip("0.")):
            codings.add(name)
    return codings
