"""What the instance asks of new passwords (ID-193), in the language of the user who chooses one.

The rules are Django's, and those of ``STRONG_PASSWORDS``. The sentences are ours: Django's name a column of the table,
in English, in the middle of a sentence of any language.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import password_validation as django
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from erpnet_identity.platform.spelling import fold

GROUPS = 3
FORBIDDEN = "123"


class LengthValidator(django.MinimumLengthValidator):
    """Long enough."""

    def get_error_message(self) -> str:
        """What is wrong with a password that is shorter."""
        return ngettext(
            "This password is too short. It must contain at least %(number)d character.",
            "This password is too short. It must contain at least %(number)d characters.",
            self.min_length,
        ) % {"number": self.min_length}

    def get_help_text(self) -> str:
        """The rule."""
        text = ngettext("At least %(number)d character.", "At least %(number)d characters.", self.min_length)
        return text % {"number": self.min_length}


class LikenessValidator(django.UserAttributeSimilarityValidator):
    """Nothing that anybody knows of the person."""

    def get_error_message(self) -> str:
        """One sentence, whichever of them it is like."""
        return _("This password is too much like the user name, the name or the e-mail address.")

    def get_help_text(self) -> str:
        """The rule."""
        return _("Not like the user name, the name or the e-mail address.")


class CommonPasswordValidator(django.CommonPasswordValidator):
    """None of those that are tried first."""

    def get_error_message(self) -> str:
        """What is wrong with a password of the list."""
        return _("This password is too common.")

    def get_help_text(self) -> str:
        """The rule."""
        return _("Not a common password.")


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
            text = _("The password must mix at least three of lower case, upper case, digits and other characters.")
            found.append(ValidationError(text, code="password_too_simple"))
        login = getattr(user, "login", "")
        if login and fold(login) in fold(password):
            found.append(ValidationError(_("The password contains the user name."), code="password_contains_login"))
        if FORBIDDEN in password:
            found.append(ValidationError(_("The password contains 123."), code="password_contains_123"))
        if found:
            raise ValidationError(found)

    def get_help_text(self) -> str:
        """The rules, nothing where they do not hold."""
        if not settings.STRONG_PASSWORDS:
            return ""
        return _(
            "At least three of lower case, upper case, digits and other characters; without the user name and without "
            "123."
        )
