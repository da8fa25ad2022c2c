"""The languages of one answer, the most wanted first (API-112, API-123). Pure."""

import re
from urllib.parse import unquote

from django.utils.translation.trans_real import parse_accept_lang_header

from .options import Options

COOKIE = ".AspNetCore.Culture"
# Of a list of wishes only the first count: each combination has an encoder of its own.
MOST = 3
_TAG = re.compile(r"([a-z]{2})(?:[-_][a-z0-9]+)*", re.IGNORECASE)


def wanted(options: Options, *, cookie: str, accepted: str) -> tuple[str, ...]:
    """The languages that a caller asks for, as the keys of texts in several languages: two upper-case letters each.

    The parameter ``culture``, else ``cookie`` (``c=bg-BG|uic=bg-BG``, percent-encoded or not: ASP.NET encodes what it
    sets), else ``accepted``, the header ``Accept-Language``. What is no language is ignored; empty means English, which
    everything falls back to.
    """
    for tags in ([options.get("culture") or ""], _of_cookie(cookie), _of_header(accepted)):
        found = dict.fromkeys(match[1].upper() for tag in tags if (match := _TAG.fullmatch(tag.strip())))
        if found:
            return tuple(found)[:MOST]
    return ()


def _of_cookie(text: str) -> list[str]:
    parts = dict(part.partition("=")[::2] for part in unquote(text).split("|"))
    return [parts.get("uic") or parts.get("c", "")]


def _of_header(text: str) -> list[str]:
    # A weight of nothing says "not this one" (RFC 9110 §12.4.2).
    return [tag for tag, weight in parse_accept_lang_header(text) if weight]
