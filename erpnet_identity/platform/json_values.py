"""What a cache stores: JSON, and never a format that runs code when it is read.

Django's caches store pickles. A program that can write to the store of such a cache, for example to a Redis that other
programs use too, runs code in every process that reads from it.
"""

import json
from typing import Any


def dumps(value: Any) -> bytes:
    """The stored form of a value. A whole number is stored as its digits, so that Redis can count with it. Raises
    ``TypeError`` for what JSON cannot express."""
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("utf-8")


def loads(stored: bytes | str | int) -> Any:
    """The value again. Raises ``ValueError`` for what no cache of ours has written."""
    if isinstance(stored, int):
        return stored
    try:
        return json.loads(stored)
    except RecursionError:
        raise ValueError("nested too deeply") from None


class JsonSerializer:
    """The same for Django's Redis client, which asks for an object."""

    def dumps(self, value: Any) -> bytes:
        return dumps(value)

    def loads(self, stored: bytes | str | int) -> Any:
        return loads(stored)
