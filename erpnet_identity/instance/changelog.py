"""What changed from version to version, read from ``CHANGELOG.md``."""

from dataclasses import dataclass, field
from functools import cache

from erpnet_identity.bootstrap import BASE_DIR

_FILE = BASE_DIR / "CHANGELOG.md"


@dataclass(slots=True)
class Release:
    """One version: its heading, what is said of it, and its changes."""

    title: str
    paragraphs: list[str] = field(default_factory=list)
    changes: list[str] = field(default_factory=list)


@cache
def text() -> str:
    """The file as it is."""
    return _FILE.read_text(encoding="utf-8")


@cache
def releases() -> tuple[Release, ...]:
    """The versions of the file, the newest first. It uses three marks only: ``##`` for a version, ``-`` for a change,
    an indented line that goes on with the line before."""
    found: list[Release] = []
    in_paragraph = False
    for line in text().splitlines():
        stripped = line.strip()
        goes_on, in_paragraph = in_paragraph, bool(stripped) and not line.startswith(("#", "- ", "  "))
        if line.startswith("## "):
            found.append(Release(stripped.removeprefix("## ")))
        elif not found or not stripped:
            continue
        elif line.startswith("- "):
            found[-1].changes.append(stripped.removeprefix("- "))
        elif line.startswith("  ") and found[-1].changes:
            found[-1].changes[-1] += f" {stripped}"
        elif goes_on:
            found[-1].paragraphs[-1] += f" {stripped}"
        else:
            found[-1].paragraphs.append(stripped)
    return tuple(found)
