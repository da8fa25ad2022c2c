"""Addresses: every route has its own name, and every machine prefix leads somewhere."""

from collections import Counter

import pytest
from django.urls import URLPattern, get_resolver

from erpnet_identity.edge.paths import MACHINE_PREFIXES


def routes(resolver=None, path="/", namespace=""):
    """Every route as ``(path pattern, qualified name or None)``."""
    for entry in (resolver or get_resolver()).url_patterns:
        full_path = path + str(entry.pattern).removeprefix("^")
        if isinstance(entry, URLPattern):
            yield full_path, f"{namespace}{entry.name}" if entry.name else None
        else:
            yield from routes(entry, full_path, namespace + (f"{entry.namespace}:" if entry.namespace else ""))


def test_no_two_routes_have_the_same_name():
    counted = Counter(name for _, name in routes() if name)
    assert [name for name, times in counted.items() if times > 1] == []


# Addresses that will be for programs: kept free of cookies from the start. Remove a prefix here when it is mounted.
RESERVED = {"/tableapi"}


@pytest.mark.parametrize("prefix", MACHINE_PREFIXES)
def test_every_machine_prefix_is_mounted(prefix):
    is_mounted = any(path.startswith(prefix) for path, _ in routes())
    assert is_mounted != (prefix in RESERVED)
