"""``$top``, ``$skip``, ``$skiptoken`` and the link to the next page (API-22 to API-24). Pure."""

import re
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from ..exceptions import InvalidQuery
from .options import Options

MAX_INTEGER = 2_147_483_647
_NUMBER = re.compile(r"[0-9]{1,10}\Z")
_TOKEN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows are wanted: at most ``size``, after the row ``after`` (in ``Id`` order), ``skip`` left out."""

    size: int
    skip: int
    after: UUID | None


def _number(options: Options, name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not _NUMBER.match(text) or int(text) > MAX_INTEGER:
        raise InvalidQuery(f"{name} is a whole number from 0 to {MAX_INTEGER}.")
    return int(text)


def page(options: Options, *, largest: int) -> Page:
    """The page a request asks for; no page has more than ``largest`` rows. Raises ``InvalidQuery``."""
    top = _number(options, "$top")
    skip = _number(options, "$skip") or 0
    token = options.get("$skiptoken")
    if token is not None and not _TOKEN.match(token):
        raise InvalidQuery("$skiptoken is not one that this API gave out.")
    size = largest if top is None else min(top, largest)
    return Page(size, skip, UUID(token) if token is not None else None)


def next_link(address: str, options: Options, last: UUID) -> str:
    """The address of the page after the row ``last``: every other option again. What was to be skipped is behind."""
    kept = [(name, value) for name, value in options.pairs if name not in ("$skip", "$skiptoken")]
    encoded = [quote(name, safe="$") + "=" + quote(value, safe="$*,()'/:") for name, value in kept]
    return f"{address}?{'&'.join([*encoded, f'$skiptoken={last}'])}"
