"""The path of the host below which the instance lies, where it lies below one (OPS-13)."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest

# The host's own (RFC 8615), and what is asked of the process itself: both come without the path.
_OF_HOST = ("/.well-known/", "/health/")


class OutsidePath(Http404):
    """The request is for something beside the instance, or the proxy does with the path what nobody has said."""


def origin() -> str:
    """The instance root without the path: scheme and host."""
    parts = urlsplit(settings.INSTANCE_URL)
    return f"{parts.scheme}://{parts.netloc}"


def shown() -> str:
    """The instance root as a person compares it with the address bar: host and path."""
    parts = urlsplit(settings.INSTANCE_URL)
    return f"{parts.netloc}{parts.path}"


def is_outside(request: HttpRequest) -> bool:
    """Take the path of the instance off ``request.path_info``, by which everything of ours tells addresses apart.
    ``request.path`` is what the browser asked for. True when the request is for no address of the instance."""
    path: str | None = settings.FORCE_SCRIPT_NAME
    if not path:
        return False
    sent = request.path_info
    has_path = sent == path or sent.startswith(f"{path}/")
    if has_path:
        request.path_info, request.path = sent.removeprefix(path) or "/", sent
    elif not settings.PROXY_STRIPS_PATH:
        request.path = sent
    return has_path == settings.PROXY_STRIPS_PATH and not sent.startswith(_OF_HOST)
