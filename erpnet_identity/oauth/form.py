"""Reading a form body strictly: what is unclear is refused, never guessed (ID-93, OP-130, OP-139)."""

from urllib.parse import unquote_to_bytes

MAX_BODY = 64 * 1024
MAX_VALUE = 8 * 1024
MAX_FIELDS = 100


class BadForm(Exception):
    """The body is no form that can be understood; the text says why, in printable ASCII."""


def _decode(part: bytes) -> str:
    try:
        text = unquote_to_bytes(part.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise BadForm("A parameter is not valid UTF-8") from None
    if "\x00" in text:
        raise BadForm("A parameter contains a NUL character")
    if len(text) > MAX_VALUE:
        raise BadForm("A parameter is too long")
    return text


def read(content_type: str, body: bytes) -> dict[str, str]:
    """The parameters of an ``application/x-www-form-urlencoded`` body, in order.

    A parameter without a value counts as not sent (OP-42), except that it still may not be repeated. Raises
    ``BadForm`` for another content type, a repeated parameter, invalid UTF-8, a NUL character and too much of
    anything.
    """
    media_type, _, parameters = content_type.partition(";")
    if media_type.strip().lower() != "application/x-www-form-urlencoded":
        raise BadForm("The content type must be application/x-www-form-urlencoded")
    charset = parameters.strip().lower().replace('"', "").replace(" ", "")
    if charset.startswith("charset=") and charset not in ("charset=utf-8", "charset=us-ascii"):
        raise BadForm("The charset must be UTF-8")
    if len(body) > MAX_BODY:
        raise BadForm("The request body is too large")
    pairs = [pair for pair in body.split(b"&") if pair]
    if len(pairs) > MAX_FIELDS:
        raise BadForm("The request has too many parameters")
    values: dict[str, str] = {}
    for pair in pairs:
        raw_name, _, raw_value = pair.partition(b"=")
        name = _decode(raw_name)
        if name in values:
            raise BadForm("A parameter is repeated")
        values[name] = _decode(raw_value)
    return values
