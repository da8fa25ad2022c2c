"""What libraries offer and nothing here uses is not loaded: it would be a quarter of the start and of the memory."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from typing import Any


@contextmanager
def without(*names: str) -> Iterator[None]:
    """While the block imports a library, these optional parts of it are as if not installed. What is loaded already
    stays."""
    hidden = [name for name in names if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


class _AtFirstUse:
    """Finds modules that are loaded when something of them is used."""

    def __init__(self, *names: str) -> None:
        self._names = names

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path) if name in self._names else None
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def at_first_use(*names: str) -> None:
    """From now on these modules are loaded when something of them is used, and not when they are imported."""
    sys.meta_path.insert(0, _AtFirstUse(*names))
