"""Using up refresh tokens: one successor for each, told again to every request that asked at the same time (ID-120 to
ID-125, TK-53 to TK-60)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from erpnet_identity.audit.causes import Cause
from trusted_apps import scopes
from trusted_apps.models import TrustedApplication

from .access_tokens import digest
from .grants import (
    INVALID_REFRESH_TOKEN,
    GrantRefused,
    WiderScope,
    check_still_allowed,
    granted_scopes,
    is_void,
    new_credential,
    revoke,
)
from .models import Grant, RefreshToken
from .successors import possible_successors, successor

# Two uses of one refresh token this close together are two tabs or a retried request, not a thief (TK-56): what holds
# where a second use is given nothing.
REUSE_TOLERANCE = 10  # seconds


@dataclass(frozen=True, slots=True)
class Renewal:
    """A refresh token that was used up, and ``refresh_token``, which follows it. ``is_repeated``: a use shortly before
    this one was given the same follower, which is stored already (TK-56)."""

    grant: Grant
    refresh_token: str
    is_repeated: bool = False


def rotate(refresh_token: str, *, application: TrustedApplication, asked: list[str], now: datetime) -> Renewal:
    """Use up a refresh token; the grant comes with its ``user``. Three statements, also for a second use.

    A second use shortly after the first gets the same follower while nobody has used that; a token that comes back
    later revokes the whole grant (TK-55, TK-56). ``asked`` are the scopes of the request: a request for too much leaves
    the token unused. Raises ``GrantRefused`` and ``WiderScope``.
    """
    known = RefreshToken.objects.filter(token_checksum=digest(refresh_token))
    key, used_at = known.values_list("pk", "used_at").first() or (None, None)
    locked = Grant.objects.select_for_update(of=("self",)).select_related("user")
    grant = locked.filter(refresh_tokens=key).first() if key is not None else None
    if grant is None:
        raise GrantRefused(Cause.REFRESH_TOKEN_UNKNOWN, INVALID_REFRESH_TOKEN)

    def refuse(cause: Cause) -> GrantRefused:
        return GrantRefused(cause, INVALID_REFRESH_TOKEN, grant)

    if grant.application_id != application.pk:
        raise refuse(Cause.REFRESH_TOKEN_OF_ANOTHER_CLIENT)
    seconds = settings.REFRESH_TOKEN_REPEAT_SECONDS
    if used_at is not None and now - used_at > timedelta(seconds=seconds or REUSE_TOLERANCE):
        raise GrantRefused(Cause.REFRESH_TOKEN_REUSED, INVALID_REFRESH_TOKEN, grant, has_revoked=revoke(grant, now=now))
    _check_renewable(grant, application, asked, now, refuse)
    # One that was used while this request waited for the grant is found used only now: the closest that two uses
    # can be.
    if used_at is None and known.filter(used_at=None).update(used_at=now):
        return Renewal(grant, successor(refresh_token) if seconds else new_credential())
    follower = _unused_follower(refresh_token, grant) if seconds else None
    if follower is None:
        raise refuse(Cause.REFRESH_TOKEN_ROTATED)
    return Renewal(grant, follower, is_repeated=True)


def _unused_follower(refresh_token: str, grant: Grant) -> str | None:
    """The token that an earlier use of this one was given, if nobody has used it yet. The grant must be locked."""
    possible = {digest(token): token for token in possible_successors(refresh_token)}
    unused = RefreshToken.objects.filter(grant=grant, used_at=None, token_checksum__in=possible)
    checksum = unused.values_list("token_checksum", flat=True).first()
    return None if checksum is None else possible[checksum]


def _check_renewable(
    grant: Grant, application: TrustedApplication, asked: list[str], now: datetime, refuse: Any
) -> None:
    """What every renewal asks of its grant, a second use of one token too. Raises what ``refuse`` makes of a cause, and
    ``WiderScope``."""
    if grant.revoked_at is not None or grant.refresh_ended_at is not None:
        raise refuse(Cause.REFRESH_TOKEN_REVOKED)
    if grant.refresh_expires is None or grant.refresh_expires <= now:
        raise refuse(Cause.REFRESH_TOKEN_EXPIRED)
    if is_void(grant, application):
        raise refuse(Cause.REFRESH_TOKEN_REVOKED)
    check_still_allowed(grant, application, refuse)
    granted = scopes.split(grant.scope)
    if wider := [scope for scope in asked if scope not in granted and scope != scopes.LEGACY]:
        raise WiderScope(wider)
    if not granted_scopes(grant, application, asked):
        raise WiderScope(asked)  # data alone, for a person who has become external
