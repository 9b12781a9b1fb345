import http.client
import re
import time
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile

from cluster_portal.shared.models import OutboxMessage, SiteSettings
from forums.models import Proposal
from tests import builders, public_forms

URL = "/incubator/propose/"


def stored_files() -> list[str]:
    """Return the paths of all files in the folder of proposals."""
    if not default_storage.exists("proposals"):
        return []
    return [
        f"proposals/{folder}/{name}"
        for folder in default_storage.listdir("proposals")[0]
        for name in default_storage.listdir(f"proposals/{folder}")[1]
    ]


@pytest.mark.django_db
def test_visitor_proposes_an_initiative(client):
    field = builders.forum(kind="thematic")
    rahat, netivot = builders.municipality(), builders.municipality()
    data = public_forms.proposal(
        field=field.pk,
        municipalities=[rahat.pk, netivot.pk],
        attachment=SimpleUploadedFile("מסלול.pdf", builders.PDF),
    )
    response = client.post(URL, data)
    proposal = Proposal.objects.get()
    assert response.status_code == 302
    assert response.url == f"/submissions/{proposal.reference}/"
    for name in ("title", "description", "organisation", "contact_name", "contact_email"):
        assert getattr(proposal, name) == data[name]
    assert proposal.field == field
    assert set(proposal.municipalities.all()) == {rahat, netivot}
    assert proposal.attachment_name == "מסלול.pdf"
    with proposal.attachment.open() as file:
        assert file.read() == builders.PDF
    assert stored_files() == [proposal.attachment.name]
    assert "מסלול" not in str(proposal.attachment.name)
    assert proposal.notice
    assert OutboxMessage.objects.filter(to="samir@example.org").count() == 1


@pytest.mark.django_db
def test_only_the_fields_of_our_work_and_our_members_are_offered(client):
    field = builders.forum(kind="thematic", field="חינוך")
    closed = builders.forum(kind="thematic", state="closed")
    lead = builders.forum(kind="lead")
    here, gone = builders.municipality(), builders.municipality(left_year=2020)
    form = client.get(URL).context["form"]
    assert [str(label) for _value, label in form.fields["field"].choices][1:] == ["חינוך"]
    assert list(form.fields["municipalities"].queryset) == [here]
    for name, wrong in [
        ("field", closed.pk),
        ("field", lead.pk),
        ("municipalities", gone.pk),
        ("field", "x\x00"),
        ("field", 2**63),
        ("municipalities", -1),
        ("municipalities", "9" * 400),
        ("municipalities", 2**64),
        ("municipalities", "אחת"),
    ]:
        response = client.post(URL, public_forms.proposal(**{name: wrong}))
        assert list(response.context["form"].errors) == [name]
    assert field in form.fields["field"].queryset
    assert Proposal.objects.count() == 0


@pytest.mark.django_db
def test_wrong_form_comes_back_with_all_that_was_chosen(client):
    field = builders.forum(kind="thematic")
    rahat, netivot = builders.municipality(), builders.municipality()
    data = public_forms.proposal(title="", field=field.pk, municipalities=[netivot.pk])
    page = client.post(URL, data).content.decode()
    assert f'<option value="{field.pk}" selected>' in page
    boxes = re.findall(r'<input type="checkbox"[^>]*>', page)
    assert [f'value="{netivot.pk}"' in box for box in boxes] == ["checked" in box for box in boxes]
    assert len(boxes) == 2
    assert data["organisation"] in page
    assert "שנייה: מפה משותפת." in page
    assert rahat.name in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("מסמך.pdf", b"not a pdf"),
        ("page.html", b"<script>alert(1)</script>"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'></svg>"),
        ("photo.jpg", b"\xff\xd8\xff broken"),
        ("empty.pdf", b""),
        ("../../etc/passwd", b"root"),
    ],
)
def test_wrong_file_is_refused_beside_its_field(client, name, content):
    data = public_forms.proposal(attachment=SimpleUploadedFile(name, content))
    response = client.post(URL, data)
    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["attachment"]
    page = response.content.decode()
    assert 'id="id_attachment_error"' in page
    assert data["title"] in page
    assert Proposal.objects.count() == 0
    assert stored_files() == []


@pytest.mark.django_db
def test_form_sent_twice_keeps_one_proposal_and_one_file(client):
    data = public_forms.proposal()
    urls = {
        client.post(URL, data | {"attachment": SimpleUploadedFile("a.pdf", builders.PDF)}).url
        for _ in range(3)
    }
    assert len(urls) == 1
    assert Proposal.objects.count() == 1
    assert len(stored_files()) == 1


