"""Every environment variable of the product: declared once, typed, with its default and meaning.

Nothing else reads ``os.environ``. ``manage.py settings`` prints this table and ``.env.example`` is written
from it, so neither can go stale (OPS-05).
"""

import os
import re
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from erpnet_identity.bootstrap import BASE_DIR, QUICKSTART_ENV, VAR_DIR, read_env_file

from . import kinds
from .variable import Variable, example_file

# Variables that only this product reads carry this prefix, so that a misspelt one can be told from a
# variable that belongs to something else on the machine.
PREFIX = "ERPNET_"

# Kubernetes gives each container such names for every service beside it, and a service may be called erpnet:
# https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
_OF_KUBERNETES = re.compile(r".+_(SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_.+)?)")


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "INSTANCE_URL",
        "address",
        "http://127.0.0.1:8000",
        "The instance root (CO-01), as callers see it, with a path if the instance lies below one. Issuer, discovery, "
        "links and cookie security follow from it, never from the Host header of a request.",
        kinds.instance_url,
    ),
    Variable(
        "SECRET_KEY",
        "text",
        None,
        "Signs cookies and form tokens. Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
        kinds.text,
        secret=True,
    ),
    Variable(
        "SECRET_KEY_FALLBACKS",
        "list",
        "",
        "Former SECRET_KEYs. What they signed stays valid, so that SECRET_KEY is replaced without signing people out; "
        "take one away when the longest sign-in of its time has ended.",
        kinds.words,
        secret=True,
    ),
    Variable(
        "KEY_ENCRYPTION_KEYS",
        "list",
        None,
        "Encrypt the private signing keys in the database. The first encrypts, all decrypt: put a new one first, run "
        "`manage.py keys reencrypt`, then take the former one away. Make one with: "
        "python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())'",
        kinds.encryption_keys,
        secret=True,
    ),
    Variable(
        "DATABASE_URL",
        "address",
        # The copy may lie in a folder called C# or 100%.
        f"sqlite:///{quote(str(VAR_DIR / 'instance.sqlite3'))}",
        "SQLite for one machine, postgres://user:password@host/name for production (OPS-02).",
        kinds.database_url,
        secret=True,
    ),
    Variable(
        "CACHE_URL",
        "address",
        "locmemcache://",
        "Process memory, or redis://host:port/number when several workers or nodes count together (OPS-03).",
        kinds.cache_url,
        secret=True,
    ),
    Variable(
        "EMAIL_URL",
        "address",
        "consolemail://",
        "Where mail goes: consolemail:// or smtp+tls://user:password@host:port. `manage.py send_test_mail` tries it.",
        kinds.email_url,
        secret=True,
    ),
    Variable(
        "EMAIL_FROM",
        "address",
        "",
        "The sender of mail, with or without a name: Example Ltd. <noreply@example.com>. Empty means noreply at the "
        "host of INSTANCE_URL, which a mail server may refuse to send for.",
        kinds.sender,
    ),
    Variable("DEBUG", "boolean", "off", "Error pages with source code. Never in production.", kinds.boolean),
    Variable(
        "ALLOWED_HOSTS",
        "list",
        "",
        "Host names that requests may name. Empty means the host of INSTANCE_URL.",
        kinds.words,
    ),
    Variable(
        "TRUSTED_PROXIES",
        "networks",
        "",
        "Networks of the proxies whose X-Forwarded-For and X-Forwarded-Proto headers count, or Forwarded (RFC 7239) "
        "where neither is sent. A proxy must write these itself or remove what callers sent. None by default.",
        kinds.networks,
    ),
    Variable(
        "ERPNET_PROXY_STRIPS_PATH",
        "boolean",
        "off",
        "Where INSTANCE_URL has a path: on, if the proxy takes it away before it passes a request on (OPS-13).",
        kinds.boolean,
    ),
    Variable(
        "ALLOW_INSECURE_REDIRECTS",
        "boolean",
        "off",
        "Accept plain http redirect addresses on hosts other than this machine (TA-41).",
        kinds.boolean,
    ),
    Variable(
        "REQUIRE_CONSENT",
        "boolean",
        "on",
        "Ask people before an application gets access in their name; off asks nobody, for the whole instance, except "
        "for public applications on people's devices (ID-85).",
        kinds.boolean,
    ),
    Variable(
        "LOG_FORMAT",
        "choice",
        "console",
        "console for people, json for machines.",
        kinds.choice("console", "json"),
    ),
    Variable(
        "LOG_LEVEL",
        "choice",
        "INFO",
        "The least important line that is still written.",
        kinds.choice("DEBUG", "INFO", "WARNING", "ERROR"),
    ),
    Variable(
        "ERPNET_WORKERS",
        "number",
        "0",
        "Processes that serve (OPS-07). 0 means one on SQLite, else one for each processor. More than one wants "
        "PostgreSQL and Redis.",
        kinds.whole(0, 256),
    ),
    Variable(
        "ERPNET_ACCESS_TOKEN_SECONDS",
        "seconds",
        "3600",
        "Lifetime of an access token. It can be shortened, not lengthened (TK-04).",
        kinds.whole(60, 3600),
    ),
    Variable(
        "ERPNET_SCOPE_CLAIM",
        "choice",
        "array",
        "How access tokens say their scopes: array, as ERP.net documents it, or string, as RFC 9068 does and many "
        "libraries read only (TK-25). The token endpoint answers with a string in any case.",
        kinds.choice("array", "string"),
    ),
    Variable(
        "ERPNET_REFRESH_TOKEN_CONFIDENTIAL_SECONDS",
        "seconds",
        "2592000",
        "Lifetime of the refresh tokens of confidential applications, from the sign-in on. It can be shortened, not "
        "lengthened (TK-51).",
        kinds.whole(60, 2_592_000),
    ),
    Variable(
        "ERPNET_REFRESH_TOKEN_PUBLIC_SECONDS",
        "seconds",
        "86400",
        "Lifetime of the refresh tokens of public applications, from the sign-in on. It can be shortened, not "
        "lengthened (TK-51).",
        kinds.whole(60, 86_400),
    ),
    Variable(
        "ERPNET_REFRESH_TOKEN_REPEAT_SECONDS",
        "seconds",
        "10",
        "How long a refresh token that was just used is still answered, with the same new one, so that parallel "
        "requests of one application do not sign people out (TK-56). With 0 a second use gets nothing.",
        kinds.whole(0, 60),
    ),
    Variable(
        "ERPNET_IDENTITY_SESSION_SECONDS",
        "seconds",
        "36000",
        "How long a person stays signed in at the Identity Server, counted from the sign-in (ID-70).",
        kinds.whole(60, 31_536_000),
    ),
    Variable(
        "ERPNET_REMEMBERED_SESSION_SECONDS",
        "seconds",
        "2592000",
        "The same for a person who chose Remember me (ID-70).",
        kinds.whole(60, 31_536_000),
    ),
    Variable(
        "ERPNET_ADMINISTRATION_SECONDS",
        "seconds",
        "900",
        "How old the sign-in of an administrator may be for changes at /admin/ and /manage; after that the password "
        "is asked for again (TA-48).",
        kinds.whole(60, 86_400),
    ),
    Variable(
        "ERPNET_USERNAME_AUTOCOMPLETE",
        "boolean",
        "off",
        "Let browsers complete the user name on the sign-in page (ID-66).",
        kinds.boolean,
    ),
    Variable(
        "ERPNET_STRONG_PASSWORDS",
        "boolean",
        "off",
        "New passwords mix three of lower case, upper case, digits and other characters, and hold neither the user "
        "name nor 123 (ID-193).",
        kinds.boolean,
    ),
    Variable(
        "ERPNET_TOKEN_FAILURES_PER_MINUTE",
        "number",
        "20",
        "Failed client authentications before the token endpoint answers 429 (ID-95).",
        kinds.whole(1, 100_000),
    ),
    Variable(
        "ERPNET_DOMAIN_API",
        "JSON",
        '{"RateLimits": {"SessionRpm": 600, "SessionConcurrentRequests": 10}}',
        "Settings of the Domain API: requests per minute of one session, and how many of them at a time (SE-81, SE-82, "
        "SE-85). What is left out keeps its default; 0 switches a limit off.",
        kinds.domain_api,
    ),
    Variable(
        "ERPNET_API_PAGE_ROWS",
        "number",
        "10000",
        "The most rows of one API answer, whatever $top says (API-24).",
        kinds.whole(1, 1_000_000),
    ),
    Variable(
        "ERPNET_API_TARGET_BYTES",
        "bytes",
        "16384",
        "The longest path and query of an API request; a longer one is answered with 414, and one whose headers and "
        "address have 16,384 bytes more than this with 431 (API-18).",
        kinds.whole(8_000, 65_000),
    ),
    Variable(
        "ERPNET_API_BODY_BYTES",
        "bytes",
        "10485760",
        "The longest body of an API request; a longer one is answered with 413 (API-18).",
        kinds.whole(1_024, 1_073_741_824),
    ),
    Variable(
        "ERPNET_BODY_SECONDS",
        "seconds",
        "60",
        "How long the body of a request may take to arrive, and ten seconds at most to begin; then the answer is 408 "
        "(OPS-07).",
        kinds.whole(1, 3_600),
    ),
    Variable(
        "ERPNET_SIGN_IN_FAILURES",
        "number",
        "5",
        "Wrong passwords in a row before an account is locked (ID-191).",
        kinds.whole(1, 1_000),
    ),
    Variable(
        "ERPNET_SIGN_IN_FAILURES_PER_MINUTE",
        "number",
        "30",
        "Failed sign-ins from one address before the sign-in page answers 429 (OP-234).",
        kinds.whole(1, 100_000),
    ),
    Variable(
        "ERPNET_STRANGER_EVENTS_PER_MINUTE",
        "number",
        "60",
        "Audit events of one address that has proved nothing before the rest of a minute is counted in one event "
        "(AU-11).",
        kinds.whole(1, 100_000),
    ),
    Variable(
        "ERPNET_LOCKOUT_SECONDS",
        "seconds",
        "300",
        "How long an account stays locked (ID-191).",
        kinds.whole(1, 86_400),
    ),
)

