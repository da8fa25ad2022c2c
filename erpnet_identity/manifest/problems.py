"""What is wrong with a manifest: collected, so that all of it is reported at once (MF-06)."""

from collections.abc import Iterable
from dataclasses import dataclass

_SHOWN = 80


def printable(text: str, length: int) -> str:
    """At most ``length`` characters of a text, fit for one line of a terminal."""
    clean = "".join(character if character.isprintable() else "\ufffd" for character in text[:length])
    return f"{clean}…" if len(text) > length else clean


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: ``path`` in the file (empty for the file itself), ``line`` (0 when there is none), a sentence."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        where = printable(self.path, 200) or "manifest"
        return f"{where} (line {self.line}): {self.message}" if self.line else f"{where}: {self.message}"


class ManifestError(Exception):
    """The manifest cannot be applied. ``problems`` lists every reason, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        # A stable order of lines; the same sentence about the same place is said once.
        self.problems = sorted(dict.fromkeys(problems), key=lambda problem: problem.line)
        super().__init__("\n".join(map(str, self.problems)))

    @classmethod
    def about_file(cls, message: str, line: int = 0) -> "ManifestError":
        """A mistake that leaves nothing else to report."""
        return cls([Problem("", line, message)])


def shown(text: str) -> str:
    """A value as an error may show it, in quotes. Never call it with a secret."""
    return f'"{printable(text, _SHOWN)}"'
