"""The instance itself: its name, its licenses and the reserved seats."""

from typing import Any

from django.core.exceptions import ValidationError

from erpnet_identity.erp_sessions.pool import set_pool, stored_pool, stored_size, validate_pool
from erpnet_identity.tenancy.models import Instance
from erpnet_identity.tenancy.services import stored_instance, update_instance
from erpnet_identity.users.models import User

from .accounts import Directory
from .changes import Change, Trace, located
from .problems import Problem, shown
from .schema import APPEARANCE, Entry


class InstanceChange(Change):
    """The entry ``instance``. Keys that it does not name keep what is stored."""

    label = "instance"

    def __init__(self, entry: Entry, directory: Directory) -> None:
        super().__init__()
        self.entry = entry
        self._found: list[Problem] = []
        instance = stored_instance()
        self._facts: dict[str, str] = {
            key: entry.values[key]
            for key in ("name", *APPEARANCE)
            if key in entry.values and entry.values[key] != getattr(instance, key)
        }
        self.keys |= self._facts.keys()
        slots, seats = stored_pool()
        self._slots: int | None = entry.values.get("concurrent_licenses", slots)
        if self._slots != slots:
            self.keys.add("concurrent_licenses")
        kept_from_services = stored_size().kept_from_services
        self._kept_from_services: int = entry.values.get("kept_from_services_percent", kept_from_services)
        if self._kept_from_services != kept_from_services:
            self.keys.add("kept_from_services_percent")
        self._seats: dict[Any, User] = {}
        if "reserved_seats" in entry.values:
            self._seats = self._named(entry.values["reserved_seats"], directory)
            if self._seats.keys() != seats.keys():
                self.keys.add("reserved_seats")
        elif seats:
            self._seats = User.objects.in_bulk(list(seats))

    def _named(self, logins: list[tuple[str, int]], directory: Directory) -> dict[Any, User]:
        seats: dict[Any, User] = {}
        for index, (login, line) in enumerate(logins):
            user = directory.find(login)
            message = ""
            if user is None:
                message = f"There is no user {shown(login)}, here or stored."
            elif user.pk in seats:
                message = f"{shown(login)} stands here twice."
            elif not user.may_call_apis:
                # As on the page: an account that can never open a session would keep a slot from everybody for ever.
                message = f"{shown(login)} cannot use a license: accounts of type {user.type_name} never do."
            else:
                seats[user.pk] = user
            if message:
                self._found.append(self.entry.problem("reserved_seats", message, item=f"[{index}]", line=line))
        return seats

    def problems(self) -> list[Problem]:
        """What the rules of the instance and the pool say of the new values."""
        found = list(self._found)
        try:
            if self._facts:
                Instance(**self._facts).clean_fields()
        except ValidationError as error:
            found += self.problems_of(error)
        try:
            if self.keys & {"concurrent_licenses", "reserved_seats"} and not self.entry.unreadable("reserved_seats"):
                validate_pool(self._slots, len(self._seats))
        except ValidationError as error:
            found += self.problems_of(error)
        return found

    def write(self, trace: Trace) -> None:
        update_instance(self._facts, actor=trace.actor, source=trace.source)
        set_pool(
            self._slots,
            self._seats.values(),
            kept_from_services=self._kept_from_services,
            actor=trace.actor,
            source=trace.source,
        )

    def problems_of(self, error: ValidationError) -> list[Problem]:
        seats = "reserved_seats" if "reserved_seats" in self.entry.lines else "concurrent_licenses"
        return located(error, self.entry, {"seats": seats})
