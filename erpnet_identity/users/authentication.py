"""Checking a login and a password: one answer for every kind of failure, and a limit on guessing (ID-64, ID-191)."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record

from .models import User


class PasswordBackend(BaseBackend):
    """Django authentication backend for accounts with a password."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The user, or None. Every failure costs one password check and is recorded with its true cause."""
        login = username or kwargs.get(User.USERNAME_FIELD) or ""
        if not login or password is None or "\x00" in login:
            return None
        user = User.objects.filter(login__iexact=login).first()
        if user is None:
            # The same work as for an existing account, so that time does not tell them apart.
            User().set_password(password)
            self._refuse(login, None, "unknown_user")
            return None
        matches = user.check_password(password)
        now = timezone.now()
        if user.lockout_end is not None and user.lockout_end > now:
            self._refuse(login, user, "locked")
            return None
        if not matches:
            self._count_failure(user)
            return None
        if not user.may_sign_in:
            self._refuse(login, user, "inactive" if not user.is_active else "type_cannot_sign_in")
            return None
        if user.access_failed_count or user.lockout_end:
            User.objects.filter(pk=user.pk).update(access_failed_count=0, lockout_end=None)
        return user

    def get_user(self, user_id: Any) -> User | None:
        """The user of a browser session, None as soon as the account may not sign in any more (ID-190)."""
        user = User.objects.filter(pk=user_id).first()
        return user if user is not None and user.may_sign_in else None

    def _count_failure(self, user: User) -> None:
        with transaction.atomic():
            # Locked and read again: parallel guesses must each count.
            row = User.objects.select_for_update().get(pk=user.pk)
            failures = row.access_failed_count + 1
            locked = failures >= settings.SIGN_IN_FAILURES
            row.access_failed_count = 0 if locked else failures
            row.lockout_end = timezone.now() + timedelta(seconds=settings.LOCKOUT_SECONDS) if locked else None
            row.save(update_fields=["access_failed_count", "lockout_end"])
            self._refuse(user.login, user, "wrong_password", locked=locked)

    def _refuse(self, login: str, user: User | None, cause: str, **detail: Any) -> None:
        record(
            events.USER_SIGN_IN_REFUSED,
            outcome="refused",
            actor=Actor("user", str(user.pk) if user else "", login[:64]),
            user=user,
            detail={"cause": cause, **detail},
        )
