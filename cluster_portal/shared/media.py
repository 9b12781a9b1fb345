"""The one door through which uploaded files leave the house."""

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import IO

from django.core.files.storage import default_storage
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header, http_date, parse_http_date_safe

from cluster_portal.shared import attachments
from cluster_portal.shared.csrf import require_safe
from cluster_portal.shared.documents import DOCUMENT_KINDS
from cluster_portal.shared.models import Document, Photo
from cluster_portal.shared.photos import SUFFIXES, rendition_path

BLOCK = 64 * 1024
IMAGE_TYPES = {"webp": "image/webp", "jpg": "image/jpeg"}
# Twenty digits hold any size; more would only make Python work.
ONE_RANGE = re.compile(r"bytes=[ \t]*(\d{0,20})-(\d{0,20})[ \t]*", re.ASCII)


class FileSlice:
    """`length` bytes of `file` from `start`, block by block; closing it closes the file."""

    def __init__(self, file: IO[bytes], start: int, length: int) -> None:
        self.file, self.start, self.length = file, start, length

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(self.start)
        left = self.length
        while left and (block := self.file.read(min(BLOCK, left))):
            left -= len(block)
            yield block

    def close(self) -> None:
        self.file.close()


class Unsatisfiable(ValueError):
    """The range asked for lies outside the file."""


def wanted_range(header: str, size: int) -> tuple[int, int] | None:
    """Return first and last byte that a Range header asks of a file of `size` bytes.

    None for what is to be ignored (RFC 9110, 14.2): other units, several ranges, nonsense. Raises
    Unsatisfiable for a range that begins behind the end.
    """
    match = ONE_RANGE.fullmatch(header)
    if not match or match[1] == match[2] == "":
        return None
    if match[1] == "":
        length = min(int(match[2]), size)
        if not length:
            raise Unsatisfiable
        return size - length, size - 1
    first = int(match[1])
    last = int(match[2]) if match[2] else size - 1
    if match[2] and last < first:
        return None
    if first >= size:
        raise Unsatisfiable
    return first, min(last, size - 1)


def is_same_file(if_range: str, etag: str, modified: int) -> bool:
    """Say whether an If-Range header names the file as it is; empty means that it is not asked."""
    if not if_range:
        return True
    return if_range == etag or parse_http_date_safe(if_range) == modified


def serve_file(
    request: HttpRequest,
    path: str,
    content_type: str,
    download_name: str | None = None,
    *,
    public: bool,
) -> HttpResponseBase:
    """Return the file stored at `path`, or the range of it that `request` asks for.

    The caller has decided that the file may be seen, and whether by everybody (`public`): any other
    answer is kept by nobody. With `download_name` the browser saves it instead of showing it.
    Raises Http404 when there is no such file.
    """
    try:
        file = default_storage.open(path)
        size = default_storage.size(path)
        modified = int(default_storage.get_modified_time(path).timestamp())
    except (OSError, ValueError) as error:
        raise Http404 from error
    # A path is never written twice with different content, so it stands for the content.
    etag = f'"{blake2b(f"{path} {size} {modified}".encode(), digest_size=12).hexdigest()}"'
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "ETag": etag,
        "Last-Modified": http_date(modified),
        "X-Content-Type-Options": "nosniff",
    }
    if not public:
        headers["Cache-Control"] = "private, no-store"
    if download_name:
        headers["Content-Disposition"] = content_disposition_header(True, download_name)
    unchanged = get_conditional_response(request, etag=etag, last_modified=modified)
    if unchanged is not None:
        file.close()
        for name, value in headers.items():
            unchanged.headers[name] = value
        return unchanged
    first, last, status = 0, size - 1, 200
    asked = request.headers.get("Range", "") if request.method == "GET" else ""
    if asked and is_same_file(request.headers.get("If-Range", ""), etag, modified):
        try:
            if wanted := wanted_range(asked, size):
                (first, last), status = wanted, 206
                headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        except Unsatisfiable:
            file.close()
            return HttpResponse(status=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    headers["Content-Length"] = str(last - first + 1)
    if request.method == "HEAD":
        file.close()
        return HttpResponse(content_type=content_type, headers=headers)
    return StreamingHttpResponse(
        FileSlice(file, first, last - first + 1),
        status=status,
        content_type=content_type,
        headers=headers,
    )


def attachment_is_public(request: HttpRequest, attachment: Photo | Document) -> bool:
    """Return whether everybody may fetch `attachment`; raise Http404 if this user may not.

    Whether it is public is asked first: for what everybody sees, no session is looked at, and so
    no answer depends on a cookie.
    """
    if attachments.is_public(attachment):
        return True
    if not attachments.may_view(request.user, attachment):
        raise Http404
    return False


@require_safe
def photo(request: HttpRequest, pk: int, width: int, suffix: str) -> HttpResponseBase:
    photo = get_object_or_404(Photo, pk=pk)
    if suffix not in SUFFIXES or width not in photo.widths:
        raise Http404
    public = attachment_is_public(request, photo)
    path = rendition_path(str(photo.file.name), width, suffix)
    return serve_file(request, path, IMAGE_TYPES[suffix], public=public)


@require_safe
def document(request: HttpRequest, pk: int, name: str) -> HttpResponseBase:
    """Serve a document to save; the name in its address is for people, the number finds it."""
    document = get_object_or_404(Document, pk=pk)
    public = attachment_is_public(request, document)
    return serve_file(
        request,
        str(document.file.name),
        DOCUMENT_KINDS[document.kind],
        document.filename,
        public=public,
    )
