"""The one row that describes the instance."""

import time

from django.core.validators import RegexValidator
from django.db import models


class Instance(models.Model):
    """Facts about the instance that an administrator sets. There is at most one row.

    ``is_demo`` marks data that ``quickstart`` may touch (OPS-06).
    """

    SINGLETON = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLETON, editable=False)
    name = models.CharField(
        max_length=64,
        default="ERP",
        help_text="Database name: the db claim of tokens and DbName of auto-discovery.",
        validators=[RegexValidator(r"\A[A-Za-z0-9._-]{1,64}\Z", "Letters, digits, dot, hyphen and underscore only.")],
    )
    is_demo = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = "instance"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="instance_is_one_row")]

    def __str__(self) -> str:
        return self.name


_SECONDS = 10.0
_cached: tuple[float, str] | None = None


def database_name() -> str:
    """The instance's name, at most ten seconds old: it is in every token and changes once in a lifetime (TK-37)."""
    global _cached
    now = time.monotonic()
    if _cached is None or now - _cached[0] > _SECONDS:
        name = Instance.objects.values_list("name", flat=True).first() or Instance._meta.get_field("name").default
        _cached = (now, name)
    return _cached[1]


def forget_database_name() -> None:
    """Read the name again at the next use, in this process."""
    global _cached
    _cached = None


class Heartbeat(models.Model):
    """One row that is written again and again, to learn whether the database takes what is written (OPS-08).

    ``ballast`` makes storage find room for it: a row that fits into the room of its predecessor is written to a full
    disk as well.
    """

    SINGLETON = 1

    id = models.PositiveSmallIntegerField(primary_key=True, default=SINGLETON, editable=False)
    at = models.DateTimeField()
    ballast = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S}"
