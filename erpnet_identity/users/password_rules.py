"""What the instance asks of new passwords when it requires strong ones (ID-193)."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from erpnet_identity.spelling import fold

GROUPS = 3
FORBIDDEN = "123"
STRONG_HELP = (
    "At least three of lower case, upper case, digits and other characters; without the login and without 123."
)


def _groups(password: str) -> int:
    """How many of the four groups occur. A letter without case, as in Chinese, belongs to none of them."""
    kinds = (str.islower, str.isupper, str.isdigit, lambda character: not character.isalnum())
    return sum(any(kind(character) for character in password) for kind in kinds)


class StrongPasswordValidator:
    """The three rules of ``STRONG_PASSWORDS`` beyond the length, which holds for every instance. Without the setting
    it accepts everything. The setting is read at each password, as Django makes its validators once per process."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raises ``ValidationError`` with every rule that the password breaks."""
        if not settings.STRONG_PASSWORDS:
            return
        found = []
        if _groups(password) < GROUPS:
            found.append(
                ValidationError(
                    "The password must mix at least three of lower case, upper case, digits and other characters.",
                    code="password_too_simple",
                )
            )
        login = getattr(user, "login", "")
        if login and fold(login) in fold(password):
            found.append(ValidationError("The password contains the login.", code="password_contains_login"))
        if FORBIDDEN in password:
            found.append(ValidationError(f"The password contains {FORBIDDEN}.", code="password_contains_123"))
        if found:
            raise ValidationError(found)

    def get_help_text(self) -> str:
        return STRONG_HELP if settings.STRONG_PASSWORDS else ""
