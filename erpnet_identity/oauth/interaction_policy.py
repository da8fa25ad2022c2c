"""What an authorization request needs next. Pure: the request, the sign-in, the consent in; one step or error out
(ID-71 to ID-78, ID-82, OP-90 to OP-105)."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.refusals import Refusal

from .authorization_request import AuthorizationRequest


class Step(Enum):
    """The page that comes next, or the answer."""

    SIGN_IN = "sign_in"
    SELECT_ACCOUNT = "select_account"
    WRONG_ACCOUNT = "wrong_account"
    CONSENT = "consent"
    ISSUE = "issue"


class Failed(Refusal):
    """The request ends with an error for the application. ``cause`` is for the operator."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person at this browser. ``acr`` names the contexts that the sign-in reached; ``is_chosen`` says that the
    person picked this account for this very request."""

    login: str
    auth_time: datetime
    acr: Collection[str]
    is_chosen: bool = False


def before_consent(
    request: AuthorizationRequest, person: SignedIn | None, *, is_admitted: bool, since: datetime | None, now: datetime
) -> Step:
    """Who is it, and is that enough? ``Step.ISSUE`` means that only the consent is left to look at.

    ``is_admitted``: the application takes people of this kind. ``since`` is when the request began to wait for a page,
    None for one that has just arrived. Raises ``Failed``.
    """
    if person is None:
        return _sign_in(request, "Nobody is signed in", Cause.NOBODY_SIGNED_IN)
    # A sign-in after the request began to wait is the one that the request asked for (OP-94).
    is_fresh = since is not None and person.auth_time > since
    if not is_fresh and ("login" in request.prompts or _is_too_old(request, person, now)):
        return _sign_in(request, "A new sign-in is needed", Cause.SIGN_IN_TOO_OLD)
    if not _is_wanted(request, person):
        if is_fresh:
            # Asked, and another user answered: the application decides what to do (OIDC Core §3.1.2.2).
            raise Failed("login_required", "Another person signed in than the one asked for", Cause.ANOTHER_USER)
        return _sign_in(request, "The person asked for is not signed in", Cause.ANOTHER_USER)
    if "select_account" in request.prompts and not is_fresh and not person.is_chosen:
        return Step.SELECT_ACCOUNT
    if not is_admitted:
        if request.is_silent:
            raise Failed("interaction_required", "This account may not use the application", Cause.USER_TYPE)
        return Step.WRONG_ACCOUNT
    if request.claims.essential_acr and not set(request.claims.essential_acr) & set(person.acr):
        error = "login_required" if request.is_silent else "access_denied"
        raise Failed(error, "The authentication context asked for cannot be reached", Cause.ACR_NOT_REACHED)
    return Step.ISSUE


def consent_step(request: AuthorizationRequest, missing: Collection[str], *, is_asked_always: bool = False) -> Step:
    """Must the person be asked? ``missing`` are the scopes not agreed to yet; ``is_asked_always`` says that a yes of
    before does not count for this application at this address (RFC 8252 §8.6). Raises ``Failed``."""
    if not missing and not is_asked_always and "consent" not in request.prompts:
        return Step.ISSUE
    if request.is_silent and not missing:
        raise Failed(
            "consent_required",
            "A public application at a loopback address or an own scheme is asked about every time",
            Cause.CONSENT_EVERY_TIME,
        )
    if request.is_silent:
        raise Failed("consent_required", "The person has not agreed to this yet", Cause.CONSENT_MISSING)
    return Step.CONSENT


def _sign_in(request: AuthorizationRequest, description: str, cause: Cause) -> Step:
    if request.is_silent:
        raise Failed("login_required", description, cause)
    return Step.SIGN_IN


def _is_too_old(request: AuthorizationRequest, person: SignedIn, now: datetime) -> bool:
    if request.max_age is None:
        return False
    # `max_age=0` acts like `prompt=login`: no sign-in of before is young enough (OP-98).
    return request.max_age == 0 or now - person.auth_time > timedelta(seconds=request.max_age)


def _is_wanted(request: AuthorizationRequest, person: SignedIn) -> bool:
    wanted = request.claims.subjects
    return request.hinted_user in ("", person.login) and (not wanted or person.login in wanted)
