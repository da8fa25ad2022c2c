"""Which web pages of other origins belong to a trusted application (ID-08, API-19)."""

from . import redirects
from .models import WebOrigin

MAX_LENGTH = 300


def is_registered_origin(origin: str) -> bool:
    """Whether an enabled application has a login or logout address of this origin. One indexed query.

    It is compared as browsers write it, with nothing behind the port and no default port; the port of a loopback
    address does not count (TA-63).
    """
    if len(origin) > MAX_LENGTH or not origin.isprintable():
        return False
    known = redirects.origin(origin)
    if known is None or (origin != known and redirects.without_port(origin) != known):
        return False
    return WebOrigin.objects.filter(origin=known, application__is_enabled=True).exists()
