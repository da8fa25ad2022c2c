"""Who may do what: types of account, scopes by method. Decided before the query or the body is looked at (API-93)."""

from collections.abc import Collection
from typing import Any

from rest_framework.permissions import SAFE_METHODS, BasePermission

from erpnet_identity.audit.causes import Cause
from erpnet_identity.tokens.principal import Principal
from erpnet_identity.users.models import MAY_CALL_APIS
from trusted_apps.scopes import READ, SEC, UPDATE

from .exceptions import InsufficientScope, UserTypeNotAllowed


def needed_scopes(method: str, *, is_security: bool = False, reads: bool = False) -> tuple[str, ...]:
    """The scopes a request needs (TK-107, TK-109). ``is_security``: it reaches into a security set; ``reads``: it
    only reads although its method is one that writes."""
    if reads or method in SAFE_METHODS:
        return (SEC,) if is_security else (READ,)
    return (UPDATE, SEC) if is_security else (UPDATE,)


def satisfies(granted: Collection[str], needed: Collection[str]) -> bool:
    """Whether every needed scope is granted; ``update`` includes reading (TK-99, API-94)."""
    return all(scope in granted or (scope == READ and UPDATE in granted) for scope in needed)


def check_user_type(principal: Principal) -> None:
    """Raises ``UserTypeNotAllowed`` for an account that may not call the APIs, as the account is now (API-95)."""
    if principal.user_type not in MAY_CALL_APIS:
        raise UserTypeNotAllowed("Users of this type may not call the data APIs.", cause=Cause.USER_TYPE)


class HasScope(BasePermission):
    """Lets a token in that has the scopes the view names. A view that names none refuses every request.

    Raises ``InsufficientScope``. The acting user's rights never widen scopes (TK-116).
    """

    def has_permission(self, request: Any, view: Any) -> bool:
        needed = view.needed_scopes
        if not needed:
            return False
        if not satisfies(request.user.scopes, needed):
            raise InsufficientScope(needed)
        return True


class DenyAll(BasePermission):
    """Refuses every request: what a view gets that forgot to name its permission."""

    def has_permission(self, request: object, view: object) -> bool:
        return False
