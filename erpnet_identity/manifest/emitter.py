"""Values → YAML text: one way to write each value, so that the same instance is always the same file (MF-05)."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import yaml

from .variables import escape

_PLAIN = re.compile(r"[\w/.](?:[\w ./@+=()-]|[:,](?=[^ ]))*")
_RESOLVER = yaml.resolver.Resolver()
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def scalar(value: Any) -> str:
    """A value on one line: text is left without quotes only where no reader could take it for something else."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    text = escape(str(value))
    is_text = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) == "tag:yaml.org,2002:str"
    if is_text and _PLAIN.fullmatch(text) and not text.endswith(" ") and text.isprintable():
        return text
    return f'"{"".join(map(_quoted, text))}"'


def _quoted(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def lines(key: str, value: Any, indent: str) -> Iterable[str]:
    """``key: value`` in as many lines as it needs. Lists are written one item a line, texts of several lines as a
    block where nothing in them would be lost."""
    if isinstance(value, Mapping):
        yield f"{indent}{key}:"
        for name, item in value.items():
            yield from lines(name, item, indent + "  ")
    elif isinstance(value, list):
        if not value:
            yield f"{indent}{key}: []"
            return
        yield f"{indent}{key}:"
        for item in value:
            if isinstance(item, Mapping):
                yield from _item(item, indent + "  ")
            else:
                yield f"{indent}  - {scalar(item)}"
    elif isinstance(value, str) and _is_block(value):
        yield f"{indent}{key}: |{'' if value.endswith(chr(10)) else '-'}"
        for line in escape(value).removesuffix("\n").split("\n"):
            yield f"{indent}  {line}" if line else ""
    else:
        yield f"{indent}{key}: {scalar(value)}"


def _item(item: Mapping[str, Any], indent: str) -> Iterable[str]:
    """A mapping as an item of a list: its first key stands beside the hyphen."""
    rows = [row for name, value in item.items() for row in lines(name, value, indent + "  ")]
    yield f"{indent}- {rows[0].lstrip(' ')}"
    yield from rows[1:]


def _is_block(text: str) -> bool:
    rows = text.removesuffix("\n").split("\n")
    return (
        len(rows) > 1
        and all(row.isprintable() and row == row.rstrip() for row in rows)
        and rows[0] == rows[0].lstrip()
        and rows[0] != ""
        and rows[-1] != ""
    )
