"""Grants: an authorization code redeemed once, refresh tokens rotated, and everything that ends them (ID-110 to
ID-125, TK-50 to TK-60).

Every function that uses up a credential locks the grant's row first, in the caller's transaction. Of any number of
simultaneous uses one comes first; the others wait and then see what it did.
"""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models

from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.refusals import Refusal
from trusted_apps import scopes
from trusted_apps.models import TrustedApplication

from .access_tokens import digest
from .models import Grant, RefreshToken

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1
INVALID_CODE = "The authorization code is invalid, expired or already used"
INVALID_REFRESH_TOKEN = "refresh token is expired or invalid"  # ID-122
PKCE_FAILED = "PKCE verification failed"  # ID-111


class GrantRefused(Refusal):
    """The credential cannot be used. ``cause`` tells the operator why, ``description`` is what the client reads.

    ``has_revoked`` says that this very use revoked the grant (a replay does): that must be committed, with its event.
    """

    def __init__(
        self, cause: Cause, description: str, grant: Grant | None = None, *, has_revoked: bool = False
    ) -> None:
        super().__init__("invalid_grant", description, cause)
        self.grant = grant
        self.has_revoked = has_revoked


class WiderScope(Exception):
    """A renewal asks for more than it can get: ``names`` (ID-124)."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(" ".join(names))
        self.names = names


def new_credential() -> str:
    """A code or a refresh token: 64 upper-case hexadecimal characters, 256 random bits (ID-59, TK-58)."""
    return secrets.token_hex(32).upper()


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a code verifier (RFC 7636 §4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("utf-8")).digest()).decode("ascii").rstrip("=")


def granted_scopes(grant: Grant, application: TrustedApplication, asked: list[str] | None = None) -> list[str]:
    """What the grant gives now: a person who became external keeps no access to data (ID-184, ID-185).

    ``asked`` narrows it (ID-124). ``DomainApi`` is accepted from everybody and grants nothing (TK-94). Where naming no
    data meant all of it when the person was asked, the same words mean it again (TK-95, TK-103): libraries repeat them.
    """
    granted = scopes.split(grant.scope)
    if not grant.user.may_call_apis:
        granted = scopes.without_data(granted)
    if not asked:
        return granted
    narrowed = [scope for scope in asked if scope in granted or scope == scopes.LEGACY]
    if (scopes.LEGACY in asked or application.identity_scopes_imply_access) and scopes.RESOURCE.isdisjoint(asked):
        narrowed += [scope for scope in granted if scope in scopes.RESOURCE]
    return narrowed


def redeem_code(
    code: str, *, application: TrustedApplication, redirect_uri: str, code_verifier: str, now: datetime
) -> Grant:
    """Use up an authorization code; the grant comes with its ``user``. Two statements.

    A second use revokes what the first one gave (ID-114, OP-151). Raises ``GrantRefused``.
    """
    grant = Grant.objects.select_for_update(of=("self",)).select_related("user").filter(code=digest(code)).first()
    if grant is None:
        raise GrantRefused(Cause.CODE_UNKNOWN, INVALID_CODE)

    def refuse(cause: Cause, description: str = INVALID_CODE) -> GrantRefused:
        return GrantRefused(cause, description, grant)

    if grant.application_id != application.pk:
        raise refuse(Cause.CODE_OF_ANOTHER_CLIENT)
    if grant.used_at is not None:
        raise GrantRefused(Cause.CODE_USED_TWICE, INVALID_CODE, grant, has_revoked=revoke(grant, now=now))
    if grant.expires <= now:
        raise refuse(Cause.CODE_EXPIRED)
    if grant.revoked_at is not None or grant.refresh_ended_at is not None:
        raise refuse(Cause.SESSION_ENDED)
    if redirect_uri != grant.redirect_uri:
        raise refuse(Cause.REDIRECT_URI_DIFFERS)
    if grant.code_challenge:
        if not code_verifier:
            raise refuse(Cause.PKCE_MISSING, PKCE_FAILED)
        if not _fits(code_verifier, grant.code_challenge):
            raise refuse(Cause.PKCE_MISMATCH, PKCE_FAILED)
    elif code_verifier:
        # An attacker took the challenge out of the authorization request (ID-112, RFC 9700 §4.8.2).
        raise refuse(Cause.PKCE_DOWNGRADE, PKCE_FAILED)
    if is_void(grant, application):
        raise refuse(Cause.CODE_REVOKED)
    check_still_allowed(grant, application, refuse)
    if granted_scopes(grant, application) in ([], [scopes.LEGACY]):
        # The person became external, and nothing else was asked for than data (ID-183).
        raise refuse(Cause.SCOPE_EMPTY)
    grant.used_at = now
    grant.keep_until = now + timedelta(seconds=settings.ACCESS_TOKEN_SECONDS)
    if scopes.OFFLINE_ACCESS in scopes.split(grant.scope):
        grant.refresh_expires = now + timedelta(seconds=settings.REFRESH_TOKEN_SECONDS[application.client_type])
        # A token that is renewed at the last moment lives on for its own time.
        grant.keep_until += grant.refresh_expires - now
    Grant.objects.filter(pk=grant.pk).update(
        used_at=now, refresh_expires=grant.refresh_expires, keep_until=grant.keep_until
    )
    return grant


def is_own(credential: str, application: TrustedApplication) -> bool:
    """Whether this is a code or a refresh token, used or not, that ``application`` once got."""
    checksum = digest(credential)
    return (
        Grant.objects.filter(code=checksum, application=application).exists()
        or RefreshToken.objects.filter(token_checksum=checksum, application=application).exists()
    )


def _fits(verifier: str, challenge: str) -> bool:
    # A verifier that is too short could be guessed, so it proves nothing, even if the hash is right (OP-221).
    return _VERIFIER.fullmatch(verifier) is not None and hmac.compare_digest(challenge_of(verifier), challenge)


def is_void(grant: Grant, application: TrustedApplication) -> bool:
    """Whether a changed password, a deactivated account or a retired secret has ended the grant's renewal, or its code
    when that was not redeemed until then (TK-57)."""
    moments = (grant.user.refresh_tokens_from, application.refresh_tokens_from)
    return any(since is not None and grant.created <= since for since in moments)


def check_still_allowed(grant: Grant, application: TrustedApplication, refuse: Any) -> None:
    """What the registry and the accounts say now (TA-05, ID-115, ID-123)."""
    if not grant.user.is_active:
        raise refuse(Cause.USER_INACTIVE)
    if not application.admits(grant.user):
        raise refuse(Cause.USER_TYPE)
    if grant.client_type != application.client_type:
        raise refuse(Cause.CLIENT_TYPE_CHANGED)
    if any(scope in scopes.RESOURCE and scope not in application.scope_list for scope in scopes.split(grant.scope)):
        raise refuse(Cause.SCOPE_WITHDRAWN)


def revoke(grant: Grant, *, now: datetime) -> bool:
    """End every token that came from this grant, at once. The row must be locked. Returns whether it was valid."""
    if grant.revoked_at is not None:
        return False
    grant.revoked_at = now
    Grant.objects.filter(pk=grant.pk).update(revoked_at=now)
    return True


def end_renewal(*, now: datetime, **which: Any) -> int:
    """End the refresh tokens (and the codes that were not redeemed yet) of all grants that match; how many grants.

    ``which`` are conditions on the rows, a ``sid`` for example. Access tokens stay valid until they expire.
    """
    alive = models.Q(keep_until__gt=now, revoked_at=None, refresh_ended_at=None)
    return Grant.objects.filter(alive, **which).update(refresh_ended_at=now)


def revoke_all(*, now: datetime, **which: Any) -> int:
    """End every token of all grants that match, access tokens too; how many grants."""
    # In the order of their keys, so that two who end the same ones do not wait for each other in a circle.
    alive = Grant.objects.select_for_update(of=("self",)).filter(keep_until__gt=now, revoked_at=None, **which)
    keys = list(alive.order_by("pk").values_list("pk", flat=True))
    return Grant.objects.filter(pk__in=keys, revoked_at=None).update(revoked_at=now) if keys else 0
