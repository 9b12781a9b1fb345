import gzip

import brotli
import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.test import RequestFactory

from cluster_portal.shared.middleware import CompressionMiddleware, accepted_codings

PAGE = "שלום עולם ".encode() * 200


def answer(response: HttpResponseBase, coding: str) -> HttpResponseBase:
    def view(request: HttpRequest) -> HttpResponseBase:
        return response

    request = RequestFactory().get("/", headers={"accept-encoding": coding})
    return CompressionMiddleware(view)(request)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("asked", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("GZIP", "gzip"),
        ("identity", None),
        ("br;q=0.0", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_page_is_packed_as_the_client_takes_it(asked: str, coding: str | None) -> None:
    response = answer(HttpResponse(PAGE, headers={"ETag": '"a"'}), asked)
    assert isinstance(response, HttpResponse)
    assert response.headers.get("Content-Encoding") == coding
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["ETag"] == ('W/"a"' if coding else '"a"')
    unpack = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}[coding]
    assert unpack(response.content) == PAGE
    if coding:
        assert response.headers["Content-Length"] == str(len(response.content))


def test_same_page_is_packed_into_the_same_bytes() -> None:
    first, second = (answer(HttpResponse(PAGE), "gzip") for _n in range(2))
    assert first.content == second.content  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse(b"short"),
        HttpResponse(PAGE, content_type="image/webp"),
        HttpResponse(PAGE, headers={"Content-Encoding": "zstd"}),
        StreamingHttpResponse([PAGE], content_type="text/plain"),
    ],
    ids=["short", "picture", "packed", "stream"],
)
def test_the_rest_is_left_as_it_is(response: HttpResponseBase) -> None:
    before = response.headers.get("Content-Encoding")
    assert answer(response, "br").headers.get("Content-Encoding") == before


def test_not_modified_says_what_it_varies_by() -> None:
    assert answer(HttpResponse(status=304), "br").headers["Vary"] == "Accept-Encoding"


def test_codings_are_read_without_regard_to_case_and_spaces() -> None:
    assert accepted_codings(" BR ; q=1 , gzip;q=0") == {"br"}
