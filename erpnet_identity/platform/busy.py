"""Too much of one kind of work at once: the caller is told to come again."""


class Busy(Exception):
    """The queue for this work is full, or did not move. Answered with 503 (OPS-15)."""
