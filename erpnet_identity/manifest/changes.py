"""What one object of the manifest needs: compared first, written later by the same services as in the admin."""

from abc import ABC, abstractmethod
from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from erpnet_identity.audit.context import Actor

from .problems import Problem
from .schema import Entry


@dataclass(frozen=True, slots=True)
class Trace:
    """Who the changes are recorded for and what is added to each event (MF-09)."""

    actor: Actor
    source: dict[str, Any]

    @classmethod
    def of(cls, sha256: str) -> "Trace":
        return cls(Actor("manifest", "", "manifest"), {"manifest_sha256": sha256})


class Change(ABC):
    """One object that the manifest names. ``keys`` are the manifest keys in which it differs from what is stored."""

    label: str
    adding: bool = False
    note: str = ""

    def __init__(self) -> None:
        self.keys: set[str] = set()

    @property
    def pending(self) -> bool:
        return self.adding or bool(self.keys)

    @property
    def outcome(self) -> str:
        return "created" if self.adding else "updated" if self.keys else "unchanged"

    def __str__(self) -> str:
        """The line that ``apply`` and ``plan`` print (MF-01)."""
        fields = f" {', '.join(sorted(self.keys))}" if self.outcome == "updated" else ""
        return f"{self.label}: {self.outcome}{fields}{self.note}"

    @abstractmethod
    def write(self, trace: Trace) -> None:
        """Store it with its events. Raises ``ValidationError`` for what only the database knows."""

    @abstractmethod
    def problems_of(self, error: ValidationError) -> list[Problem]:
        """The violations that ``write`` raised, each at its place in the file."""


def located(
    error: ValidationError,
    entry: Entry,
    keys: Mapping[str, str],
    *,
    identity: str = "",
    ignore: Container[str | None] = (),
) -> list[Problem]:
    """Violations keyed by model field → problems at the lines of the manifest's keys.

    ``keys`` maps fields to keys where the names differ, the whole object (``__all__``) among them; ``identity`` is
    the key that a violation of uniqueness is about; codes in ``ignore`` and keys that were already reported are left
    out.
    """
    found = []
    fields = error.error_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.error_list}
    for field, violations in fields.items():
        for violation in violations:
            if violation.code in ignore:
                continue
            key = keys.get(field, field)
            if field == NON_FIELD_ERRORS:
                key = identity if violation.code == "unique" else keys.get(field, "")
            if not entry.unreadable(key):
                found.append(entry.problem(key, " ".join(violation.messages)))
    return found
