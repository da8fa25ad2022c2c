"""What a developer reads about scopes that cannot be granted (ID-229, ID-244)."""

from collections.abc import Iterable

from erpnet_identity.audit.causes import Cause
from trusted_apps import scopes

from .refusal import OAuthRefusal
from .text import printable


def why_invalid(names: Iterable[str], *, cause: Cause) -> tuple[str, Cause]:
    """The description for the application and the cause for the trail.

    What is no scope at all is told from what this application may not have, ``cause``: both answers are the same
    for every application, so they tell an unauthenticated caller nothing. No names: nothing was left to grant.
    """
    refused = list(names)
    if not refused:
        return "Invalid scope: the application has no scope", Cause.SCOPE_EMPTY
    description = f"Invalid scope: {_list(refused)}"
    if not_known := scopes.unknown(refused):
        return f"{description[:700]} (there is no scope {_list(not_known)})"[:1000], Cause.SCOPE_UNKNOWN
    return description[:1000], cause


def invalid_scope(names: Iterable[str], *, cause: Cause) -> OAuthRefusal:
    """The refusal of a request of an application itself, with the scopes in the trail."""
    refused = list(names)
    description, cause = why_invalid(refused, cause=cause)
    return OAuthRefusal("invalid_scope", description, cause, scope=_list(refused)[:1000])


def _list(names: Iterable[str]) -> str:
    return " ".join(printable(name, 100) for name in names)
