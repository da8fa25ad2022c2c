"""What a client says about itself at the token endpoint, before anyone believes it (ID-100 to ID-108)."""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

MAX_LENGTH = 4096
# How many colons of a pair may be the one after the client id. Whoever sends more is read up to here.
MAX_COLONS = 8


class SeveralMethods(Exception):
    """More than one way of authenticating, or two that contradict each other: ``invalid_request`` (OP-135, ID-106)."""


class BadBasicHeader(Exception):
    """An ``Authorization`` header that is not readable Basic: ``invalid_client`` with a challenge."""


@dataclass(frozen=True, slots=True)
class ClientCredentials:
    """An id and a secret as sent. ``alternatives`` are the readings to try, the standard's first; an empty secret
    counts as none (ID-104). ``from_header`` decides the status of a refusal (ID-105)."""

    alternatives: tuple[tuple[str, str], ...]
    from_header: bool

    @property
    def _clearest(self) -> tuple[str, str]:
        # One that names a client and a secret, if any does.
        return next(filter(all, self.alternatives), self.alternatives[0])

    @property
    def client_id(self) -> str:
        return self._clearest[0]

    @property
    def secret(self) -> str:
        return self._clearest[1]


def _form_decoded(text: str) -> str | None:
    try:
        decoded = unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\x00" in decoded else decoded


def parse_basic(header: str) -> tuple[tuple[str, str], ...] | None:
    """The readings of an ``Authorization`` header, or None when it is of another scheme.

    Id and secret are form-url-decoded as RFC 6749 §2.3.1 demands; where that changes anything the raw pair follows,
    because some libraries do not encode, and then the raw pairs at the further colons, because a client id may hold
    some (ID-102). Raises ``BadBasicHeader``.
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise BadBasicHeader from None
    if ":" not in text or "\x00" in text or len(text) > MAX_LENGTH:
        raise BadBasicHeader
    colons = [place for place, character in enumerate(text) if character == ":"][:MAX_COLONS]
    raw = [(text[:colon], text[colon + 1 :]) for colon in colons]
    decoded_id, decoded_secret = map(_form_decoded, raw[0])
    if decoded_id is None or decoded_secret is None:
        return tuple(raw)
    return tuple(dict.fromkeys([(decoded_id, decoded_secret), *raw]))


def read(header: str, form: dict[str, str]) -> ClientCredentials:
    """The credentials of a token request. Raises ``BadBasicHeader`` and ``SeveralMethods``."""
    form_id, form_secret = form.get("client_id", ""), form.get("client_secret", "")
    if header:
        readings = parse_basic(header)
        if readings is None:
            raise BadBasicHeader
        if form_secret:
            raise SeveralMethods
        if form_id and all(form_id != client_id for client_id, _ in readings):
            raise SeveralMethods
        return ClientCredentials(readings, from_header=True)
    return ClientCredentials(((form_id, form_secret),), from_header=False)
