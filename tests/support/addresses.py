"""The addresses of the instance, walked from what is mounted."""

import re

from django.urls import URLPattern, get_resolver


def without_values(resolver=None, path="/"):
    """Every address without a value in it, as it is mounted."""
    for entry in (resolver or get_resolver()).url_patterns:
        full = path + str(entry.pattern).removeprefix("^")
        if not isinstance(entry, URLPattern):
            yield from without_values(entry, full)
        elif not re.search(r"[<(\\^$|?]", full):
            yield full
