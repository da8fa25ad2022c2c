"""Which web pages of other origins belong to a trusted application (ID-08, API-19)."""

from .models import WebOrigin


def is_registered_origin(origin: str) -> bool:
    """Whether an enabled application has a login or logout address of exactly this origin. One indexed query."""
    if not origin.startswith(("http://", "https://")) or len(origin) > 300 or "\x00" in origin:
        return False
    return WebOrigin.objects.filter(origin=origin, application__is_enabled=True).exists()
