"""The portal's only settings module, read from the environment (see .env.example).

PORTAL_ENV chooses between three ways of running:

- ``demo`` (the default): the site on this machine alone, over plain http. It answers only to
  localhost, so a host that forgets to say "production" serves nobody by mistake.
- ``test``: the demo with what tests need (tests/settings.py).
- ``production``: refuses to start without its secrets.
"""

import sys
from pathlib import Path
from typing import Any

import environ
from django.core.management.utils import get_random_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if env.str("PORTAL_ENV", default="") != "test":
    environ.Env.read_env(BASE_DIR / ".env")

PORTAL_ENV = env.str("PORTAL_ENV", default="demo")
if PORTAL_ENV not in {"demo", "test", "production"}:
    sys.exit(f"PORTAL_ENV is {PORTAL_ENV!r}; it must be demo, test or production.")
PRODUCTION = PORTAL_ENV == "production"

VAR_DIR = Path(env.str("PORTAL_VAR", default="") or BASE_DIR / "var").resolve()
VAR_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)


def required(name: str, what: str) -> str:
    """Return the variable `name`, or end the process with one line that says what is missing."""
    value = env.str(name, default="")
    if not value.strip():
        sys.exit(f"{name} is not set: production needs {what}. See .env.example.")
    return value


def demo_secret_key() -> str:
    """Return this machine's own secret key, made at the first start and readable by its owner."""
    path = VAR_DIR / "secret-key.txt"
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(get_random_secret_key())
    except FileExistsError:
        pass
    return path.read_text()


DEBUG = env.bool("DEBUG", default=False) and not PRODUCTION

if PRODUCTION:
    SECRET_KEY = required("SECRET_KEY", "a secret key of 50 random characters or more")
    if len(SECRET_KEY) < 50:
        sys.exit("SECRET_KEY is too short: production needs 50 random characters or more.")
    required("ALLOWED_HOSTS", "the host names it answers to, parted by commas")
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
    DEFAULT_FROM_EMAIL = required("DEFAULT_FROM_EMAIL", "the address its e-mail is sent from")
else:
    SECRET_KEY = env.str("SECRET_KEY", default="") or demo_secret_key()
    ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[]) or ["localhost", "127.0.0.1", "[::1]"]
    DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="") or "portal@localhost"
SERVER_EMAIL = DEFAULT_FROM_EMAIL

# The address that mails and canonical links carry; never taken from a request.
SITE_URL = (
    env.str("SITE_URL", default="")
    or (
        f"https://{ALLOWED_HOSTS[0]}"
        if PRODUCTION
        else f"http://127.0.0.1:{env.int('PORT', default=8000)}"
    )
).rstrip("/")

INSTALLED_APPS = [
    "cluster_portal.front",
    "events",
    "forums",
    "members",
    "cluster_portal.shared",
    "crispy_forms",
    "axes",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "django.forms",  # its templates, which FORM_RENDERER looks for among those of the apps
]

MIDDLEWARE = [
    "cluster_portal.shared.middleware.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "cluster_portal.shared.middleware.CompressionMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "cluster_portal.shared.middleware.RequestSizeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cluster_portal.shared.middleware.EditingMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "cluster_portal.urls"
WSGI_APPLICATION = "cluster_portal.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cluster_portal.shared.context_processors.site",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# Database. SQLite commits with synchronous FULL: with NORMAL, the usual advice, an acknowledged
# save can be lost in a power cut.
DATABASE_URL = env.str("DATABASE_URL", default="")
if DATABASE_URL:
    DATABASES: dict[str, dict[str, Any]] = {"default": env.db_url_config(DATABASE_URL)}
    if "postgresql" in DATABASES["default"]["ENGINE"]:
        DATABASES["default"] |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
        DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 2)
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": VAR_DIR / "portal.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 5,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
                "PRAGMA foreign_keys=ON;",
            },
        }
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# People
AUTH_USER_MODEL = "shared.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "after_login"
LOGOUT_REDIRECT_URL = "front:home"
# One-time links (invitation, new password) live one day.
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60

