"""What an instance shows of itself on every page for people: its name, its logo, and where help and rules are."""

from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError

from . import logo
from .logo import Logo
from .models import Instance, described, last_described


@dataclass(frozen=True, slots=True)
class Appearance:
    """Empty texts, and no logo, are what an instance shows that has set nothing."""

    title: str
    logo: Logo | None
    support_url: str
    privacy_url: str
    terms_url: str


_made: tuple[Instance, Appearance] | None = None


def appearance(*, may_ask: bool = True) -> Appearance:
    """At most ten seconds old. Without the right to ask the database, as on a page that says that it is away, what is
    known here is good enough; no page fails for want of its head."""
    global _made
    try:
        instance = described() if may_ask else last_described()
    except (DatabaseError, InterfaceError):
        instance = last_described()
    if _made is None or _made[0] is not instance:
        links = instance.support_url, instance.privacy_url, instance.terms_url
        _made = (instance, Appearance(instance.title, logo.read(instance.logo), *links))
    return _made[1]
