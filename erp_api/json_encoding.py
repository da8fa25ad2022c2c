"""Values as JSON text (contract file 70, section 4)."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from json.encoder import encode_basestring

_SHORT_ESCAPE = re.compile(r'\\(?:u[0-9a-f]{4}|["\\bfnrt])')
_CODES = {
    '\\"': "\\u0022",
    "\\\\": "\\u005c",
    "\\b": "\\u0008",
    "\\f": "\\u000c",
    "\\n": "\\u000a",
    "\\r": "\\u000d",
    "\\t": "\\u0009",
}

text: Callable[[str], str] = encode_basestring


def plain_escapes(json_text: str) -> str:
    r"""``json_text`` with every escape written as ``\uXXXX``: the vendor's reader understands no other.

    An escape is always read whole from its backslash on, so an escaped backslash never joins what follows it.
    """
    if "\\" not in json_text:
        return json_text
    return _SHORT_ESCAPE.sub(lambda escape: _CODES.get(escape[0], escape[0]), json_text)


def boolean(value: bool) -> str:
    return "true" if value else "false"


def number(value: Decimal) -> str:
    """All digits, no exponent, no zeros that say nothing: ``12.5`` (API-68)."""
    digits = format(value, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def moment(value: datetime) -> str:
    """``"2020-05-08T00:00:00Z"``; the database hands out UTC (API-64)."""
    return f'"{value.isoformat()[:-6]}Z"'


def multi_language(value: Mapping[str, str]) -> str:
    """``{"EN":"Apple","BG":"…"}`` (API-61)."""
    return "{" + ",".join([f"{text(language)}:{text(translation)}" for language, translation in value.items()]) + "}"


def in_language(value: Mapping[str, str] | None, languages: Sequence[str] = ()) -> str:
    """The translation into the first of ``languages`` that there is, else the English one, else any, else nothing
    (API-123)."""
    if not value:
        return ""
    return next(filter(None, map(value.get, (*languages, "EN"))), None) or next(iter(value.values()))


def amount(value: Decimal, unit: str | None, unit_member: str) -> str:
    """``{"Value":12.5,"Currency":"EUR"}``, ``{"Value":5.555,"Unit":"pcs"}`` (API-62, API-63)."""
    return f'{{"Value":{number(value)},"{unit_member}":{"null" if unit is None else text(unit)}}}'