# Log-in throttle: five wrong tries of one user from one address wait a quarter of an hour. The pair
# is the key, because a name alone would let anybody lock a mayor out.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "cluster_portal.shared.limits.client_network"
AXES_LOCKOUT_CALLABLE = "cluster_portal.shared.accounts.locked_out"
# Not the model's field: the name under which Django's authenticate() and the form know it. With the
# default, failures would be counted under no name at all and nobody ever locked.
AXES_USERNAME_FORM_FIELD = "username"
# Trying while locked does not prolong the lock, so it ends for certain.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_HTTP_RESPONSE_CODE = 429
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

# Sessions and cookies. A visitor who neither logs in nor opens a form gets none.
SESSION_COOKIE_NAME = "__Host-session" if PRODUCTION else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if PRODUCTION else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 60 * 60
CSRF_COOKIE_AGE = None
CSRF_FAILURE_VIEW = "cluster_portal.shared.csrf.csrf_failure"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# https
SECURE_SSL_REDIRECT = PRODUCTION
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Addresses or networks of our own proxies; only they may say who the client is.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Content-Security-Policy; named and shaped as Django 6's own setting, to be replaced by it.
SECURE_CSP: dict[str, list[str]] = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'"],
    "font-src": ["'self'"],
    "media-src": ["'self'"],
    "connect-src": ["'self'"],
    "manifest-src": ["'self'"],
    "form-action": ["'self'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}

# Language and time
LANGUAGE_CODE = "he"
LANGUAGES = [("he", "עברית")]
LOCALE_PATHS = [BASE_DIR / "cluster_portal" / "locale"]
FORMAT_MODULE_PATH = ["cluster_portal.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Jerusalem"

# Files
STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o640, "directory_permissions_mode": 0o750},
    },
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
FILE_UPLOAD_HANDLERS = ["cluster_portal.shared.uploads.DrainingUploadHandler"]
FILE_UPLOAD_TEMP_DIR = None
PHOTO_MAX_BYTES = 20 * 1024 * 1024
PHOTO_MAX_PIXELS = 50_000_000
DOCUMENT_MAX_BYTES = 20 * 1024 * 1024
ATTACHMENT_MAX_BYTES = 10 * 1024 * 1024
RECORDING_MAX_BYTES = 500 * 1024 * 1024
# A body above this is answered at once with 413; below it, what is too large for its field is
# drained, so that the form can come back with all that was typed.
REQUEST_MAX_BYTES = env.int("REQUEST_MAX_BYTES", default=600 * 1024 * 1024)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
DATA_UPLOAD_MAX_NUMBER_FILES = 50

# Forms
CRISPY_ALLOWED_TEMPLATE_PACKS = CRISPY_TEMPLATE_PACK = "portal"
# How many forms one address may send in an hour.
SUBMISSIONS_PER_HOUR = env.int("SUBMISSIONS_PER_HOUR", default=10)

# E-mail: EMAIL_URL such as smtp+tls://user:password@host:587. Without it the demo writes its
# letters to files, so that they can be read.
EMAIL_TIMEOUT = 10
if email_url := env.str("EMAIL_URL", default=""):
    globals().update(env.email_url_config(email_url))
elif PRODUCTION:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = VAR_DIR / "mail"

# What load_content writes; the tests point it elsewhere.
CONTENT_DIRS = [
    BASE_DIR / "cluster_portal" / "shared" / "content",
    BASE_DIR / "members" / "content",
    BASE_DIR / "forums" / "content",
    BASE_DIR / "events" / "content",
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["console"], "level": "ERROR", "propagate": False},
        # A false Host, a thousand fields: answered with 400, which the access log tells. Anybody
        # can send them by the thousand, and each would be a traceback.
        "django.security": {"handlers": ["console"], "level": "CRITICAL", "propagate": False},
        "portal": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}
