"""The secrets of one application: what the manifest wants against what is stored. Only hashes are kept (MF-07)."""

from dataclasses import dataclass
from datetime import datetime

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils import timezone

from trusted_apps import secrets, services
from trusted_apps.models import ClientSecret, TrustedApplication

from .changes import Trace, located
from .problems import Problem
from .schema import Entry

KEYS = ("secret", "secret_hash", "secrets")
DEFAULT_NAME = "default"


@dataclass(slots=True)
class Wanted:
    """One secret as the manifest describes it; ``entry`` and ``key`` say where."""

    name: str
    secret_hash: str
    expires: datetime | None
    is_enabled: bool
    entry: Entry
    key: str

    def is_usable(self, now: datetime) -> bool:
        return self.is_enabled and (self.expires is None or self.expires > now)


class SecretList:
    """What has to happen to the secrets of an application. ``key`` is the manifest key that describes them, empty
    when it does not: then they are left alone."""

    def __init__(self, entry: Entry, application: TrustedApplication, *, adding: bool) -> None:
        self.application = application
        self.problems: list[Problem] = []
        self.retire: list[ClientSecret] = []
        self.remove: list[ClientSecret] = []
        self.expire: list[tuple[ClientSecret, datetime | None]] = []
        self.add: list[Wanted] = []
        # The hashes that are accepted afterwards, under whatever name.
        self._accepted: set[str] = set()
        self.key = next((key for key in KEYS if key in entry.values), "")
        self._stored = [] if adding else list(application.secrets.all())
        present = [key for key in KEYS if key in entry.lines]
        if len(present) > 1:
            self.problems.append(entry.problem(present[1], "Use only one of secret, secret_hash and secrets."))
        elif self.key:
            self._compare(self._wanted(entry))

    @property
    def changed(self) -> bool:
        return bool(self.retire or self.remove or self.expire or self.add)

    @property
    def leaves_an_active_one(self) -> bool:
        """Whether a secret that is stored now stays valid."""
        gone = {row.pk for row in (*self.retire, *self.remove)}
        return any(row.disabled_at is None and row.pk not in gone for row in self._stored)

    def _wanted(self, entry: Entry) -> list[Wanted]:
        if self.key != "secrets":
            one = self._one(entry, DEFAULT_NAME)
            if one is None:
                return []
            # The short form says nothing of names: a secret that is stored already is the one meant (MF-07).
            same = [row for row in self._stored if row.secret_hash == one.secret_hash]
            one.name = same[0].name if same else DEFAULT_NAME
            return [one]
        wanted: list[Wanted] = []
        for item in entry.values["secrets"]:
            if not item.readable or item.unreadable("name"):
                continue
            one = self._one(item, item.values.get("name", DEFAULT_NAME))
            if one is None:
                continue
            if any(other.name == one.name for other in wanted):
                self.problems.append(item.problem("name", "Another secret of this application has the same name."))
            elif any(other.secret_hash == one.secret_hash for other in wanted):
                self.problems.append(item.problem(one.key, "This secret stands here twice."))
            wanted.append(one)
        return wanted

    def _one(self, entry: Entry, name: str) -> Wanted | None:
        present = [key for key in ("secret", "secret_hash") if key in entry.lines]
        if len(present) != 1:
            self.problems.append(entry.problem(present[-1] if present else "", "Give either secret or secret_hash."))
            return None
        key = present[0]
        if key not in entry.values:
            return None
        value: str = entry.values[key]
        if key == "secret":
            if not 1 <= len(value) <= services.MAX_SECRET_LENGTH:
                message = f"A secret has 1 to {services.MAX_SECRET_LENGTH:,} characters."
                self.problems.append(entry.problem(key, message))
                return None
            value = secrets.digest(value)
        # The short form has the application's own keys, where is_enabled means something else.
        details = entry.values if self.key == "secrets" else {}
        return Wanted(name, value, details.get("expires"), details.get("is_enabled", True), entry, key)

    def _compare(self, wanted: list[Wanted]) -> None:
        stored = {row.name: row for row in self._stored}
        now = timezone.now()
        self._accepted = {one.secret_hash for one in wanted if one.is_usable(now)}
        names = {one.name for one in wanted}
        hashes = {one.secret_hash for one in wanted}
        for row in self._stored:
            if row.name in names:
                continue
            if row.secret_hash in hashes:
                # It goes on under another name, which must not meet this row.
                self.remove.append(row)
            elif row.disabled_at is None:
                self.retire.append(row)
        for one in wanted:
            found = stored.get(one.name)
            if found is None:
                self.add.append(one)
            elif found.secret_hash != one.secret_hash or (one.is_enabled and found.disabled_at is not None):
                # Another secret under the same name, or a retired one that is wanted back: the old row makes room.
                if found.disabled_at is None:
                    self.retire.append(found)
                self.remove.append(found)
                self.add.append(one)
            else:
                if not one.is_enabled and found.disabled_at is None:
                    self.retire.append(found)
                if found.expires != one.expires:
                    self.expire.append((found, one.expires))

    def validate(self, *, with_application: bool) -> list[Problem]:
        """What the rules of secrets say of the new ones. ``with_application``: also the rules that ask what the
        application is."""
        found = list(self.problems)
        for one in self.add:
            row = ClientSecret(
                application=self.application, name=one.name, secret_hash=one.secret_hash, expires=one.expires
            )
            try:
                row.clean_fields(exclude=["application"])
                if with_application:
                    row.clean()
            except ValidationError as error:
                found += located(error, one.entry, {"secret_hash": one.key, NON_FIELD_ERRORS: one.key})
        return found

    def write_before(self, trace: Trace) -> None:
        """What must be gone before the application can become public."""
        # Only a secret that stops ends refresh tokens: one that goes on under another name has not been rotated.
        for row in self.retire:
            stops = row.secret_hash not in self._accepted
            services.retire_secret(row, actor=trace.actor, source=trace.source, stops=stops)
        for row in self.remove:
            stops = row.secret_hash not in self._accepted
            services.remove_secret(row, actor=trace.actor, source=trace.source, stops=stops)

    def write_after(self, trace: Trace) -> None:
        """What needs the application to be stored."""
        for row, expires in self.expire:
            services.set_secret_expiry(row, expires, actor=trace.actor, source=trace.source)
        for one in self.add:
            row, _ = services.add_secret(
                self.application,
                actor=trace.actor,
                name=one.name,
                secret_hash=one.secret_hash,
                expires=one.expires,
                source=trace.source,
            )
            if not one.is_enabled:
                services.retire_secret(row, actor=trace.actor, source=trace.source, stops=False)
