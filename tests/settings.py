"""The portal's settings with what tests need: nothing slow, no letter sent, a var folder apart."""

import os
from pathlib import Path

os.environ |= {
    "PORTAL_ENV": "test",
    "PORTAL_VAR": str(Path(__file__).resolve().parent.parent / "var" / "test"),
    "DEBUG": "false",
}
os.environ.setdefault("DATABASE_URL", "")  # a .env file then does not fill it in
for name in ("PORT", "SITE_URL", "ALLOWED_HOSTS", "EMAIL_URL", "TRUSTED_PROXIES"):
    os.environ.pop(name, None)

from cluster_portal.settings import *  # noqa: E402, F403
from cluster_portal.settings import STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# The names that pages carry are the plain ones, so that no test waits for collectstatic.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = True
# The throttle of log-ins has tests of its own, which switch it on.
AXES_ENABLED = False
