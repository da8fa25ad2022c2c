"""Cookies, HTTPS, password hashing, headers, proxies."""

from hashlib import sha256
from urllib.parse import urlsplit

from .values import env

SECRET_KEY: str = env.SECRET_KEY
SECRET_KEY_FALLBACKS: list[str] = env.SECRET_KEY_FALLBACKS
KEY_ENCRYPTION_KEYS: list[str] = env.KEY_ENCRYPTION_KEYS
TRUSTED_PROXIES = env.TRUSTED_PROXIES
ALLOW_INSECURE_REDIRECTS: bool = env.ALLOW_INSECURE_REDIRECTS

_instance = urlsplit(env.INSTANCE_URL)
ALLOWED_HOSTS: list[str] = env.ALLOWED_HOSTS or [_instance.hostname or ""]
if _instance.hostname in ("127.0.0.1", "localhost", "::1") and not env.ALLOWED_HOSTS:
    ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]"]

HTTPS_ONLY = _instance.scheme == "https"
SESSION_COOKIE_SECURE = HTTPS_ONLY
CSRF_COOKIE_SECURE = HTTPS_ONLY
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
# Browsers keep cookies by host, whatever the port: two instances on one host tell theirs apart by their names. Every
# cookie of ours begins with this.
COOKIE_PREFIX = f"erpnet-{sha256(env.INSTANCE_URL.encode()).hexdigest()[:8]}"
if HTTPS_ONLY:
    COOKIE_PREFIX = f"__Host-{COOKIE_PREFIX}"
SESSION_COOKIE_NAME = COOKIE_PREFIX
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}-csrf"
DEVICE_COOKIE_NAME = f"{COOKIE_PREFIX}-device"
# Each session carries its own end (ID-70); this is that of a session in which nobody signed in.
SESSION_COOKIE_AGE: int = env.ERPNET_IDENTITY_SESSION_SECONDS
SESSION_ENGINE = "erpnet_identity.platform.session_store"
# Django's defaults, written down because nothing that is stored may be able to run code when it is read.
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
# Not the cookie that Django would use first: its name is the same in every instance.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS_ONLY else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [f"{_instance.scheme}://{_instance.netloc}"]
CSRF_FAILURE_VIEW = "erpnet_identity.instance.views.errors.csrf_failure"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

AUTH_USER_MODEL = "users.User"
AUTHENTICATION_BACKENDS = ["erpnet_identity.users.authentication.PasswordBackend"]
# Argon2id at OWASP's interactive parameters; the others only read imported hashes, which are upgraded at the
# next successful sign-in (ID-194).
PASSWORD_HASHERS = [
    "erpnet_identity.users.hashers.InteractiveArgon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2SHA1PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "django.contrib.auth.hashers.ScryptPasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "erpnet_identity.users.password_rules.LengthValidator", "OPTIONS": {"min_length": 8}},
    {
        "NAME": "erpnet_identity.users.password_rules.LikenessValidator",
        "OPTIONS": {"user_attributes": ("login", "name", "email")},
    },
    {"NAME": "erpnet_identity.users.password_rules.CommonPasswordValidator"},
    {"NAME": "erpnet_identity.users.password_rules.StrongPasswordValidator"},
]
STRONG_PASSWORDS: bool = env.ERPNET_STRONG_PASSWORDS
USERNAME_AUTOCOMPLETE: bool = env.ERPNET_USERNAME_AUTOCOMPLETE
STRANGER_EVENTS_PER_MINUTE: int = env.ERPNET_STRANGER_EVENTS_PER_MINUTE
ADMINISTRATION_SECONDS: int = env.ERPNET_ADMINISTRATION_SECONDS
SIGN_IN_FAILURES: int = env.ERPNET_SIGN_IN_FAILURES
LOCKOUT_SECONDS: int = env.ERPNET_LOCKOUT_SECONDS
SILENCED_SYSTEM_CHECKS = [
    # The login is unique through a constraint that ignores letter case (ID-63).
    "auth.W004",
    # HTTPS, HSTS, nosniff, referrer and opener policy and X-Frame-Options are the work of `edge.EdgeMiddleware`,
    # which also knows the difference between programs and browsers; Django's two classes would only repeat it.
    "security.W001",
    "security.W002",
    # The form token is checked by `edge.browser.CsrfViewMiddleware`, a subclass of Django's own, which this check
    # does not recognise.
    "security.W003",
    # Redirects to plain http are for loopback addresses (RFC 8252 §7.3); the registry refuses the others, unless
    # ALLOW_INSECURE_REDIRECTS says otherwise (TA-41).
    "oauth2_provider.W008",
]
