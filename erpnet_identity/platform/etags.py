"""Whether a caller already has what it asks for (RFC 9110 §13.1.2)."""

import re
from collections.abc import Mapping
from typing import Any

# An entity tag, weak or strong; a comma may stand inside its quotes (RFC 9110 §8.8.3).
_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')


def is_current(etag: str, headers: Mapping[str, Any]) -> bool:
    """Whether ``If-None-Match`` (in ``request.META``) names this entity tag: in a list, as a weak tag, or as ``*``,
    which names any. Compared weakly, as RFC 9110 §13.1.2 asks: a proxy that compresses makes a tag weak."""
    named = str(headers.get("HTTP_IF_NONE_MATCH", "")).strip()
    return named == "*" or etag.removeprefix("W/") in _TAG.findall(named)
