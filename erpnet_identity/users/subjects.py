"""What tokens name as ``sub``: the login of a person or the client id of an application, and never one name for both
(RFC 9700 §4.15, TK-26)."""

from django.db import connection

from .models import FormerLogin, User

# Any number that nothing else in this database locks by.
_LOCK = 0x73756273


def lock() -> None:
    """Until the end of the transaction nobody else gives out a login or a client id: one of two that are the same would
    not see the other. Taken after every lock of a row, so that nobody waits in a circle. SQLite has one writer anyway.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def is_login(name: str) -> bool:
    """Whether an account has this login or once had it, letter case apart."""
    return User.objects.filter(folded_login=name).exists() or FormerLogin.objects.named(name).exists()
