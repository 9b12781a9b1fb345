"""How gunicorn serves the portal, for `make run` and for production alike.

Read from the environment: PORT (8000), WEB_CONCURRENCY (2 processes of 4 threads each),
PORTAL_VAR (<project>/var, where the logs go), FORWARDED_ALLOW_IPS (nobody: the addresses of
proxies whose X-Forwarded-Proto gunicorn itself believes; Django has TRUSTED_PROXIES).
"""

import os
from pathlib import Path

from gunicorn import util
from gunicorn.http import wsgi

PROJECT = Path(__file__).resolve().parent.parent
LOGS = Path(os.environ.get("PORTAL_VAR") or PROJECT / "var") / "log"
LOGS.mkdir(parents=True, exist_ok=True)

wsgi_app = "cluster_portal.wsgi:application"
chdir = str(PROJECT)
bind = f"127.0.0.1:{os.environ.get('PORT') or 8000}"
workers = int(os.environ.get("WEB_CONCURRENCY") or 2)
worker_class = "gthread"
threads = 4
# A worker's heartbeat file on a slow disk can look like a hung worker; memory does not have that.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
control_socket_disable = True

timeout = 30
graceful_timeout = 20
keepalive = 5

limit_request_line = 8190
limit_request_fields = 100
limit_request_field_size = 8190
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "")

accesslog = str(LOGS / "access.log")
errorlog = str(LOGS / "error.log")
capture_output = True  # what Django logs goes there too
# Without the address and the query: the log needs neither, and both are about a person.
access_log_format = '%(t)s %(m)s %(U)s %(s)s %(B)s %(M)sms "%(a)s"'

# Who asks need not know what answers.
wsgi.SERVER = "portal"

# What gunicorn refuses before Django sees it (a broken request line, an address or headers too
# long) it answers itself, in English. A browser can get there through a long link, so the page is
# replaced by one in Hebrew that repeats nothing of the request.
TITLES = {
    414: "הכתובת ארוכה מדי",
    431: "הבקשה ארוכה מדי",
    500: "אירעה תקלה",
}
PAGE = """<!doctype html>
<html lang="he" dir="rtl">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title></head>
<body><main><h1>{title}</h1>
<p>לא ניתן להציג את העמוד המבוקש. אפשר לקצר את הכתובת או להתחיל
<a href="/">מעמוד הבית</a>.</p></main></body>
</html>
"""


def write_error(sock, status_int, reason, mesg):
    """Send the Hebrew page for `status_int` down the socket; `mesg`, which echoes, is left out."""
    title = TITLES.get(status_int, "הבקשה אינה תקינה")
    body = PAGE.format(title=title).encode()
    head = (
        f"HTTP/1.1 {status_int} {reason}\r\n"
        "Connection: close\r\n"
        "Content-Type: text/html; charset=utf-8\r\n"
        "Cache-Control: no-store\r\n"
        "Content-Security-Policy: default-src 'none'; base-uri 'none'; frame-ancestors 'none'\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "Referrer-Policy: same-origin\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(sock, head.encode("ascii") + body)


util.write_error = write_error
