"""``$count=true`` (API-25). Pure."""

from ..exceptions import InvalidQuery


def is_wanted(text: str | None) -> bool:
    """Whether the number of all rows is asked for. Raises ``InvalidQuery`` for anything but true and false."""
    if text not in (None, "true", "false"):
        raise InvalidQuery("$count is true or false.")
    return text == "true"
