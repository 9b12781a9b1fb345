from urllib.parse import quote

import pytest
from django.core.files.storage import default_storage
from django.test import Client

from cluster_portal.shared.media import Unsatisfiable, wanted_range
from tests import builders as b
from tests.pages import hidden

pytestmark = pytest.mark.django_db

CONTENT = b"%PDF-1.4 0123456789"


def public_document(title: str = "מסמך", content: bytes = CONTENT) -> str:
    return b.forum_document(b.forum(), b.document(content, title=title)).document.get_absolute_url()


def test_public_photo_is_served_in_each_size(client: Client) -> None:
    photo = b.photo(b.image_bytes(1000, 500))
    b.update_photo(b.forum_update(), photo)
    assert photo.widths == [480, 960, 1000]
    for width in photo.widths:
        for suffix, content_type in (("webp", "image/webp"), ("jpg", "image/jpeg")):
            response = client.get(photo.url(width, suffix))
            assert response.status_code == 200
            assert response.headers["Content-Type"] == content_type
            assert len(response.getvalue()) == int(response.headers["Content-Length"])


def test_only_sizes_that_exist_are_served(client: Client) -> None:
    photo = b.photo(b.image_bytes(600, 300))
    b.update_photo(b.forum_update(), photo)
    for width, suffix in ((960, "webp"), (480, "png"), (0, "webp"), (10**30, "jpg"), (480, "..")):
        assert client.get(f"/media/photos/{photo.pk}/{width}.{suffix}").status_code == 404
    assert client.get(f"/media/photos/{10**30}/480.webp").status_code == 404


def test_original_has_no_address(client: Client) -> None:
    photo = b.photo()
    b.update_photo(b.forum_update(), photo)
    name = str(photo.file.name)
    for path in (name, quote(name, safe="")):
        assert client.get(f"/media/{path}").status_code == 404


def test_headers_of_a_document(client: Client) -> None:
    response = client.get(public_document("דוח שנתי (2013)"))
    assert response.getvalue() == CONTENT
    headers = response.headers
    name = quote("דוח-שנתי-(2013).pdf", safe="")
    assert headers["Content-Disposition"] == f"attachment; filename*=utf-8''{name}"
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Cache-Control"] == "no-cache"
    assert headers["ETag"].startswith('"')
    assert "Last-Modified" in headers
    assert "Vary" not in headers
    assert not response.cookies


def test_file_is_never_packed(client: Client) -> None:
    response = client.get(public_document(content=b"%PDF-" + b"a" * 5000))
    packed = client.get(
        public_document(content=b"%PDF-" + b"a" * 5000), headers={"accept-encoding": "br, gzip"}
    )
    assert "Content-Encoding" not in packed.headers
    assert packed.getvalue() == response.getvalue()


def test_head_tells_all_but_the_content(client: Client) -> None:
    path = public_document()
    head, get = client.head(path), client.get(path)
    assert head.content == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Last-Modified", "Content-Disposition"):
        assert head.headers[name] == get.headers[name]
    get.getvalue()


def test_other_methods_are_refused(client: Client) -> None:
    path = public_document()
    for method in ("post", "put", "delete", "patch", "options"):
        assert getattr(client, method)(path).status_code == 405


