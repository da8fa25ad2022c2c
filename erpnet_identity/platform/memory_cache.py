"""Django's cache in the memory of the process, with JSON in place of pickles.

Nobody but the process can write to it. It keeps JSON all the same: what can be stored does not depend on which cache an
instance uses, and no part of the product reads a pickle.
"""

from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.locmem import LocMemCache

from . import json_values


class MemoryCache(LocMemCache):
    """``CACHE_URL=locmemcache://`` uses this backend. Only what turns values into what is stored differs."""

    _cache: Any
    _lock: Any
    _has_expired: Any
    _delete: Any
    _set: Any

    def add(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        key = self.make_and_validate_key(key, version=version)
        stored = json_values.dumps(value)
        with self._lock:
            if not self._has_expired(key):
                return False
            self._set(key, stored, timeout)
            return True

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        key = self.make_and_validate_key(key, version=version)
        with self._lock:
            if self._has_expired(key):
                self._delete(key)
                return default
            stored = self._cache[key]
            self._cache.move_to_end(key, last=False)
        return json_values.loads(stored)

    def set(self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        key = self.make_and_validate_key(key, version=version)
        stored = json_values.dumps(value)
        with self._lock:
            self._set(key, stored, timeout)

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> int:
        key = self.make_and_validate_key(key, version=version)
        with self._lock:
            if self._has_expired(key):
                self._delete(key)
                raise ValueError(f"Key {key!r} not found")
            value: int = json_values.loads(self._cache[key]) + delta
            self._cache[key] = json_values.dumps(value)
        return value
