"""The users of a manifest: found, compared, validated, written."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth import hashers
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Q

from erpnet_identity.platform.spelling import fold, look
from erpnet_identity.users.logins import LOGIN_FORMER, LOGIN_LOOKS_TAKEN, composed
from erpnet_identity.users.models import FormerLogin, User
from erpnet_identity.users.services import save_user
from trusted_apps.subjects import LOGIN_IS_CLIENT_ID, client_ids_among

from .changes import Change, Trace, located
from .problems import Problem, shown
from .schema import Entry

FIELDS = {
    "login": "login",
    "name": "name",
    "email": "email",
    "email_confirmed": "email_confirmed",
    "type": "user_type",
    "is_admin": "is_admin",
    "is_active": "is_active",
    "locale": "locale",
}
_KEYS = {field: key for key, field in FIELDS.items()}
# Violations that speak of another key too.
_DEPENDENT = {"type": "admin_type", "email": "no_email"}
BATCH = 400


def can_be_checked(password_hash: str) -> bool:
    """Whether a stored password is one that this instance can compare with what a user types."""
    try:
        hashers.identify_hasher(password_hash).decode(password_hash)
    except (ValueError, AssertionError, KeyError, IndexError, TypeError):
        return False
    return len(password_hash) <= 128


class Directory:
    """Accounts by login: the stored ones that the manifest speaks of, and the ones that it is about to make."""

    def __init__(self, logins: Iterable[str], *, lock: bool) -> None:
        self._users: dict[str, User] = {}
        self._folded: dict[str, User] = {}
        self._looks: dict[str, User] = {}
        self._former: set[str] = set()
        self._client_ids: set[str] = set()
        wanted = sorted(set(logins))
        rows = User.objects.select_for_update(no_key=True) if lock else User.objects.all()
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            seen = [look(login) for login in batch]
            folded = [fold(login) for login in batch]
            for user in rows.filter(Q(folded_login__in=folded) | Q(look__in=seen)).order_by("pk"):
                self.add(user)
            former = FormerLogin.objects.filter(Q(folded_login__in=folded) | Q(look__in=seen))
            self._former.update(form for row in former.values_list("folded_login", "look") for form in row if form)
            self._client_ids.update(client_ids_among(batch))

    def add(self, user: User) -> None:
        self._users[user.login] = user
        self._folded.setdefault(fold(user.login), user)
        self._looks.setdefault(look(user.login), user)

    def find(self, login: str) -> User | None:
        return self._users.get(login) or self._folded.get(fold(login))

    def is_alike(self, login: str) -> bool:
        """Whether another account, stored or to be, has a login that looks the same."""
        alike = self._looks.get(look(login))
        return alike is not None and fold(alike.login) != fold(login)

    def is_former(self, login: str) -> bool:
        """Whether some account once had this login: no new one may (OP-112). Asked for all of them together, because
        a question for each would be the dearest part of a plan (MF-10)."""
        return not self._former.isdisjoint({fold(login), look(login)})

    def is_client_id(self, login: str) -> bool:
        """Whether a stored application is called so: no account may be (TK-26)."""
        return fold(login) in self._client_ids


class UserChange(Change):
    """One entry of ``users``."""

    def __init__(self, entry: Entry, stored: User | None) -> None:
        super().__init__()
        login = entry.values["login"]
        self.entry = entry
        self.adding = stored is None
        self.label = f"user {login}"
        self.user = stored if stored is not None else User(login=composed(login), name=login)
        if stored is None and "id" in entry.values:
            self.user.pk = entry.values["id"]
        for key, field in FIELDS.items():
            if key in entry.values and self._differs(field, entry.values[key]):
                setattr(self.user, field, entry.values[key])
                self.keys.add(key)
        if "email" in self.keys and "email_confirmed" not in entry.lines and self.user.email_confirmed:
            # A confirmation speaks of one address only (ID-196).
            self.user.email_confirmed = False
            self.keys.add("email_confirmed")
        self._password: str | None = None
        self._password_changed = self._compare_password()

    def _differs(self, field: str, value: Any) -> bool:
        stored = getattr(self.user, field)
        # A login in another composition of its letters is the same one, stored as it was.
        return composed(value) != composed(stored) if field == "login" else value != stored

    def _compare_password(self) -> bool:
        values = self.entry.values
        if "password" in values:
            if self.adding or not self.user.check_password(values["password"]):
                self._password = values["password"]
                self.keys.add("password")
                return True
        elif "password_hash" in values:
            if self.adding or self.user.password != values["password_hash"]:
                self.user.password = values["password_hash"]
                self.keys.add("password_hash")
                return True
        elif self.adding:
            self.user.set_unusable_password()
        return False

    def problems(self) -> list[Problem]:
        """What the rules of accounts and passwords say of the new values. Empty for an unchanged account."""
        if not self.pending:
            return []
        found = []
        try:
            self.user.full_clean(exclude=["password"], validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            # What depends on a value that could not be read cannot be told yet.
            unknown = {code for key, code in _DEPENDENT.items() if self.entry.unreadable(key)}
            found = located(error, self.entry, _KEYS, ignore=unknown)
        if self._password is not None:
            try:
                validate_password(self._password, self.user)
            except ValidationError as error:
                found += [self.entry.problem("password", message) for message in error.messages]
        elif self._password_changed and not can_be_checked(self.user.password):
            found.append(self.entry.problem("password_hash", "This is not a password hash that can be checked here."))
        return found

    def write(self, trace: Trace) -> None:
        if self._password is not None:
            self.user.set_password(self._password)
        save_user(
            self.user,
            actor=trace.actor,
            source=trace.source,
            password_changed=self._password_changed,
            email_is_confirmed=self.entry.values.get("email_confirmed", False),
        )

    def problems_of(self, error: ValidationError) -> list[Problem]:
        return located(error, self.entry, _KEYS, identity="login")


def plan_users(entries: list[Entry], directory: Directory, problems: list[Problem]) -> list[UserChange]:
    """What the users of the manifest need; adds them to ``directory`` as they will be."""
    changes: list[UserChange] = []
    for entry in unique(entries, "login", problems):
        if "password" in entry.lines and "password_hash" in entry.lines:
            problems.append(entry.problem("password_hash", "Use either password or password_hash."))
            continue
        change = UserChange(entry, directory.find(entry.values["login"]))
        problems += change.problems()
        if change.adding and directory.is_former(change.user.login):
            problems.append(entry.problem("login", LOGIN_FORMER))
        if change.adding and directory.is_alike(change.user.login):
            problems.append(entry.problem("login", LOGIN_LOOKS_TAKEN))
        if change.adding and directory.is_client_id(change.user.login):
            problems.append(entry.problem("login", LOGIN_IS_CLIENT_ID))
        directory.add(change.user)
        changes.append(change)
    problems += taken_ids(changes, User)
    return changes


def unique(entries: list[Entry], key: str, problems: list[Problem]) -> list[Entry]:
    """The entries that say who they are, each once; a missing or repeated ``key`` or ``id`` is a problem."""
    kept = []
    seen: dict[str, int] = {}
    for entry in entries:
        if key not in entry.values:
            if entry.readable and not entry.unreadable(key):
                problems.append(entry.problem(key, "This key is required."))
            continue
        for name in (key, "id"):
            if name not in entry.values:
                continue
            mark = f"{name} {fold(str(entry.values[name]))}"
            if mark in seen:
                message = f"{shown(str(entry.values[name]))} stands already in line {seen[mark]}."
                problems.append(entry.problem(name, message))
            seen.setdefault(mark, entry.lines[name])
        kept.append(entry)
    return kept


def taken_ids(changes: Iterable[Change], model: type) -> list[Problem]:
    """Problems for new objects whose ``id`` belongs to another stored object."""
    wanted = {
        change.entry.values["id"]: change.entry  # type: ignore[attr-defined]
        for change in changes
        if change.adding and "id" in change.entry.values  # type: ignore[attr-defined]
    }
    keys = sorted(wanted)
    found = []
    for start in range(0, len(keys), BATCH):
        for taken in model.objects.filter(pk__in=keys[start : start + BATCH]).values_list("pk", flat=True):  # type: ignore[attr-defined]
            found.append(wanted[taken].problem("id", "Another stored object has this id."))
    return found