@pytest.mark.django_db
def test_no_file_stays_behind_when_the_row_is_not_saved(client, monkeypatch):
    def fail(**kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(OutboxMessage.objects, "create", fail)
    data = public_forms.proposal(attachment=SimpleUploadedFile("a.pdf", builders.PDF))
    response = client.post(URL, data)
    assert response.status_code == 503
    assert data["title"] in response.content.decode()
    assert Proposal.objects.count() == 0
    assert stored_files() == []


@pytest.mark.django_db
def test_notice_of_the_law_stands_beside_the_form(client):
    SiteSettings(retention_days=45).save()
    page = client.get(URL)
    assert "45" in page.context["notice"]
    assert "אשכול נגב מערבי" in page.context["notice"]
    for paragraph in page.context["notice"].split("\n\n"):
        assert paragraph in page.content.decode()


@pytest.mark.django_db
def test_page_asks_few_questions_of_the_database(client, django_assert_max_num_queries):
    for _ in range(12):
        builders.municipality()
        builders.forum(kind="thematic")
    with django_assert_max_num_queries(6):
        client.get(URL)


# The file that came with a proposal.


@pytest.fixture
def with_file(db) -> Proposal:
    return builders.proposal(
        attachment=SimpleUploadedFile("x.pdf", builders.PDF), attachment_name="מסלול.pdf"
    )


@pytest.mark.parametrize("role", ["editor", "administrator"])
def test_staff_fetch_the_file_to_save_it(client, with_file, role):
    client.force_login(builders.user(role), "django.contrib.auth.backends.ModelBackend")
    response = client.get(f"/media/proposals/{with_file.pk}/")
    assert response.status_code == 200
    assert b"".join(response.streaming_content) == builders.PDF
    assert response["Content-Type"] == "application/pdf"
    assert response["Content-Disposition"].startswith("attachment")
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("role", ["", "coordinator"])
def test_for_all_others_the_file_does_not_exist(client, with_file, role):
    if role:
        client.force_login(builders.user(role), "django.contrib.auth.backends.ModelBackend")
    there = client.get(f"/media/proposals/{with_file.pk}/")
    missing = client.get(f"/media/proposals/{with_file.pk + 1}/")
    assert there.status_code == missing.status_code == 404
    assert set(there.headers) == set(missing.headers)
    assert "Content-Disposition" not in there


def test_proposal_without_a_file_has_none_to_fetch(client, db):
    proposal = builders.proposal()
    client.force_login(builders.user(), "django.contrib.auth.backends.ModelBackend")
    for pk in (proposal.pk, 0, 2**63, 10**40):
        assert client.get(f"/media/proposals/{pk}/").status_code == 404


# Against the real server, which alone shows what becomes of a request that is too large.


def opened(server, url: str) -> tuple[http.client.HTTPConnection, dict[str, str], dict[str, str]]:
    """Open a form as a browser does: return the connection, the hidden values and the cookie."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
    connection.request("GET", url)
    response = connection.getresponse()
    page = response.read().decode()
    hidden = {
        unescape(name): unescape(value)
        for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page)
    }
    cookie = (response.getheader("Set-Cookie") or "").split(";")[0]
    return connection, hidden, {"Cookie": cookie}


def multipart(fields: dict[str, str], file: bytes | None = None) -> tuple[bytes, dict[str, str]]:
    """Return the body of a form with one attachment, and the headers that go with it."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    if file is not None:
        head = 'Content-Disposition: form-data; name="attachment"; filename="גדול.pdf"'
        parts.append(f"--b\r\n{head}\r\nContent-Type: application/pdf\r\n\r\n".encode() + file)
        parts.append(b"\r\n")
    return b"".join([*parts, b"--b--\r\n"]), {"Content-Type": "multipart/form-data; boundary=b"}


def test_form_with_a_file_over_the_limit_comes_back_filled(portal_server):
    connection, hidden, headers = opened(portal_server, URL)
    typed = public_forms.proposal(title="יוזמה עם קובץ גדול")
    body, kind = multipart(typed | hidden, b"%PDF-1.4 " + b"x" * 30_000_000)
    connection.request("POST", URL, body, headers | kind)
    response = connection.getresponse()
    page = response.read().decode()
    connection.close()
    assert response.status == 200
    assert 'id="id_attachment_error"' in page
    assert typed["title"] in page
    assert "שנייה: מפה משותפת." in page


def test_form_beyond_all_measure_is_refused_at_once(portal_server):
    connection, _hidden, headers = opened(portal_server, URL)
    connection.putrequest("POST", URL)
    for name, value in (headers | multipart({})[1]).items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", "700000000")
    connection.endheaders()
    started = time.monotonic()
    response = connection.getresponse()
    assert response.status == 413
    assert time.monotonic() - started < 2
    assert 'lang="he"' in response.read().decode()
    connection.close()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"--b\r\nContent-Disposition: form-data; na", "multipart/form-data; boundary=b"),
        (b"x", "multipart/form-data"),
        (b"x", "multipart/form-data; boundary=" + "b" * 300),
        (b"&".join(b"a%d=1" % n for n in range(1001)), "application/x-www-form-urlencoded"),
        (b"a=%ff%fe", "application/x-www-form-urlencoded; charset=utf-7"),
        (b"", "text/plain"),
    ],
)
def test_broken_body_gets_a_hebrew_answer_and_never_an_error(portal_server, body, kind):
    connection, _hidden, headers = opened(portal_server, URL)
    connection.request("POST", URL, body, headers | {"Content-Type": kind})
    response = connection.getresponse()
    page = response.read().decode()
    connection.close()
    assert response.status in {400, 403, 413}
    assert 'lang="he"' in page
