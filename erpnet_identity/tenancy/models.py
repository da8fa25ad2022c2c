"""The one row that describes the instance."""

import time

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

from erpnet_identity.platform.spelling import text_problem

from . import logo

_LINK = r"\A(?:https://[!#-;=?-~]+|mailto:[!#-;=?-~]+)\Z"


def _check_title(text: str) -> None:
    if problem := text_problem(text, "The title"):
        raise ValidationError(problem)


def _check_logo(address: str) -> None:
    try:
        logo.read(address)
    except ValueError as error:
        raise ValidationError(str(error)) from None


def _link(name: str, meaning: str) -> "models.CharField[str, str]":
    check = RegexValidator(_LINK, "An address that begins with https:// or mailto:, without spaces.")
    return models.CharField(name, max_length=500, blank=True, default="", help_text=meaning, validators=[check])


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
    title = models.CharField(
        max_length=80,
        blank=True,
        default="",
        help_text="What people call the instance: at the head of every page.",
        validators=[_check_title],
    )
    logo = models.TextField(
        blank=True,
        default="",
        help_text="A small picture beside the title, as data:image/png;base64,… (PNG, JPEG or WebP).",
        validators=[_check_logo],
    )
    support_url = _link("support", "Where people get help: a page, or mailto: and an address.")
    privacy_url = _link("privacy", "The page that says what happens with people's data.")
    terms_url = _link("terms", "The page with the terms of use.")
    is_demo = models.BooleanField(default=False, editable=False)

    class Meta:
        verbose_name = "instance"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="instance_is_one_row")]

    def __str__(self) -> str:
        return self.name


_SECONDS = 10.0
_cached: tuple[float, Instance] | None = None


def described() -> Instance:
    """The row of the instance, at most ten seconds old: it is in every token and on every page, and changes hardly
    ever. One query; for reading only."""
    global _cached
    now = time.monotonic()
    if _cached is None or now - _cached[0] > _SECONDS:
        _cached = (now, Instance.objects.first() or Instance())
    return _cached[1]


def last_described() -> Instance:
    """The same without a query, however old; the defaults when nobody has asked yet in this process."""
    return _cached[1] if _cached is not None else Instance()


def database_name() -> str:
    """The name of the database, at most ten seconds old (TK-37)."""
    return described().name


def forget() -> None:
    """Read the row again at the next use, in this process."""
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
