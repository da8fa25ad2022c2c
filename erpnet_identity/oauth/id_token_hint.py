"""An ID token that comes back as a hint: verified by key and issuer, never by a stored row (OP-101, OP-195)."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from erpnet_identity.keys import jwt


class BadHint(Exception):
    """The text is no ID token of this server. ``cause`` is for the operator."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Hint:
    """Whom, for which application and from which identity session the token was."""

    subject: str
    client_id: str
    sid: str


def read(text: str, *, now: datetime) -> Hint:
    """What a hint says. An expired one is as good as a fresh one: nearly every hint is expired (ID-156).

    Raises ``BadHint``.
    """
    try:
        payload = jwt.verify(text, typ="JWT", now=now, with_retired_keys=True)
    except jwt.BadToken as error:
        raise BadHint(f"hint_{error.cause}") from None
    if payload.get("iss") != settings.ISSUER:
        raise BadHint("hint_issuer")
    subject, audience, sid = payload.get("sub"), payload.get("aud"), payload.get("sid")
    if not isinstance(subject, str) or not subject or not isinstance(audience, str):
        raise BadHint("hint_malformed")
    return Hint(subject, audience, sid if isinstance(sid, str) else "")
