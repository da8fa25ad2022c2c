"""What the consent page says: which scopes, in plain words, and the seal on what was shown (ID-81, ID-82)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import signing
from django.utils.functional import Promise

from erpnet_identity.identity.models import Consent
from erpnet_identity.identity.texts import GROUP_TITLE, SCOPE_TEXT, duration_text
from trusted_apps import scopes
from trusted_apps.redirects import hosts

from .authorization_request import AuthorizationRequest

_SALT = "erpnet.oauth.consent"
_SECONDS = 3600  # how long a page may be open; after it the person reads it once more
_GROUPS = {
    "see": (scopes.OPENID, scopes.PROFILE, scopes.EMAIL, scopes.READ),
    "change": (scopes.UPDATE, scopes.SEC),
    "stay": (scopes.OFFLINE_ACCESS,),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One scope in words. ``is_new``: it was not part of what the person agreed to last time."""

    scope: str
    text: Promise
    is_new: bool


@dataclass(frozen=True, slots=True)
class Group:
    """``kind`` is ``see``, ``change`` or ``stay``."""

    kind: str
    title: Promise
    items: list[Item]


def asked(request: AuthorizationRequest, granted: list[str]) -> list[str]:
    """The scopes that the person is asked about: what is granted, and what stands behind claims that are asked for by
    their names (OP-61)."""
    by_name = scopes.of_claims(request.claims.names)
    covered = set(granted) | ({scopes.EMAIL} if scopes.PROFILE in granted else set())
    return [*granted, *(scope for scope in by_name if scope not in covered)]


def groups(wanted: Iterable[str], consent: Consent | None) -> list[Group]:
    """The scopes in words, grouped; what is new since last time is marked, but only if there was a last time."""
    before = consent.scopes if consent is not None else frozenset()
    wanted = list(wanted)
    return [
        Group(kind, GROUP_TITLE[kind], items)
        for kind, members in _GROUPS.items()
        if (
            items := [
                Item(scope, SCOPE_TEXT[scope], bool(before) and scope not in before)
                for scope in members
                if scope in wanted
            ]
        )
    ]


def context(request: AuthorizationRequest, wanted: list[str], consent: Consent | None) -> dict[str, Any]:
    """What the page says about the request."""
    shown = groups(wanted, consent)
    application = request.application
    renewable = scopes.OFFLINE_ACCESS in wanted
    seconds = settings.REFRESH_TOKEN_SECONDS[application.client_type] if renewable else settings.ACCESS_TOKEN_SECONDS
    host = next(iter(hosts([request.reply_to.redirect_uri])), "")
    return {
        "application": application,
        "host": host,
        "groups": shown,
        "has_new": any(item.is_new for group in shown for item in group.items),
        "asked_before": consent is not None,
        "duration": duration_text(seconds),
        "redirect_uri": request.reply_to.redirect_uri,
        "scope_text": " ".join(wanted),
    }


def seal(request: AuthorizationRequest, sid: str, wanted: list[str]) -> str:
    """What was shown to whom and when, as a hidden field of the form."""
    return signing.dumps(_question(request, sid, wanted), salt=_SALT, compress=True)


def _question(request: AuthorizationRequest, sid: str, wanted: list[str]) -> list[Any]:
    """Everything that the person reads on the page: who asks, with the name and owner of that moment, where the answer
    goes, and what for."""
    application = request.application
    return [sid, str(application.pk), application.object_version, request.reply_to.redirect_uri, wanted]


def was_shown(text: str, request: AuthorizationRequest, sid: str, wanted: list[str]) -> bool:
    """Whether the answer is to this very question, and not one that was read long ago: the same sign-in, the same
    application as it stood then, the same address, the same scopes."""
    try:
        shown = signing.loads(text, salt=_SALT, max_age=_SECONDS)
        return bool(shown == _question(request, sid, wanted))
    except signing.BadSignature:
        return False
