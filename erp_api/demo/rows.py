"""What the demo's rows have in common."""

from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

_NAMESPACE = uuid5(NAMESPACE_URL, "urn:erp-identity:demo")
EPOCH = datetime(2024, 1, 8, 8, 0, tzinfo=UTC)
AUTHOR = "demo"


def key(kind: str, number: object) -> UUID:
    """The key of a row that has no documented one: always the same for the same row."""
    return uuid5(_NAMESPACE, f"{kind}/{number}")


def keys(kind: str, documented: list[str], count: int) -> list[UUID]:
    """``count`` keys: the documented ones first."""
    known = [UUID(text) for text in documented]
    return known + [key(kind, number) for number in range(len(known), count)]


def ml(english: str, bulgarian: str) -> dict[str, str]:
    """A name in both languages of the demo."""
    return {"EN": english, "BG": bulgarian}


def stamps(number: int) -> dict[str, object]:
    """Who made and changed the ``number``-th row of a kind, and when: some hours apart, in order."""
    made = EPOCH + timedelta(hours=7 * number)
    changed = made + timedelta(days=30, minutes=number % 60)
    return {
        "creation_time": made,
        "creation_user": AUTHOR,
        "update_time": changed,
        "update_user": AUTHOR,
        "aggregate_last_update_time": changed,
    }
