"""What is said of one environment variable, and the example file that says it of all."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from erpnet_identity.bootstrap import VAR_DIR


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable: its name, how its text is read, its default as text, and what it means."""

    name: str
    kind: str
    default: str | None
    meaning: str
    read: Callable[[str], Any]
    secret: bool = False


def example_file(variables: Iterable[Variable]) -> str:
    """The text of ``.env.example``."""
    lines = ["# Settings of an ERP Identity instance. Copy to .env and change what you need.", "#"]
    lines += ["# Written by `manage.py settings --example`; a test keeps it true.", "#"]
    lines += ["# Comments, quotes and values over several lines are those of python-dotenv:"]
    lines += ["# NAME=value # a note, NAME='with # and blanks', NAME=\"two\\nlines\". ${NAME} is not replaced.", ""]
    for variable in variables:
        lines.append(f"# {variable.meaning}")
        default = variable.default
        if default is not None:
            default = default.replace(quote(str(VAR_DIR)), "var")
        lines.append(f"# ({variable.kind}{', required' if default is None else ''})")
        lines.append(f"{'' if default is None else '#'}{variable.name}={default or ''}")
        lines.append("")
    return "\n".join(lines)
