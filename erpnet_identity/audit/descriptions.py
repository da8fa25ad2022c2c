"""Audit events as people read them: a sentence, and what changed from what to what. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import events

_SENTENCES = {
    events.APPLICATION_REGISTERED: "registered the application",
    events.APPLICATION_UPDATED: "changed the application",
    events.APPLICATION_ENABLED: "enabled the application",
    events.APPLICATION_DISABLED: "disabled the application",
    events.APPLICATION_DELETED: "deleted the application",
    events.APPLICATION_SECRET_ADDED: "added the secret “{secret_name}”",
    events.APPLICATION_SECRET_UPDATED: "changed when the secret “{secret_name}” expires",
    events.APPLICATION_SECRET_RETIRED: "retired the secret “{secret_name}”",
    events.APPLICATION_SECRET_REMOVED: "removed the secret “{secret_name}”",
    events.USER_CREATED: "created the account {user_login}",
    events.USER_UPDATED: "changed the account {user_login}",
    events.USER_SIGNED_IN: "signed in",
    events.USER_SIGN_IN_REFUSED: "was refused at sign-in",
    events.USER_SIGNED_OUT: "signed out",
    events.USER_SIGN_OUT_REFUSED: "was refused at sign-out",
    events.USER_PASSWORD_RESET_REQUESTED: "asked for a link to set a new password",
    events.ADMINISTRATION_REFUSED: "was refused at administration",
    events.CONSENT_GRANTED: "allowed the application",
    events.CONSENT_DENIED: "did not allow the application",
    events.CONSENT_WITHDRAWN: "withdrew the consent for the application",
    events.AUTHORIZATION_REFUSED: "was refused at the authorization endpoint",
    events.CODE_ISSUED: "was given an authorization code",
    events.SIGNING_KEY_ADDED: "added a signing key",
    events.SIGNING_KEY_REVOKED: "revoked a signing key",
    events.SIGNING_KEY_REENCRYPTED: "encrypted a signing key anew",
    events.TOKEN_ISSUED: "got a token",
    events.TOKEN_REFRESHED: "renewed a token",
    events.TOKEN_REFRESHED_AGAIN: "renewed a token again with the same refresh token",
    events.TOKEN_REFUSED: "was refused a token",
    events.TOKEN_REVOKED: "revoked a token",
    events.API_CALL_REFUSED: "was refused at an API",
    events.ERP_SESSION_OPENED: "opened an API session",
    events.ERP_SESSION_REFUSED: "was refused an API session",
    events.ERP_SESSION_CLOSED: "closed an API session of {user_login}",
    events.REQUEST_REFUSED: "was shown an error page",
    events.REQUEST_FAILED: "met a fault of the server",
    events.REQUEST_THROTTLED: "is being slowed down",
    events.REFUSALS_COUNTED: "counted {number} more refusals of one caller within a minute",
    events.INSTANCE_UPDATED: "changed the instance",
    events.MANIFEST_APPLIED: "applied a manifest",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One attribute: its name and its two values as texts."""

    name: str
    old: str
    new: str


def shown(value: Any) -> str:
    """A stored value as text; nothing and an empty list are a dash."""
    if value is None or value in ("", [], {}):
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(item) for item in value)
    return str(value)


class _Blanks(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def sentence(name: str, *, detail: Mapping[str, Any], user_login: str = "", cause: str = "") -> str:
    """What happened, as the end of a sentence that begins with the actor; the bare name for an event that is not
    in the list."""
    template = _SENTENCES.get(name)
    if template is None:
        return name
    known = {name: detail[name] for name in ("secret_name", "number") if name in detail}
    blanks = _Blanks(known, user_login=user_login)
    text = template.format_map(blanks)
    if name == events.APPLICATION_SECRET_ADDED:
        expires = detail.get("expires")
        text += f", valid until {str(expires)[:16].replace('T', ' ')}" if expires else ", without expiry"
    if name == events.ERP_SESSION_OPENED and isinstance(after := detail.get("after"), str):
        text += f" again (after: {after.replace('_', ' ')})"
    if detail.get("credential_changed"):
        text += " and set a new password"
    if cause:
        text += f" ({cause.replace('_', ' ')})"
    return text


def changes(detail: Mapping[str, Any]) -> list[Change]:
    """The changed attributes in an event's detail, or the first values of something new (TA-73)."""
    found = []
    for name, change in _mapping(detail.get("changes")).items():
        pair = _mapping(change)
        found.append(Change(name, shown(pair.get("old")), shown(pair.get("new"))))
    for name, value in _mapping(detail.get("values")).items():
        if value is not False:  # what a new record does not allow is not worth a line
            found.append(Change(name, "", shown(value)))
    return found


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
