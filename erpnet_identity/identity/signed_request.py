"""An authorization request that waits for a person: sealed, so that it can travel through the browser unchanged.

Kept by nobody: what a page was opened for is in its own address, so two tabs cannot disturb each other, a sign-in as
another user loses nothing, and unauthenticated callers cannot fill a table. The seal makes it ours (ID-67, OP-103).
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing
from django.utils import timezone

# How long an application's request is good: a working day. A page that is older still signs in; then the person is told
# which application it was for and led back to it, because by now that has forgotten what it asked for.
LIFETIME = timedelta(hours=8)
_SALT = "erpnet.identity.pending"


class InvalidSignedRequest(Exception):
    """The text is not a request that waits: forged, cut off, or too old. Of one that is too old ``expired`` is what it
    was."""

    def __init__(self, expired: "SignedRequest | None" = None) -> None:
        super().__init__("malformed" if expired is None else "expired")
        self.expired = expired


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """``parameters`` as the client sent them, checked once; ``since`` is when it began to wait: only a sign-in after
    this moment satisfies ``prompt=login`` (OP-94). ``chosen`` is the ``sid`` that the person chose to go on with."""

    parameters: dict[str, str]
    since: datetime
    chosen: str = ""

    def seal(self) -> str:
        """As text for an address or a hidden field."""
        content: dict[str, Any] = {"p": self.parameters, "t": self.since.timestamp()}
        if self.chosen:
            content["c"] = self.chosen
        return signing.dumps(content, salt=_SALT, compress=True)

    def with_choice(self, sid: str) -> "SignedRequest":
        """The same request after the person chose an account."""
        return replace(self, chosen=sid)


def unseal(text: str) -> SignedRequest:
    """The request in ``text``. Raises ``InvalidSignedRequest``."""
    try:
        content = signing.loads(text, salt=_SALT)
    except (signing.BadSignature, ValueError, UnicodeError):
        raise InvalidSignedRequest from None
    since = datetime.fromtimestamp(content["t"], tz=UTC)
    signed_request = SignedRequest(content["p"], since, content.get("c", ""))
    if timezone.now() - since > LIFETIME:
        raise InvalidSignedRequest(signed_request)
    return signed_request
