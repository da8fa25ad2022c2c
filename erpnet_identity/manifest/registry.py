"""The trusted applications of a manifest: found, compared, validated, written."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.functions import Lower

from trusted_apps import redirects, services
from trusted_apps.attributes import ATTRIBUTES
from trusted_apps.models import ClientType, TrustedApplication
from trusted_apps.rules import CLIENT_ID_IS_LOGIN, INTERNAL_PREFIX

from .accounts import BATCH, Directory, taken_ids, unique
from .changes import Change, Trace, located
from .problems import Problem, shown
from .schema import Entry
from .secret_list import SecretList

FIELDS = {attribute.key: attribute.field for attribute in ATTRIBUTES}
_KEYS = {field: key for key, field in FIELDS.items()}
_URLS = ("impersonate_login_url", "impersonate_logout_url")


class ApplicationChange(Change):
    """One entry of ``applications``."""

    def __init__(self, entry: Entry, stored: TrustedApplication | None, directory: Directory) -> None:
        super().__init__()
        self.entry = entry
        self.adding = stored is None
        self.label = f"application {entry.values['application_uri']}"
        self.application = stored if stored is not None else TrustedApplication()
        if stored is None and "id" in entry.values:
            self.application.pk = entry.values["id"]
        self._found: list[Problem] = []
        self._use_planned_system_user(directory)
        for key, field in FIELDS.items():
            if key in entry.values:
                self._set(key, field, directory)
        self._secrets = SecretList(entry, self.application, adding=self.adding)
        if self._secrets.changed:
            self.keys.add(self._secrets.key)

    def _use_planned_system_user(self, directory: Directory) -> None:
        # The rules must see the account as this manifest leaves it, not as it was loaded.
        current = self.application.system_user
        planned = directory.find(current.login) if current is not None else None
        if current is not None and planned is not None and planned.pk == current.pk:
            self.application.system_user = planned

    def _set(self, key: str, field: str, directory: Directory) -> None:
        value: Any = self.entry.values[key]
        if key == "system_user" and value is not None:
            user = directory.find(value)
            if user is None:
                self._found.append(self.entry.problem(key, f"There is no user {shown(value)}, here or stored."))
                del self.entry.values[key]  # from now on reported: the rules say nothing more about it
                return
            value = user
        elif key in _URLS:
            value = self._addresses(key)
        elif key == "scope":
            value = " ".join(dict.fromkeys(value.split()))
        if getattr(self.application, field) != value:
            setattr(self.application, field, value)
            self.keys.add(key)

    def _addresses(self, key: str) -> str:
        found = []
        for index, (item, line) in enumerate(self.entry.values[key]):
            addresses = redirects.split(item)
            if len(addresses) > 1:
                message = "Give each address an entry of its own; write a comma in an address as %2C."
                self._found.append(self.entry.problem(key, message, item=f"[{index}]", line=line))
            found += addresses
        return redirects.join(dict.fromkeys(found))

    def problems(self) -> list[Problem]:
        """What the rules of the registry say of the new values. Empty for an unchanged application."""
        if self.application.client_id.lower().startswith(INTERNAL_PREFIX):
            message = f"The prefix {INTERNAL_PREFIX} is reserved for the product's own sites."
            return [self.entry.problem("application_uri", message)]
        if not self.pending:
            return self._found + self._secrets.problems
        found = list(self._found)
        type_is_known = not self.entry.unreadable("client_type")
        ignore = {"reserved"} if type_is_known else {"service_needs_confidential", "public_with_secret"}
        if not type_is_known:
            # Public is the most lenient about addresses; what the type would forbid cannot be told yet.
            self.application.client_type = ClientType.PUBLIC
        if not self._secrets.leaves_an_active_one:
            ignore.add("public_with_secret")
        if self.entry.unreadable("owner"):
            ignore.add("verified_without_owner")
        try:
            self.application.full_clean(exclude=["system_user"], validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            found += [self._at_item(problem) for problem in located(error, self.entry, _KEYS, ignore=ignore)]
        return found + self._secrets.validate(with_application=type_is_known)

    def _at_item(self, problem: Problem) -> Problem:
        """A problem of a list of addresses at the line of the address that it quotes."""
        key = problem.path.rpartition(".")[2]
        for index, (item, line) in enumerate(self.entry.values.get(key, ()) if key in _URLS else ()):
            if problem.message.startswith(f"{item.strip()!r}"):
                return self.entry.problem(key, problem.message, item=f"[{index}]", line=line)
        return problem

    def write(self, trace: Trace) -> None:
        self._secrets.write_before(trace)
        services.save_application(self.application, actor=trace.actor, source=trace.source)
        self._secrets.write_after(trace)

    def problems_of(self, error: ValidationError) -> list[Problem]:
        keys = _KEYS if self._secrets.key == "" else {**_KEYS, "secret_hash": self._secrets.key}
        return located(error, self.entry, keys, identity="application_uri")


class Pruning(Change):
    """A stored application that the manifest does not name, to be disabled (MF-03)."""

    note = " (not in the manifest)"

    def __init__(self, application: TrustedApplication) -> None:
        super().__init__()
        self.application = application
        self.label = f"application {application.client_id}"
        self.keys = {"is_enabled"}

    def write(self, trace: Trace) -> None:
        services.set_enabled(self.application, False, actor=trace.actor, source=trace.source)

    def problems_of(self, error: ValidationError) -> list[Problem]:
        return [Problem(self.label, 0, message) for message in error.messages]


def plan_applications(
    entries: list[Entry], directory: Directory, problems: list[Problem], *, lock: bool
) -> list[ApplicationChange]:
    """What the applications of the manifest need."""
    entries = unique(entries, "application_uri", problems)
    stored = _stored([entry.values["application_uri"] for entry in entries], lock=lock)
    folded = {client_id.lower(): client_id for client_id in stored}
    changes = []
    for entry in entries:
        client_id = entry.values["application_uri"]
        change = ApplicationChange(entry, stored.get(client_id), directory)
        if change.adding and client_id.lower() in folded:
            message = f"The stored application {shown(folded[client_id.lower()])} differs only in letter case."
            problems.append(entry.problem("application_uri", message))
        problems += change.problems()
        if change.adding and (directory.find(client_id) or directory.is_former(client_id)):
            problems.append(entry.problem("application_uri", CLIENT_ID_IS_LOGIN))
        changes.append(change)
    problems += taken_ids(changes, TrustedApplication)
    return changes


def _stored(client_ids: list[str], *, lock: bool) -> dict[str, TrustedApplication]:
    rows = TrustedApplication.objects.select_for_update(of=("self",)) if lock else TrustedApplication.objects.all()
    rows = rows.select_related("system_user").prefetch_related("secrets").alias(lower_id=Lower("client_id"))
    found: dict[str, TrustedApplication] = {}
    wanted = sorted(set(client_ids))
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        same = Q(client_id__in=batch) | Q(lower_id__in=[client_id.lower() for client_id in batch])
        found |= {row.client_id: row for row in rows.filter(same).order_by("pk")}
    return found


def plan_pruning(entries: list[Entry]) -> list[Pruning]:
    """The enabled applications that are absent, the product's own excepted."""
    named = {entry.values["application_uri"] for entry in entries if "application_uri" in entry.values}
    rows = TrustedApplication.objects.enabled().select_related("system_user").order_by("client_id")
    return [Pruning(row) for row in rows.iterator() if row.client_id not in named and not row.is_internal]
