"""Applications, middleware, database, cache, templates, languages."""

from typing import Any
from urllib.parse import urlsplit

from erpnet_identity.bootstrap import BASE_DIR, describe_only, make_var_folder

from .values import env

INSTANCE_URL: str = env.INSTANCE_URL
# The path of the instance on its host (OPS-13). Django writes it before every address that it makes by name.
FORCE_SCRIPT_NAME: str | None = urlsplit(INSTANCE_URL).path or None
PROXY_STRIPS_PATH: bool = env.ERPNET_PROXY_STRIPS_PATH
DEBUG: bool = env.DEBUG
ROOT_URLCONF = "erpnet_identity.urls"
WSGI_APPLICATION = "erpnet_identity.wsgi.application"
# Processes that serve; 0 leaves it to the server, which looks at the database and at the machine (OPS-07).
WORKERS: int = env.ERPNET_WORKERS
# No address of the product answers with a redirect to the same address with a slash (IS-03, API-01).
APPEND_SLASH = False

INSTALLED_APPS = [
    "erpnet_identity.audit",
    "erpnet_identity.users",
    "erpnet_identity.keys",
    "erpnet_identity.tenancy",
    "trusted_apps",
    "erpnet_identity.tokens",
    "erpnet_identity.erp_sessions",
    "erpnet_identity.identity",
    "erpnet_identity.oauth",
    "erpnet_identity.operations",
    "erpnet_identity.manage",
    "erpnet_identity.instance",
    "erp_api",
    "oauth2_provider",
    "rest_framework",
    "allauth.account",
    "erpnet_identity.identity.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

# The browser sites need sessions, messages and form tokens; the machine endpoints never do. The classes of
# `edge.browser` are Django's own and step aside there, so that a cookie never means anything to an API.
MIDDLEWARE = [
    "erpnet_identity.audit.middleware.AuditContextMiddleware",
    "erpnet_identity.edge.middleware.EdgeMiddleware",
    "erpnet_identity.edge.static_files.StaticFilesMiddleware",
    "erpnet_identity.edge.browser.SessionMiddleware",
    # Before the check of the host and of form tokens, whose refusals are pages as well.
    "erpnet_identity.edge.language.LanguageMiddleware",
    "erpnet_identity.edge.middleware.OutsideMiddleware",
    "erpnet_identity.edge.browser.CommonMiddleware",
    "erpnet_identity.edge.browser.CsrfViewMiddleware",
    "erpnet_identity.edge.browser.AuthenticationMiddleware",
    "erpnet_identity.edge.browser.MessageMiddleware",
    # Tells allauth which request is being answered; it insists on this very name.
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                # Takes the place of Django's own, which is built in and comes before.
                "erpnet_identity.edge.form_tokens.context",
            ],
        },
    },
]

_database: dict[str, Any] = dict(env.DATABASE_URL)
# Connections that are not kept cost two thirds of all throughput on PostgreSQL, and 0.7 ms a request on SQLite.
_database["CONN_MAX_AGE"] = None
if _database["ENGINE"].endswith("sqlite3"):
    if not describe_only:
        make_var_folder()
    _database["OPTIONS"] = {
        # Writers queue from the start of their transaction and never meet SQLITE_BUSY half-way (OPS-02).
        "transaction_mode": "IMMEDIATE",
        # Seconds that a request waits for its turn; then it is answered with 503 and its thread is free (OPS-14).
        "timeout": 10,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-20000; PRAGMA mmap_size=134217728"
        ),
    }
else:
    _database["ENGINE"] = "erpnet_identity.platform.postgresql"
    _database["CONN_HEALTH_CHECKS"] = True
    # The server plans a statement once per connection instead of at every call: the look-up of a token with its two
    # joins takes 0.13 ms instead of 0.31 ms. Behind PgBouncer in transaction mode this needs its version 1.21.
    _database["OPTIONS"] = {
        "server_side_binding": True,
        "prepare_threshold": 3,
        # A database that does not answer must not hang a probe that asks whether we are ready (OPS-08), and one whose
        # machine is gone not those who wait for its answer (OPS-14): seconds, and milliseconds until what was sent
        # must have arrived.
        "connect_timeout": 3,
        "keepalives_idle": 10,
        "keepalives_interval": 3,
        "keepalives_count": 2,
        "tcp_user_timeout": 10_000,
        **_database.get("OPTIONS", {}),
    }
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_cache: dict[str, Any] = {"KEY_PREFIX": "erpnet", **env.CACHE_URL}
if _cache["BACKEND"].endswith("RedisCache"):
    _cache["BACKEND"] = "erpnet_identity.platform.redis_cache.RedisCache"
else:
    _cache["BACKEND"] = "erpnet_identity.platform.memory_cache.MemoryCache"
    # Django's 300 would let a caller from many addresses throw out the counts that slow guessing down.
    _cache["OPTIONS"] = {"MAX_ENTRIES": 20_000, **_cache.get("OPTIONS", {})}
CACHES = {"default": _cache}

_email: dict[str, Any] = dict(env.EMAIL_URL)
EMAIL_BACKEND = _email["EMAIL_BACKEND"]
EMAIL_HOST = _email.get("EMAIL_HOST") or "localhost"
EMAIL_USE_TLS = bool(_email.get("EMAIL_USE_TLS"))
EMAIL_USE_SSL = bool(_email.get("EMAIL_USE_SSL"))
EMAIL_PORT = _email.get("EMAIL_PORT") or (465 if EMAIL_USE_SSL else 587 if EMAIL_USE_TLS else 25)
EMAIL_HOST_USER = _email.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _email.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_FILE_PATH = _email.get("EMAIL_FILE_PATH") or None
# Mail goes one by one: a server that does not answer must not hold up what comes after.
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL: str = env.EMAIL_FROM or f"noreply@{urlsplit(INSTANCE_URL).hostname}"

LANGUAGE_CODE = "en"
# Each in its own words: this is what the language menu of the pages shows.
LANGUAGES = [("en", "English"), ("bg", "Български"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = ["erpnet_identity.settings.formats"]

STATIC_URL = f"{FORCE_SCRIPT_NAME or ''}/static/"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
# Served from where the files lie, so that a fresh copy needs no build step; there is no STATIC_ROOT to collect into.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 3600

LOGIN_URL = "identity:signin"
