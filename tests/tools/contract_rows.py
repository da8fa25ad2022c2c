"""The rows of the behavioural contract, as docs/contract says them."""

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "contract"
_ROW = re.compile(r"\| *((?:TA|ID|OP|TK|SE|IS|LG|API|MF|AU|DR|CL|OPS|CO)-R?\d+) *\|(.*)\| *")
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its id, the file that says it, and its further cells."""

    name: str
    file: str
    cells: tuple[str, ...]

    @property
    def is_withdrawn(self) -> bool:
        """Whether it only keeps its number (docs/contract/README.md)."""
        return any(cell.lower().startswith(("withdrawn", "**withdrawn")) for cell in self.cells)


def read(folder: Path = FOLDER) -> dict[str, Row]:
    """Every row by its id, in the order of the files. Raises ``ValueError`` for an id that is there twice."""
    rows: dict[str, Row] = {}
    for file in sorted(folder.glob("*.md")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if (match := _ROW.fullmatch(line)) is None:
                continue
            if match[1] in rows:
                raise ValueError(f"{match[1]} is in {rows[match[1]].file} and in {file.name}")
            cells = tuple(cell.strip() for cell in _CELL.split(match[2]))
            rows[match[1]] = Row(match[1], file.name, cells)
    return rows


def titles(folder: Path = FOLDER) -> dict[str, str]:
    """The title of each file of the contract, by its name."""
    found = {}
    for file in sorted(folder.glob("*.md")):
        first = file.read_text(encoding="utf-8").partition("\n")[0]
        found[file.name] = first.removeprefix("# ").strip()
    return found