def test_unchanged_file_is_not_sent_again(client: Client) -> None:
    path = public_document()
    first = client.get(path)
    first.getvalue()
    for headers in (
        {"if-none-match": first.headers["ETag"]},
        {"if-none-match": f'"other", W/{first.headers["ETag"]}'},
        {"if-modified-since": first.headers["Last-Modified"]},
    ):
        again = client.get(path, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
    other = client.get(path, headers={"if-none-match": '"other"'})
    assert other.status_code == 200
    other.getvalue()


@pytest.mark.parametrize(
    ("asked", "status", "content", "said"),
    [
        ("bytes=0-3", 206, CONTENT[:4], "bytes 0-3/19"),
        ("bytes=9-", 206, CONTENT[9:], "bytes 9-18/19"),
        ("bytes=-4", 206, CONTENT[-4:], "bytes 15-18/19"),
        ("bytes=-400", 206, CONTENT, "bytes 0-18/19"),
        ("bytes=18-99999999999999999999", 206, CONTENT[18:], "bytes 18-18/19"),
        ("bytes=19-", 416, b"", "bytes */19"),
        ("bytes=-0", 416, b"", "bytes */19"),
        ("bytes=0-0,2-3", 200, CONTENT, None),
        ("bytes=5-2", 200, CONTENT, None),
        ("bytes=-", 200, CONTENT, None),
        ("bytes=a-b", 200, CONTENT, None),
        ("bytes=" + "9" * 5000 + "-", 200, CONTENT, None),
        ("bytes=٣-٤", 200, CONTENT, None),
        ("lines=0-3", 200, CONTENT, None),
    ],
)
def test_range(client: Client, asked: str, status: int, content: bytes, said: str | None) -> None:
    response = client.get(public_document(), headers={"range": asked})
    assert response.status_code == status
    assert response.getvalue() == content
    assert response.headers.get("Content-Range") == said
    if status != 416:
        assert response.headers["Content-Length"] == str(len(content))


def test_part_is_sent_only_of_the_same_file(client: Client) -> None:
    path = public_document()
    first = client.get(path)
    first.getvalue()
    for if_range, status in (
        (first.headers["ETag"], 206),
        (first.headers["Last-Modified"], 206),
        ('"other"', 200),
        (f"W/{first.headers['ETag']}", 200),
        ("Mon, 18 Mar 2013 09:00:00 GMT", 200),
        ("nonsense", 200),
    ):
        response = client.get(path, headers={"range": "bytes=0-1", "if-range": if_range})
        assert response.status_code == status, if_range
        response.getvalue()


def test_head_knows_no_range(client: Client) -> None:
    response = client.head(public_document(), headers={"range": "bytes=0-1"})
    assert (response.status_code, response.headers["Content-Length"]) == (200, str(len(CONTENT)))


@pytest.mark.parametrize(("header", "size"), [("bytes=0-", 0), ("bytes=-1", 0)])
def test_empty_file_has_no_range(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        wanted_range(header, size)


def attachments_of_hidden_things() -> list[str]:
    paths = []
    for update in hidden(b.forum_update):
        photo = b.update_photo(update).photo
        paths += [photo.large_url, b.update_document(update).document.get_absolute_url()]
    for event in hidden(b.event):
        photo = b.event_photo(event).photo
        paths += [photo.large_url, b.event_document(event).document.get_absolute_url()]
    return [*paths, b.photo().large_url, b.document().get_absolute_url()]


def test_files_of_hidden_things_are_missing_to_the_public(client: Client) -> None:
    for path in attachments_of_hidden_things():
        assert client.get(path).status_code == 404
        assert client.head(path).status_code == 404
        part = client.get(path, headers={"range": "bytes=0-1", "if-none-match": "*"})
        assert part.status_code == 404


def test_foreign_coordinator_finds_none_of_them(client: Client) -> None:
    client.force_login(b.coordinator())
    for path in attachments_of_hidden_things():
        assert client.get(path).status_code == 404


def test_editor_gets_them_and_nobody_keeps_them(client: Client) -> None:
    client.force_login(b.user())
    for path in attachments_of_hidden_things():
        response = client.get(path)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "private, no-store"
        assert "Cookie" in response.headers["Vary"]
        response.getvalue()


def test_coordinator_gets_those_of_the_own_forum(client: Client) -> None:
    forum = b.forum()
    document = b.update_document(b.forum_update(forum, state="draft")).document
    path = document.get_absolute_url()
    client.force_login(b.coordinator(forum))
    response = client.get(path)
    assert response.status_code == 200
    response.getvalue()
    assert Client().get(path).status_code == 404


def test_withdrawn_file_is_gone_at_once(client: Client) -> None:
    update = b.forum_update()
    path = b.update_photo(update).photo.large_url
    first = client.get(path)
    first.getvalue()
    update.state = "archived"
    update.save()
    assert client.get(path, headers={"if-none-match": first.headers["ETag"]}).status_code == 404


def test_public_file_looks_at_no_session(client: Client) -> None:
    client.force_login(b.user())
    response = client.get(public_document())
    assert "Vary" not in response.headers
    assert response.headers["Cache-Control"] == "no-cache"
    response.getvalue()


def test_row_without_its_file_is_not_found(client: Client) -> None:
    document = b.forum_document(b.forum()).document
    default_storage.delete(str(document.file.name))
    assert client.get(document.get_absolute_url()).status_code == 404
