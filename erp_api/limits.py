"""How much one request may ask for (API-18, API-24). Each is a setting; these are the defaults."""

from django.conf import settings


def page_rows() -> int:
    """No page has more rows, whatever ``$top`` says."""
    return int(getattr(settings, "API_PAGE_ROWS", 10_000))


def target_bytes() -> int:
    """The longest path and query. Generated filters over some sixty groups need more than 4,000 bytes."""
    return int(getattr(settings, "API_TARGET_BYTES", 16_384))


def body_bytes() -> int:
    """The longest body."""
    return int(getattr(settings, "API_BODY_BYTES", 10 * 1024 * 1024))
