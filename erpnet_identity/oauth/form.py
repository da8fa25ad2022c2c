"""Reading a form body strictly: what is unclear is refused, never guessed (ID-93, OP-130, OP-139)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.http.request import UnreadablePostError

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


def pairs(raw: bytes) -> Iterator[tuple[str, str]]:
    """The parameters of a form body or a query string, in order, repeated ones too. Raises ``BadForm``."""
    if len(raw) > MAX_BODY:
        raise BadForm("The request body is too large")
    parts = [part for part in raw.split(b"&") if part]
    if len(parts) > MAX_FIELDS:
        raise BadForm("The request has too many parameters")
    for part in parts:
        name, _, value = part.partition(b"=")
        yield _decode(name), _decode(value)


def check_media_type(content_type: str) -> None:
    """Raises ``BadForm`` unless the content type is that of a form in UTF-8."""
    media_type, _, parameters = content_type.partition(";")
    if media_type.strip().lower() != "application/x-www-form-urlencoded":
        raise BadForm("The content type must be application/x-www-form-urlencoded")
    charset = parameters.strip().lower().replace('"', "").replace(" ", "")
    if charset.startswith("charset=") and charset not in ("charset=utf-8", "charset=us-ascii"):
        raise BadForm("The charset must be UTF-8")


def read(content_type: str, body: bytes) -> dict[str, str]:
    """The parameters of an ``application/x-www-form-urlencoded`` body, in order.

    A parameter without a value counts as not sent (OP-42), except that it still may not be repeated. Raises
    ``BadForm`` for another content type, a repeated parameter, invalid UTF-8, a NUL character and too much of
    anything.
    """
    check_media_type(content_type)
    values: dict[str, str] = {}
    for name, value in pairs(body):
        if name in values:
            raise BadForm("A parameter is repeated")
        values[name] = value
    return values


@dataclass(frozen=True, slots=True)
class FormPost:
    """What an application posts to an endpoint of its own: the parameters of its form, and the ``Authorization`` header
    beside it. Parameters in the address never count (ID-94)."""

    authorization: str
    parameters: Mapping[str, str]

    def get(self, name: str) -> str:
        """A parameter as it was sent, empty when it was not."""
        return self.parameters.get(name, "")


def read_post(request: HttpRequest) -> FormPost:
    """Read the form that an application posted. Raises ``BadForm``."""
    try:
        parameters = read(request.META.get("CONTENT_TYPE", ""), request.body)
    except (RequestDataTooBig, UnreadablePostError):
        raise BadForm("The request body is too large") from None
    return FormPost(request.META.get("HTTP_AUTHORIZATION", ""), parameters)
