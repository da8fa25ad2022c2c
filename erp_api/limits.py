"""How much one request may ask for (API-18, API-24)."""

from django.conf import settings


def page_rows() -> int:
    """No page has more rows, whatever ``$top`` says."""
    return int(settings.API_PAGE_ROWS)


def target_bytes() -> int:
    """The longest path and query. Generated filters over some sixty groups need more than 4,000 bytes."""
    return int(settings.API_TARGET_BYTES)


def body_bytes() -> int:
    """The longest body."""
    return int(settings.API_BODY_BYTES)
