"""Where log lines leave the process."""

import logging
import sys


class Handler(logging.StreamHandler):
    """To standard error. A record that cannot be written is told by its place in the source alone: the library's own
    complaint prints the text and its arguments as they are, and nobody has redacted those (OP-233)."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Called while the exception that stopped the line is being handled."""
        error = sys.exc_info()[0]
        place = f"{record.name} {record.filename}:{record.lineno}"
        try:
            sys.stderr.write(f"a log line of {place} could not be written: {error.__name__ if error else ''}\n")
        except (OSError, ValueError):
            return  # standard error is closed: there is nowhere to say so