_BY_NAME = {variable.name: variable for variable in VARIABLES}


class Settings:
    """The values in force. Read as attributes: ``env.INSTANCE_URL``.

    Raises ``ImproperlyConfigured``, naming the variable, for a missing secret, a value of the wrong type and an
    unknown variable with the product's prefix (OPS-04, OPS-05). With ``describe_only`` these are kept in ``problems``
    and the defaults hold, so that ``manage.py settings`` can explain what keeps the instance from starting.
    """

    variables = VARIABLES

    def __init__(self, *, describe_only: bool = False) -> None:
        self._sources = {"the environment": dict(os.environ)}
        self.problems: dict[str, str] = {}
        for origin, path in ((".env", BASE_DIR / ".env"), (f"var/{QUICKSTART_ENV.name}", QUICKSTART_ENV)):
            try:
                self._sources[origin] = read_env_file(path)
            except ImproperlyConfigured as error:
                if not describe_only:
                    # What else is missing would be in this file.
                    raise
                self.problems[origin] = str(error)
        self._values: dict[str, Any] = {}
        for name in sorted({name for source in self._sources.values() for name in source}):
            if name.startswith(PREFIX) and name not in _BY_NAME and not _OF_KUBERNETES.fullmatch(name):
                self.problems[name] = f"{name} is not a variable of this product. `manage.py settings` lists them all."
        for variable in VARIABLES:
            self._values[variable.name] = self._value(variable)
        if self.problems and not describe_only:
            raise ImproperlyConfigured(" ".join(self.problems.values()))

    def _value(self, variable: Variable) -> Any:
        text = self.text(variable.name)
        if text is None:
            self.problems[variable.name] = f"{variable.name} is not set. {variable.meaning}"
            return None
        try:
            return variable.read(text)
        except (ValueError, TypeError) as error:
            shown = "the value" if variable.secret else repr(text)
            self.problems[variable.name] = f"{variable.name}: {shown} is not valid: {error}."
            return variable.read(variable.default) if variable.default is not None else None

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_values"][name]
        except KeyError:
            raise AttributeError(name) from None

    def _found(self, variable: Variable) -> tuple[str, str] | None:
        for origin, source in self._sources.items():
            text = source.get(variable.name)
            # Of a variable without default, an empty value is none: the example file holds it so.
            if text or (text is not None and variable.default is not None):
                return origin, text
        return None

    def text(self, name: str) -> str | None:
        """The value as it was written, or the default; None when there is neither."""
        found = self._found(_BY_NAME[name])
        return found[1] if found else _BY_NAME[name].default

    def origin(self, name: str) -> str:
        """Where the value comes from: ``the environment``, a file, ``default``, or ``missing``."""
        variable = _BY_NAME[name]
        found = self._found(variable)
        return found[0] if found else "missing" if variable.default is None else "default"

    def is_set(self, name: str) -> bool:
        """Whether the value comes from the environment or a file and not from the default."""
        return self._found(_BY_NAME[name]) is not None

    @staticmethod
    def example() -> str:
        """The text of ``.env.example``."""
        return example_file(VARIABLES)
