"""Changes of accounts, each with its trace."""

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record

from . import subjects
from .models import FormerLogin, User, UserType
from .signals import access_ended, api_access_ended, login_wanted, sign_in_ended

TRACKED = ("login", "name", "email", "email_confirmed", "user_type", "is_admin", "is_active", "locale")


def actor_for(user: Any) -> Actor:
    """The actor of changes that this signed-in person makes."""
    return Actor("user", str(user.pk), user.login)


def _shown(field: str, value: Any) -> Any:
    return UserType(value).label if field == "user_type" else value


@transaction.atomic
def save_user(
    user: User,
    *,
    actor: Actor,
    password_changed: bool = False,
    keeps_access: bool = False,
    email_is_confirmed: bool = False,
    source: dict[str, Any] | None = None,
) -> list[str]:
    """Validate and store a new or changed account; record what changed.

    Returns the names of the changed fields, ``password`` among them; an empty list means that nothing was written.
    ``email_is_confirmed`` says that the confirmation holds for a changed address too. ``source`` is added to the
    event's detail. A changed password and an account that can no longer sign in end its refresh tokens (ID-190,
    ID-195, TK-57), the latter its identity sessions and access tokens too; a changed password ends its access tokens as
    well, unless ``keeps_access`` says that the person knew the old one; a login that is given up is kept for it
    (OP-112). Raises ``ValidationError``.
    """
    adding = user._state.adding
    if adding:
        subjects.lock()
    user.full_clean(exclude=["password"])
    if adding:
        user.save(force_insert=True)
        # Once more: writing the login has waited for the user who was giving the same one up, and the first look could
        # not see that yet. Refusing it now undoes the whole change.
        user.refuse_former_login()
        changed = [*TRACKED, *(["password"] if password_changed else [])]
        record(events.USER_CREATED, actor=actor, user=user, detail={"type": user.type_name, **(source or {})})
        return changed
    # Not against those who only refer to the row: a renewal holds its grant and refers to the account, while a changed
    # password holds the account and ends the grants.
    stored = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    changes = {
        field: {"old": _shown(field, getattr(stored, field)), "new": _shown(field, getattr(user, field))}
        for field in TRACKED
        if getattr(stored, field) != getattr(user, field)
    }
    if "email" in changes and "email_confirmed" not in changes and user.email_confirmed and not email_is_confirmed:
        # A confirmation speaks of one address only (ID-196).
        user.email_confirmed = False
        changes["email_confirmed"] = {"old": True, "new": False}
    fields = [*changes, *(["password"] if password_changed else [])]
    if fields:
        also = []
        if password_changed or (stored.may_sign_in and not user.may_sign_in):
            user.refresh_tokens_from = timezone.now()
            also.append("refresh_tokens_from")
        if "login" in changes:
            subjects.lock()
            login_wanted.send(User, user=user)  # once more: another transaction may have held the lock until now
            _keep_login(stored)
        user.save(update_fields=[*fields, *also])
        if "login" in changes:
            user.refuse_former_login()
        _end_access(stored, user, actor, password_changed=password_changed and not keeps_access)
        if stored.calls_apis and not user.calls_apis:
            api_access_ended.send(User, user=user, actor=actor)
        record(
            events.USER_UPDATED,
            actor=actor,
            user=user,
            detail={"changes": changes, **({"credential_changed": True} if password_changed else {}), **(source or {})},
        )
    return fields


def _end_access(stored: User, user: User, actor: Actor, *, password_changed: bool) -> None:
    """End what the account may have no longer, for good: nothing of it comes back with the account (ID-190)."""
    cause = Cause.ACCOUNT_DEACTIVATED if not user.is_active else Cause.ACCOUNT_TYPE_CHANGED
    loses_sign_in = stored.may_sign_in and not user.may_sign_in
    if loses_sign_in:
        sign_in_ended.send(User, user=user, actor=actor, cause=cause)
    if loses_sign_in or (stored.may_run_services and not user.may_run_services):
        access_ended.send(User, user=user, actor=actor, cause=cause)
    elif password_changed:
        access_ended.send(User, user=user, actor=actor, cause=Cause.PASSWORD_CHANGED)


def _keep_login(stored: User) -> None:
    """Remember the login that an account is about to give up. It may have had it before."""
    if not FormerLogin.objects.named(stored.login).filter(user=stored).exists():
        FormerLogin.objects.create(login=stored.login, user=stored)


def logins_of(login: str) -> set[str]:
    """Today's and the former logins of the account that this spelling of one means."""
    users = User.objects.filter(Q(folded_login=login) | Q(former_logins__folded_login=login))
    rows = users.values_list("login", "former_logins__login")
    return {name for row in rows for name in row if name}


@transaction.atomic
def unlock_user(user: User, *, actor: Actor) -> bool:
    """Let an account that guessing has locked sign in again at once (ID-191). Returns whether it was locked or near
    to it."""
    stored = User.objects.select_for_update().get(pk=user.pk)
    if not stored.access_failed_count and stored.lockout_end is None:
        return False
    old = stored.lockout_end and stored.lockout_end.isoformat()
    stored.access_failed_count = user.access_failed_count = 0
    stored.lockout_end = user.lockout_end = None
    stored.save(update_fields=["access_failed_count", "lockout_end"])
    record(
        events.USER_UPDATED,
        actor=actor,
        user=stored,
        detail={"changes": {"lockout_end": {"old": old, "new": None}}},
    )
    return True
