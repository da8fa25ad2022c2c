"""What every refusal has in common, and its trace (DR-01, DR-02)."""

from collections.abc import Callable
from typing import Any

from .causes import Cause
from .models import AuditEvent
from .services import record
from .unauthenticated import record_unauthenticated


class Refusal(Exception):
    """A request is refused. ``error`` and ``description`` are what the caller is told, ``cause`` is for the trail."""

    def __init__(self, error: str, description: str, cause: Cause) -> None:
        Exception.__init__(self, cause)  # not super(): a refusal may be an error of a library too
        self.error = error
        self.description = description
        self.cause = cause


def record_refusal(
    name: str,
    cause: Cause,
    *,
    outcome: str = "refused",
    is_known: bool = False,
    unless: Callable[[], bool] = lambda: False,
    **values: Any,
) -> AuditEvent | None:
    """Leave the trace of a refusal. Returns None for one that is only counted.

    A refusal of a caller who ``is_known`` is always written, that of any other up to the budget (AU-11); ``unless`` is
    asked then, as in ``record_unauthenticated``. Takes what ``services.record`` takes beside.
    """
    if is_known:
        return record(name, outcome=outcome, cause=cause, **values)
    return record_unauthenticated(name, unless=unless, outcome=outcome, cause=cause, **values)
