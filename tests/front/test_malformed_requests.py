"""Two thousand malformed requests against the real server: no 5xx, no hang, and it lives on."""

import contextlib
import random
import socket
import urllib.request
from urllib.parse import urlsplit

PATHS = [
    "/",
    "/about/",
    "/members/",
    "/members/rahat/",
    "/goals/",
    "/forums/",
    "/forums/education/",
    "/updates/",
    "/updates/2026/",
    "/forums/education/updates/1/",
    "/milestones/",
    "/incubator/",
    "/incubator/propose/",
    "/events/",
    "/contact/",
    "/incubator/initiatives/1/",
    "/events/launch-2013/",
    "/submissions/",
    "/accessibility/",
    "/privacy/",
    "/sitemap/",
    "/sitemap.xml",
    "/robots.txt",
    "/accounts/login/",
    "/desk/",
    "/admin/",
    "/media/photos/1/480.webp",
    "/media/documents/1/x.pdf",
    "/static/css/none.css",
]
ODD = [
    *rb"%00 % %zz %ff%fe %c0%af..%c0%af ..%2f..%2fetc/passwd // /./../ \..\ %E2%80%AE".split(),
    *rb"%ED%A0%80 '\"><script> -1 %2e%2e%2f ;jsessionid=1 %0d%0aSet-Cookie:x=1".split(),
    b"9" * 40,
    b"?" * 20,
    b"A" * 7000,
    "שלום".encode(),
    b"\x00",
    b"\xff\xfe",
]
NAMES = b"page year next reference q csrfmiddlewaretoken title __proto__".split()
METHODS = [
    *b"GET HEAD POST PUT PATCH DELETE OPTIONS TRACE PROPFIND get".split(),
    b"G E T",
    b"",
    b"POST\x00",
    b"A" * 100,
]
VERSIONS = [b"HTTP/1.1"] * 6 + [b"HTTP/1.0", b"HTTP/9.9", b"HTTP/", b"", b"HTTP/1.1\x00", b"FTP/1"]
TYPES = [
    b"application/x-www-form-urlencoded",
    b"application/x-www-form-urlencoded; charset=utf-7",
    b"application/x-www-form-urlencoded; charset=nonsense",
    b"multipart/form-data",
    b"multipart/form-data; boundary=",
    b"multipart/form-data; boundary=x",
    b"multipart/form-data; boundary=" + b"x" * 300,
    b"application/json",
    b"text/\xff",
    b"",
]
BODIES = [
    b"",
    b"&".join(b"a%d=1" % n for n in range(1200)),
    b"title=" + b"%00" * 50,
    b"title=\xff\xfe&message=\xed\xa0\x80",
    b"x" * 20_000,
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
    b'--x\r\nContent-Disposition: form-data; name="f"; filename="../\x00.png"\r\n\r\nx\r\n--x--',
    b"--x\r\nContent-Transfer-Encoding: base64\r\n"
    b'Content-Disposition: form-data; name="f"; filename="a"\r\n\r\n!!!!\r\n--x--',
    bytes(range(256)),
]


def odd_path(chance: random.Random) -> bytes:
    path = chance.choice(PATHS).encode()
    if chance.random() < 0.5:
        path += chance.choice(ODD)
    if chance.random() < 0.6:
        pairs = (chance.choice(NAMES) + b"=" + chance.choice(ODD) for _ in range(3))
        path += b"?" + b"&".join(pairs)
    return path


def odd_headers(chance: random.Random, host: bytes) -> list[bytes]:
    headers = [
        b"Cookie: session=" + chance.choice(ODD),
        b"Cookie: csrf=" + b"x" * 200,
        b"If-None-Match: " + chance.choice(ODD),
        b"If-Modified-Since: " + chance.choice(ODD),
        b"Range: bytes=" + chance.choice([b"9-1", b"-", b"0-0,5-9", b"9" * 30 + b"-", b"x"]),
        b"Accept-Encoding: " + chance.choice([b"br", b"gzip;q=x", b"*;q=0", b"\xff"]),
        b"Accept-Language: " + b"x" * 3000,
        b"X-Forwarded-For: " + chance.choice(ODD),
        b"X-Forwarded-Proto: https",
        b"Referer: " + chance.choice(ODD),
        b"Origin: null",
        b"Transfer-Encoding: " + chance.choice([b"chunked", b"chunked, chunked", b"x"]),
        b"Expect: 100-continue",
        b"No colon here",
        b": no name",
        b"X-Folded: a\r\n b",
        b"X-" + b"y" * 9000 + b": z",
    ]
    named = b"Host: " + (host if chance.random() < 0.8 else chance.choice(ODD))
    return [named, *chance.sample(headers, chance.randint(0, 4))]


def malformed_request(chance: random.Random, host: bytes) -> bytes:
    body = chance.choice(BODIES)
    headers = odd_headers(chance, host)
    if chance.random() < 0.7:
        right = b"%d" % len(body)
        length = chance.choice([right] * 6 + [b"-1", b"x", b"1e3", b"%d" % (len(body) // 2)])
        headers.append(b"Content-Length: " + length)
    headers += [b"Content-Type: " + chance.choice(TYPES), b"Connection: close"]
    words = (chance.choice(METHODS), odd_path(chance), chance.choice(VERSIONS))
    line = b" ".join(word for word in words if word or chance.random() < 0.5)
    end = chance.choice([b"\r\n"] * 9 + [b"\n"])
    return end.join([line, *headers, b"", b""]) + body


def ask(address: tuple[str, int], request: bytes) -> bytes:
    """Send `request`, end our side and return all that comes back; TimeoutError on a hang."""
    with socket.create_connection(address, timeout=20) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                answer += piece
        return answer


def status(answer: bytes) -> int | None:
    """The status of the answer; None where the server just closed the connection."""
    first = answer.split(b"\r\n", 1)[0].split(b" ")
    return int(first[1]) if len(first) > 1 and first[1].isdigit() else None


def test_malformed_requests_get_no_server_error(portal_server):
    log = portal_server.var / "log" / "error.log"
    logged_before = log.stat().st_size
    chance = random.Random(2013)
    parts = urlsplit(portal_server.url)
    address = (parts.hostname or "", parts.port or 0)
    wrong = []
    for number in range(2000):
        request = malformed_request(chance, parts.netloc.encode())
        code = status(ask(address, request))
        # 501 and 505 are the right answers to an unknown protocol line.
        if code is not None and code >= 500 and code not in {501, 505}:
            wrong.append((number, code, request[:300]))
    assert wrong == []
    with urllib.request.urlopen(portal_server.url + "/livez", timeout=20) as answer:
        assert answer.status == 200
    # Whoever knocks with nonsense must not fill the log with pages of traceback.
    logged = log.read_bytes()[logged_before:].decode()
    assert "Traceback" not in logged
    assert "sent body bytes" not in logged
