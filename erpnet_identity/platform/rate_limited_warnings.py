"""Saying that something is away once a minute, not once a call: a failure must not fill the log as well (OPS-03)."""

import time
from typing import Any

INTERVAL = 60.0  # seconds


class RateLimitedWarning:
    """A warning that is written at most once a minute, in each process."""

    def __init__(self, log: Any, text: str) -> None:
        self._log = log
        self._text = text
        self.last = float("-inf")

    def __call__(self, error: BaseException) -> None:
        """Write the warning with the kind of error and its first line, unless it was written less than a minute ago."""
        self.about(error=type(error).__name__, reason=_in_short(error))

    def about(self, **fields: str) -> None:
        """The same with these fields, where there is no error to tell of."""
        now = time.monotonic()
        if now - self.last > INTERVAL:
            self.last = now
            self._log.warning(self._text, **fields)


def _in_short(error: BaseException) -> str:
    """What the operator needs to know: the further lines of a driver repeat the first, or give advice."""
    return str(error).partition("\n")[0][:200]
