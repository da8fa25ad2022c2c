"""The same work for every refused sign-in, whatever kind of hash an account has (ID-64).

A hash that was imported may take six times as long as one of ours, or a tenth: the time of a refusal would tell that
the account exists. So each refusal also works through one hash of every other kind that is in use. It costs nothing
where nothing was imported, and ends when the last of those accounts has signed in (ID-194).
"""

import time
from typing import Any

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, get_hasher, identify_hasher, make_password

from erpnet_identity.platform.spelling import password_forms

from .models import User
from .passwords import normal

LOOK_AGAIN_AFTER = 60.0  # seconds: reading every account's hash at each refusal would be a load of its own
# Of the parts of a hash, what does not decide how long it takes.
_NO_COST = frozenset({"salt", "hash", "checksum", "params"})

Kind = tuple[tuple[str, Any], ...]


def kind_of(encoded: str) -> Kind | None:
    """What decides how long a hash takes: its algorithm and parameters. None for one that cannot be checked."""
    try:
        parts = identify_hasher(encoded).decode(encoded)
    except (ValueError, AssertionError, KeyError, IndexError, TypeError):
        return None
    return tuple(sorted((name, str(value)) for name, value in parts.items() if name not in _NO_COST))


class KindsInUse:
    """One hash of each kind that some account has, looked up once a minute."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._ours: tuple[Any, str] = (None, "")
        self._found: dict[Kind, str] = {}
        self._until = 0.0

    @property
    def ours(self) -> str:
        """A hash of the kind that is made now."""
        hasher = get_hasher()
        if self._ours[0] is not type(hasher):
            self._ours = (type(hasher), make_password(""))
        return self._ours[1]

    def samples(self) -> dict[Kind, str]:
        """A hash by kind, that of ours among them."""
        if time.monotonic() >= self._until:
            stored = User.objects.exclude(password__startswith=self.ours.rsplit("$", 2)[0])
            stored = stored.exclude(password__startswith=UNUSABLE_PASSWORD_PREFIX).exclude(password="")
            rows = stored.values_list("password", flat=True).iterator()
            found = {kind: encoded for encoded in [self.ours, *rows] if (kind := kind_of(encoded)) is not None}
            self._found, self._until = found, time.monotonic() + LOOK_AGAIN_AFTER
        return self._found


in_use = KindsInUse()


def refuse_slowly(password: str, user: User | None) -> None:
    """Do what is still missing to the work that a refusal takes: ``user`` is whose password was checked, if anybody's.
    What the hashes answer is thrown away."""
    if user is None:
        for _ in password_forms(password):
            make_password(normal(password))
    samples = in_use.samples()
    done = (user is not None and kind_of(user.password)) or kind_of(in_use.ours)
    for kind, encoded in samples.items():
        if kind != done:
            for form in password_forms(password):
                identify_hasher(encoded).verify(form, encoded)
