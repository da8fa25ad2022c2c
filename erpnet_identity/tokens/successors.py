"""The refresh token that follows another one: computed, so that a second use can be given the same one although only
digests are stored (TK-56, TK-58)."""

from django.conf import settings
from django.utils.crypto import salted_hmac

_SALT = "erpnet.tokens.successors"


def successor(token: str) -> str:
    """The token that follows ``token``: 64 upper-case hexadecimal characters, known only to who holds ``token`` and the
    instance's secret key."""
    return _derived(token, settings.SECRET_KEY)


def possible_successors(token: str) -> list[str]:
    """What may have followed ``token``, under the present secret key and former ones."""
    return [_derived(token, key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _derived(token: str, key: str | bytes) -> str:
    return salted_hmac(_SALT, token, secret=key, algorithm="sha256").hexdigest().upper()
