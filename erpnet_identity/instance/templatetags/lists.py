"""What the templates of lists in the administration need."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import capfirst

register = template.Library()

_CELL = "<td"


@register.filter
def labelled(cells: Iterable[SafeString], headers: list[dict[str, Any]]) -> Iterator[SafeString]:
    """The cells of one row as Django made them, each with the heading of its column: in a small window a row is a card
    and has no headings above it. The cell that the row is called by (``th``) is the heading of its card."""
    for cell, header in zip(cells, headers, strict=True):
        # The column of checkboxes has a checkbox for its heading.
        if cell.startswith(_CELL) and not isinstance(header["text"], SafeString):
            label = escape(capfirst(str(header["text"])))
            cell = mark_safe(f'{_CELL} data-label="{label}"{cell[len(_CELL) :]}')  # noqa: S308  # both are escaped
        yield cell


@register.filter
def in_use(choices: list[dict[str, Any]]) -> str:
    """What a filter narrows the list to; empty where it shows everything, which is always its first choice."""
    return next((str(choice["display"]) for choice in choices[1:] if choice["selected"]), "")
