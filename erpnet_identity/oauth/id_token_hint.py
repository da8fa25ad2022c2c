"""An ID token that comes back as a hint: verified by key and issuer, never by a stored row (OP-101, OP-195)."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from erpnet_identity.audit.causes import Cause
from erpnet_identity.keys import jwt

_CAUSES = {
    Cause.TOKEN_MALFORMED: Cause.HINT_TOKEN_MALFORMED,
    Cause.TOKEN_TYPE: Cause.HINT_TOKEN_TYPE,
    Cause.TOKEN_KEY_UNKNOWN: Cause.HINT_TOKEN_KEY_UNKNOWN,
    Cause.TOKEN_SIGNATURE: Cause.HINT_TOKEN_SIGNATURE,
    Cause.TOKEN_ALGORITHM: Cause.HINT_TOKEN_ALGORITHM,
}


class BadHint(Exception):
    """The text is no ID token of this server. ``cause`` is for the operator."""

    def __init__(self, cause: Cause) -> None:
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
        raise BadHint(_CAUSES[error.cause]) from None
    if payload.get("iss") != settings.ISSUER:
        raise BadHint(Cause.HINT_ISSUER)
    subject, audience, sid = payload.get("sub"), payload.get("aud"), payload.get("sid")
    if not isinstance(subject, str) or not subject or not isinstance(audience, str):
        raise BadHint(Cause.HINT_MALFORMED)
    return Hint(subject, audience, sid if isinstance(sid, str) else "")
