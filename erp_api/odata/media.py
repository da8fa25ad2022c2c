"""``Accept`` and ``$format``: JSON, or plain text for a count (API-13). Pure."""

from collections.abc import Collection

from ..exceptions import NotAcceptable, NotSupported

JSON = frozenset({"*/*", "application/*", "application/json"})
# A count is so plain that a client which expects JSON reads it as well.
TEXT = JSON | {"text/plain", "text/*"}


def check(accept: str, format_: str | None, produced: Collection[str]) -> None:
    """Raises ``NotAcceptable``, or ``NotSupported`` for a format other than JSON. ``$format`` overrules ``Accept``."""
    if format_ is not None:
        if format_.partition(";")[0].strip().lower() not in ("json", "application/json"):
            raise NotSupported("The only $format is json.")
        return
    if not accept or accept == "*/*":
        return
    for item in accept.split(","):
        media_type, *parameters = (part.strip().lower() for part in item.split(";"))
        if media_type in produced and not any(_is_zero(parameter) for parameter in parameters):
            return
    raise NotAcceptable("This address answers in JSON only; a count is plain text.")


def _is_zero(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    return name.strip() == "q" and value.strip() in ("0", "0.0", "0.00", "0.000")
