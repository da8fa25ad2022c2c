"""Which properties are written, of which records. Pure."""

from dataclasses import dataclass

from ..edm.entity_set import EntitySet


@dataclass(frozen=True, slots=True)
class Selection:
    """What is written of the records of a set: a tree, because a record that is written in place of a reference to it
    has a selection of its own.

    ``names`` are properties of the set in model order. ``expanded`` are the references among them that are written as
    the record, each with what is written of that. What is made for a selection is kept by it, so equal ones are made
    equal.
    """

    entity_set: EntitySet
    names: tuple[str, ...]
    expanded: tuple[tuple[str, "Selection"], ...] = ()

    @property
    def has_display_text(self) -> bool:
        """Whether the language of the answer matters to it (API-112)."""
        return "DisplayText" in self.names or any(inside.has_display_text for _, inside in self.expanded)
