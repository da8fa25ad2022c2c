"""Making and finding accounts."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager

from erpnet_identity.platform.folded import FoldedQuerySet
from erpnet_identity.platform.spelling import fold

if TYPE_CHECKING:
    from .models import User


class UserManager(BaseUserManager["User"].from_queryset(FoldedQuerySet)):  # type: ignore[misc]
    """Accounts by login; letter case does not count (ID-63)."""

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(folded_login=username)

    def create_user(self, login: str, *, name: str = "", password: str | None = None, **fields: Any) -> "User":
        """A new account. Without a password it cannot use one. Raises ``ValidationError`` for bad values."""
        user = self.model(login=login, name=name or login, **fields)
        user.set_password(password)
        user.full_clean()
        user.save(using=self._db)
        return user

    def create_superuser(self, login: str, **fields: Any) -> "User":
        """An administrator, where Django's tools ask for one. ``create_administrator`` is the command for people."""
        return self.create_user(login, is_admin=True, **fields)


class FormerLoginQuerySet(FoldedQuerySet):
    """Questions about many former logins."""

    def named(self, login: str) -> "FormerLoginQuerySet":
        """The login in any spelling."""
        return self.filter(folded_login=fold(login))
