"""What is written in place of a name that is nobody's: people type passwords into the wrong field (AU-02)."""

from django.utils.crypto import salted_hmac

from erpnet_identity.platform.spelling import fold

_SALT = "erpnet.audit.unknown-name"
_DIGITS = 16


def stand_in(typed: str) -> str:
    """The same word for the same text in whatever case, so that its events can be found, and useless without the
    instance's ``SECRET_KEY``."""
    digest = salted_hmac(_SALT, fold(typed.strip()), algorithm="sha256").hexdigest()
    return f"unknown-{digest[:_DIGITS]}"
