"""The catalogue of causes: what has happened, what helps, who may be told (DR-01, DR-02)."""

from ..causes import Cause
from . import calls, people, protocol
from .explanation import Explanation, Told

__all__ = ["EXPLANATIONS", "Explanation", "Told", "explain"]

EXPLANATIONS: dict[Cause, Explanation] = {
    **protocol.EXPLANATIONS,
    **calls.EXPLANATIONS,
    **people.EXPLANATIONS,
}


def explain(code: str) -> Explanation | None:
    """What a code of the trail means; None for one that an earlier version wrote."""
    try:
        return EXPLANATIONS[Cause(code)]
    except ValueError:
        return None
