"""Checking a login and a password: one answer for every kind of failure, and a limit on guessing (ID-64, ID-191)."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.db import transaction
from django.db.models import Case, Q, When
from django.http import HttpRequest
from django.utils import timezone

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.refusals import record_refusal
from erpnet_identity.audit.unknown_names import stand_in

from . import devices
from .equal_work import refuse_slowly
from .models import User

# The key of no account: what is done to an account that guessing has met is done to none, at the same cost.
NOBODY = UUID(int=0)


def _is_signed_in(request: HttpRequest | None) -> bool:
    return request is not None and hasattr(request, "user") and request.user.is_authenticated


class PasswordBackend(BaseBackend):
    """Django authentication backend for accounts with a password."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The user of a login or an e-mail address, or None. Every failure costs one password check and the same
        statements, and is recorded with its true cause."""
        name = username or kwargs.get(User.USERNAME_FIELD) or ""
        if not name or password is None or "\x00" in name:
            return None
        user, cause = self._find(name)
        if user is not None:
            matches = user.check_password(password)
            is_locked = user.is_locked(timezone.now())
            if is_locked and not devices.may_try(request, user):
                cause = Cause.LOCKED
            elif not matches:
                cause = Cause.WRONG_PASSWORD
                devices.may_try(request, user)  # counts it
            elif not user.may_sign_in:
                cause = Cause.INACTIVE if not user.is_active else Cause.TYPE_CANNOT_SIGN_IN
            elif is_locked or self._begin_anew(user) or devices.may_try(request, user):
                # A known device leaves the lock to those whom it is for.
                user.keep_password_strong(password)
                return user
            else:
                cause = Cause.LOCKED
        # The same work for every account and for none, so that time does not tell them apart.
        refuse_slowly(password, user)
        assert cause is not None
        self._refuse(request, name, user, cause)
        return None

    def get_user(self, user_id: Any) -> User | None:
        """The user of a browser session, None as soon as the account may not sign in any more (ID-190)."""
        user = User.objects.filter(pk=user_id).first()
        return user if user is not None and user.may_sign_in else None

    def _find(self, name: str) -> tuple[User | None, Cause | None]:
        """The account of this login, else the only one with this e-mail address; else None and why (ID-63).

        One statement over both indexes, whatever is found: a second one for e-mail addresses would tell by its time
        which logins exist.
        """
        is_login = Case(When(folded_login=name, then=True), default=False)
        accounts = User.objects.filter(Q(folded_login=name) | Q(folded_email=name)).annotate(is_login=is_login)
        found = list(accounts.order_by("-is_login")[:2])
        if not found:
            return None, Cause.UNKNOWN_USER
        if len(found) == 1 or found[0].is_login:
            return found[0], None
        return None, Cause.EMAIL_AMBIGUOUS

    def _begin_anew(self, user: User) -> bool:
        """Forget the failures before a success. False when the account was locked while its password was checked:
        of guesses that come all at once, none may succeed after the last allowed one has failed (ID-191)."""
        open_now = Q(lockout_end=None) | Q(lockout_end__lte=timezone.now())
        return bool(User.objects.filter(open_now, pk=user.pk).update(access_failed_count=0, lockout_end=None))

    def _refuse(self, request: HttpRequest | None, name: str, user: User | None, cause: Cause) -> None:
        with transaction.atomic():
            locks = self._count_failure(user.pk if user is not None and cause == Cause.WRONG_PASSWORD else NOBODY)
            # The event of a lock is the trace of a change and is never left out.
            record_refusal(
                events.USER_SIGN_IN_REFUSED,
                cause,
                is_known=locks,
                unless=partial(_is_signed_in, request),
                actor=Actor("user", str(user.pk) if user else "", user.login if user else stand_in(name)),
                user=user,
                detail={
                    **({"locked": locks} if cause == Cause.WRONG_PASSWORD else {}),
                    **({"length": len(name)} if user is None else {}),
                },
            )

    def _count_failure(self, key: UUID) -> bool:
        """Count a wrong password and lock the account at the last allowed one; returns whether this one locked it."""
        now = timezone.now()
        # Locked and read again: parallel guesses must each count, and a late one must not lift the lock.
        row = User.objects.select_for_update().filter(pk=key).first() or User(pk=key)
        locks = False
        if not row.is_locked(now):
            row.access_failed_count += 1
            locks = row.access_failed_count >= settings.SIGN_IN_FAILURES
            row.lockout_end = now + timedelta(seconds=settings.LOCKOUT_SECONDS) if locks else None
            row.access_failed_count = 0 if locks else row.access_failed_count
        User.objects.filter(pk=key).update(access_failed_count=row.access_failed_count, lockout_end=row.lockout_end)
        return locks
