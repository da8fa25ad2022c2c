"""Nodes → Python values, one small reader per kind of field. Each raises ``Unreadable`` with a sentence."""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

import yaml
from django.utils.dateparse import parse_date, parse_datetime

from . import reader, variables
from .problems import Problem, shown
from .reader import Node, Scalar, Sequence

_BOOLEANS: dict[str, bool] = yaml.constructor.SafeConstructor.bool_values
_INTEGER = re.compile(r"0|[1-9][0-9]{0,9}")
_LARGEST = 2_147_483_647  # what the column holds
_SURROGATES = re.compile("[\ud800-\udfff]")


class Unreadable(Exception):
    """A value is not what the field wants. ``line`` when it is another than the key's, ``item`` as in ``[2]``."""

    def __init__(self, message: str, line: int = 0, item: str = "") -> None:
        self.message, self.line, self.item = message, line, item
        super().__init__(message)


class Context:
    """What reading needs besides the nodes: the environment, and where mistakes are collected."""

    def __init__(self, environment: Mapping[str, str], problems: list[Problem]) -> None:
        self.environment = environment
        self.problems = problems

    def text(self, node: Scalar) -> str:
        """The node's text with its variables replaced. Raises ``Unreadable``."""
        try:
            text = variables.substitute(node.text, self.environment)
        except variables.BadReference as error:
            raise Unreadable(str(error), node.line) from None
        # Neither can be stored in every database; a variable may hold bytes that are not UTF-8.
        if "\x00" in text or _SURROGATES.search(text):
            raise Unreadable("The value holds characters that cannot be stored.", node.line)
        return text


Reader = Callable[[Node, Context], Any]


def text(node: Node, context: Context) -> str:
    """Text, exactly as it stands there: ``123`` is "123". What YAML takes for true, false or null is refused, since
    ``name: no`` is hardly ever meant as the word."""
    if not isinstance(node, Scalar):
        raise Unreadable(f"Expected text, found {reader.describe(node)}.", node.line)
    if node.kind == "null":
        raise Unreadable("Expected text, found nothing; write '' for an empty text.", node.line)
    if node.kind == "bool":
        raise Unreadable("Expected text, found what YAML reads as true or false; put it in quotes.", node.line)
    return context.text(node)


def optional_text(node: Node, context: Context) -> str | None:
    """Text, or None for ``null``."""
    return None if isinstance(node, Scalar) and node.kind == "null" else text(node, context)


def flag(node: Node, context: Context) -> bool:
    """``true`` or ``false`` without quotes, or a variable that holds one of the two words."""
    if isinstance(node, Scalar) and node.plain:
        word = context.text(node)
        if node.kind == "bool" or (variables.is_template(node.text) and word in ("true", "false")):
            return bool(_BOOLEANS[word.lower()])
    raise Unreadable(f"Expected true or false, found {reader.describe(node)}.", node.line)


def optional_count(node: Node, context: Context) -> int | None:
    """A whole number from 0, or None for ``null``."""
    if isinstance(node, Scalar) and node.plain:
        if node.kind == "null":
            return None
        word = context.text(node)
        if _INTEGER.fullmatch(word) and int(word) <= _LARGEST:
            return int(word)
        if node.kind == "int":
            raise Unreadable(f"Expected a whole number from 0 to {_LARGEST}.", node.line)
    raise Unreadable(f"Expected a whole number or null, found {reader.describe(node)}.", node.line)


def percent(node: Node, context: Context) -> int:
    """A whole number from 0 to 100."""
    if isinstance(node, Scalar) and node.plain:
        word = context.text(node)
        if _INTEGER.fullmatch(word) and int(word) <= 100:
            return int(word)
    raise Unreadable(f"Expected a whole number from 0 to 100, found {reader.describe(node)}.", node.line)


def choice(names: Iterable[str], values: Iterable[Any]) -> Reader:
    """One of the documented names; gives the stored value."""
    known = dict(zip(names, values, strict=True))

    def read(node: Node, context: Context) -> Any:
        word = text(node, context)
        if word not in known:
            raise Unreadable(f"{shown(word)} is not one of {', '.join(known)}", node.line)
        return known[word]

    return read


def guid(node: Node, context: Context) -> uuid.UUID:
    """A key of the form ``cc314327-3d04-477f-ac53-cde19d8350e9``."""
    word = text(node, context)
    try:
        key = uuid.UUID(word)
    except ValueError:
        raise Unreadable(f"{shown(word)} is not a GUID.", node.line) from None
    if str(key) != word.lower():
        raise Unreadable(f"{shown(word)} is not a GUID in its usual form.", node.line)
    return key


def moment(node: Node, context: Context) -> datetime | None:
    """A point in time as ISO 8601, or None for ``null``. Without an offset it is UTC; a date is its first moment."""
    word = optional_text(node, context)
    if word is None:
        return None
    try:
        parsed: date | None = parse_datetime(word) or parse_date(word)
        if parsed is None:
            raise ValueError
        if not isinstance(parsed, datetime):
            parsed = datetime.combine(parsed, time.min)
        return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Unreadable(f"{shown(word)} is not a time such as 2027-01-31T00:00:00Z.", node.line) from None


def texts(node: Node, context: Context) -> list[tuple[str, int]]:
    """A list of texts, each with its line."""
    if not isinstance(node, Sequence):
        hint = "; write [] for an empty list" if isinstance(node, Scalar) and node.kind == "null" else ""
        raise Unreadable(f"Expected a list, found {reader.describe(node)}{hint}.", node.line)
    found = []
    for index, item in enumerate(node.items):
        try:
            found.append((text(item, context), item.line))
        except Unreadable as error:
            raise Unreadable(error.message, item.line, f"[{index}]") from None
    return found
