"""YAML → nodes that know their line. Knows nothing of what a manifest means.

YAML can do much that a configuration file must not: aliases that expand without end, tags that name types, several
documents. The events of the parser are read one by one, so that each of these stops at the point where it appears.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from .problems import ManifestError, Problem, shown

MAX_BYTES = 32 * 1024 * 1024
# A manifest is five levels deep; nothing good is deeper.
_MAX_DEPTH = 16
_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"
# The parser in C is ten times as fast; where PyYAML was built without it the other one does the same work.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER = yaml.resolver.Resolver()


@dataclass(slots=True)
class Scalar:
    """One value: its text and whether it stood there without quotes."""

    text: str
    line: int
    plain: bool

    @property
    def kind(self) -> str:
        """What YAML takes the text for: ``str``, ``int``, ``bool``, ``null``, ``float``, ``timestamp``, …"""
        if not self.plain:
            return "str"
        return str(_RESOLVER.resolve(yaml.ScalarNode, self.text, (True, False))).removeprefix(_TAG)


@dataclass(slots=True)
class Sequence:
    """A list."""

    items: list["Node"]
    line: int


@dataclass(slots=True)
class Mapping:
    """Keys and values in the order of the file; each key with its line."""

    entries: dict[str, tuple["Node", int]]
    line: int


Node = Scalar | Sequence | Mapping


def describe(node: Node) -> str:
    """What a node is, for "expected text, found …". Never the value: it may be a secret in the wrong place."""
    if isinstance(node, Sequence):
        return "a list"
    if isinstance(node, Mapping):
        return "a mapping"
    kinds = {"null": "nothing (null)", "bool": "true or false", "int": "a number", "str": "text"}
    return kinds.get(node.kind, "text")


def decode(data: bytes) -> str:
    """The text of the file. Raises ``ManifestError`` when it is too long, not UTF-8 or holds control characters."""
    if len(data) > MAX_BYTES:
        raise ManifestError.about_file(f"The file is longer than {MAX_BYTES // 1024 // 1024} MiB.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ManifestError.about_file("The file is not UTF-8 text.", line) from None
    text = text.removeprefix("\ufeff")
    if found := _NOT_TEXT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise ManifestError.about_file(f"The character U+{ord(found[0]):04X} cannot be part of a YAML file.", line)
    return text


def read(data: bytes, problems: list[Problem]) -> Node:
    """The root node of the one document in ``data``.

    Repeated keys are added to ``problems``, the first one holds. Raises ``ManifestError`` for what makes the rest
    unreadable: bad syntax, aliases, tags, a second document, no document.
    """
    loader = _LOADER(decode(data))
    try:
        return _document(_Events(loader), problems)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        # What the parser quotes may be a part of a secret.
        reason = re.sub(r"\s*(['\"]).*\1", "", error.problem or "cannot be read", flags=re.DOTALL)
        raise ManifestError.about_file(f"This is not valid YAML: {reason}.", mark.line + 1 if mark else 0) from None
    except yaml.YAMLError:
        raise ManifestError.about_file("This is not valid YAML.") from None
    finally:
        loader.dispose()


class _Events:
    """The events of a document, each checked on its way."""

    def __init__(self, loader: Any) -> None:
        self._events: Iterator[Any] = iter(loader.get_event, None)

    def next(self) -> Any:
        event = next(self._events)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise ManifestError.about_file("Anchors and aliases (& and *) are not allowed here.", _line(event))
        tag = getattr(event, "tag", None)
        if tag is not None and not (isinstance(event, yaml.ScalarEvent) and tag == f"{_TAG}str"):
            raise ManifestError.about_file("YAML tags (!) are not allowed here.", _line(event))
        return event


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _document(events: _Events, problems: list[Problem]) -> Node:
    events.next()  # the start of the stream
    if isinstance(events.next(), yaml.StreamEndEvent):
        raise ManifestError.about_file("The manifest is empty.")
    root = _node(events.next(), events, problems, "", 0)
    events.next()  # the end of the document
    following = events.next()
    if not isinstance(following, yaml.StreamEndEvent):
        raise ManifestError.about_file("A manifest is one document; a second one begins here.", _line(following))
    return root


def _node(event: Any, events: _Events, problems: list[Problem], path: str, depth: int) -> Node:
    if depth > _MAX_DEPTH:
        raise ManifestError.about_file("The values are nested too deeply.", _line(event))
    if isinstance(event, yaml.ScalarEvent):
        # A plain scalar is the one whose type YAML would guess.
        return Scalar(event.value, _line(event), bool(event.implicit[0]) and event.style in (None, ""))
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Node] = []
        while not isinstance(item := events.next(), yaml.SequenceEndEvent):
            items.append(_node(item, events, problems, f"{path}[{len(items)}]", depth + 1))
        return Sequence(items, _line(event))
    entries: dict[str, tuple[Node, int]] = {}
    while not isinstance(key := events.next(), yaml.MappingEndEvent):
        if not isinstance(key, yaml.ScalarEvent):
            raise ManifestError.about_file("A key must be text.", _line(key))
        place = f"{path}.{key.value}" if path else str(key.value)
        value = _node(events.next(), events, problems, place, depth + 1)
        if key.value in entries:
            problems.append(Problem(path, _line(key), f"The key {shown(key.value)} stands here twice."))
        else:
            entries[key.value] = (value, _line(key))
    return Mapping(entries, _line(event))
