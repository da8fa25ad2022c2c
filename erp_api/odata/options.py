"""Reading the query string: which options there are, each once, decoded once (API-21). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from ..exceptions import InvalidQuery, NotSupported

SERVED = frozenset({"$top", "$skip", "$skiptoken", "$select", "$count", "$format"})
# Defined by OData, or by the ERP, and left out here.
DEFINED = frozenset(
    {
        "$filter", "$orderby", "$expand", "$search", "$apply", "$compute", "$deltatoken", "$levels", "$index",
        "$schemaversion", "$id", "expandgroup",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Options:
    """The options of one request. ``pairs`` is everything that was sent, in order, for links that repeat it."""

    values: Mapping[str, str]
    pairs: tuple[tuple[str, str], ...]

    def get(self, name: str) -> str | None:
        return self.values.get(name)


NONE = Options({}, ())


def _decode(raw: bytes) -> str:
    try:
        return unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidQuery("The query string is not UTF-8.") from None


def read(query_string: str) -> Options:
    """The options of a query string as the server hands it over: percent-encoded, bytes as Latin-1.

    Raises ``InvalidQuery`` for a ``$`` option that is repeated or unknown, ``NotSupported`` for one that OData defines
    and this API leaves out. Other unknown names are ignored: clients send several.
    """
    if not query_string:
        return NONE
    values: dict[str, str] = {}
    pairs: list[tuple[str, str]] = []
    for part in query_string.encode("latin-1", "replace").split(b"&"):
        if not part:
            continue
        raw_name, _, raw_value = part.partition(b"=")
        name, value = _decode(raw_name), _decode(raw_value)
        pairs.append((name, value))
        if name in DEFINED or name.startswith("@"):
            raise NotSupported(f"The query option {name[:40]} is not supported.")
        if name.startswith("$"):
            if name not in SERVED:
                raise InvalidQuery(f"{name[:40]!r} is not a query option.")
            if name in values:
                raise InvalidQuery(f"The query option {name} is repeated.")
        values.setdefault(name, value)
    return Options(values, tuple(pairs))


def flags(options: Options) -> frozenset[str]:
    """The words of ``options=``; unknown ones mean nothing (API-39)."""
    return frozenset(word.strip() for word in (options.get("options") or "").split(","))
