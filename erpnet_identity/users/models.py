"""People and the accounts that services run as."""

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

from erpnet_identity.platform.compiled import CompiledQuery
from erpnet_identity.platform.folded import FoldedField, FoldedModel, LookField
from erpnet_identity.platform.spelling import fold, look, text_problem

from .logins import LOGIN_FORMER, LOGIN_LOOKS_TAKEN, LOGIN_TAKEN, composed, login_problem
from .managers import FormerLoginQuerySet, UserManager
from .passwords import normal, verify
from .signals import login_wanted


class UserType(models.IntegerChoices):
    """The kinds of account; names and numbers are those of the ERP (ID-175 to ID-181)."""

    INTERNAL = 0, "InternalUser"
    COMMUNITY = 1, "ExternalCommunityUser"
    VIRTUAL = 2, "VirtualUserNoLogin"
    SYSTEM = 3, "SystemUserNoLogin"
    APPLICATION = 4, "ApplicationUserNoLogin"
    INVITED_INTERNAL = 5, "InvitationInternalNoLogin"
    INVITED_COMMUNITY = 6, "InvitationExternalNoLogin"

    @classmethod
    def from_name(cls, name: str) -> "UserType":
        """The member with this documented name. Raises ``ValueError`` for any other text."""
        for member in cls:
            if member.label == name:
                return member
        raise ValueError(name)


# Who may sign in at all (ID-175, ID-176), who a service may run as (TA-38), who may call a data API (API-95).
MAY_SIGN_IN = frozenset({UserType.INTERNAL, UserType.COMMUNITY})
MAY_RUN_SERVICES = frozenset({UserType.INTERNAL, UserType.SYSTEM})
MAY_CALL_APIS = frozenset({UserType.INTERNAL, UserType.SYSTEM})

LOCALES = [("en", "English"), ("en-US", "English (United States)"), ("bg", "Български"), ("de", "Deutsch")]

validate_login = RegexValidator(
    r"\A[^\s\x00-\x1f\x7f]{1,64}\Z", "A login has 1 to 64 characters and no spaces.", code="login"
)
validate_locale = RegexValidator(
    r"\A[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?\Z", "Expected a language tag such as bg or en-US.", code="locale"
)


class User(FoldedModel, AbstractBaseUser):
    """An account. ``id`` is the stable key; ``login`` is what people type and what tokens name as ``sub``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    login = models.CharField(max_length=64, validators=[validate_login])
    name = models.CharField(max_length=254)
    email = models.EmailField("e-mail", max_length=254, blank=True)
    email_confirmed = models.BooleanField("e-mail confirmed", default=False)
    user_type = models.PositiveSmallIntegerField("type", choices=UserType.choices, default=UserType.INTERNAL)
    is_admin = models.BooleanField("administrator", default=False)
    is_active = models.BooleanField("active", default=True)
    locale = models.CharField("language", max_length=15, default="en", validators=[validate_locale])
    access_failed_count = models.PositiveIntegerField("failed sign-ins", default=0, editable=False)
    lockout_end = models.DateTimeField("locked until", null=True, blank=True, editable=False)
    created = models.DateTimeField(default=timezone.now, editable=False)
    # Refresh tokens that were granted before this moment are void: the password has changed or the account was switched
    # off since (ID-190, ID-195, TK-57). Switching it on again does not bring them back.
    refresh_tokens_from = models.DateTimeField("refresh tokens from", null=True, blank=True, editable=False)
    folded_login = FoldedField("login")
    folded_name = FoldedField("name")
    folded_email = FoldedField("email")
    # Accounts that were there before the rule and look like another have none.
    look = LookField("login")

    objects = UserManager()
    _has_best_hash = True

    USERNAME_FIELD = "login"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        ordering = ["login"]
        constraints = [
            # Two logins that differ only in case or in how a letter is composed would be one person to a reader
            # (ID-63); so would two that differ only in the script of letters that look alike.
            models.UniqueConstraint(
                fields=["folded_login"],
                name="user_folded_login_unique",
                violation_error_code="unique",
                violation_error_message=LOGIN_TAKEN,
            ),
            models.UniqueConstraint(
                fields=["look"],
                name="user_look_unique",
                violation_error_code="unique",
                violation_error_message=LOGIN_LOOKS_TAKEN,
            ),
        ]
        indexes = [models.Index(fields=["folded_email"], name="user_by_folded_email")]

    def __str__(self) -> str:
        return f"{self.name} <{self.login}>"

    def clean(self) -> None:
        """What no single field can say, and the stored form of a new login, whichever way it comes. Raises
        ``ValidationError`` keyed by field."""
        if self._state.adding:
            self.login = composed(self.login)
        errors: dict[str, Any] = {}
        if self.is_admin and self.user_type != UserType.INTERNAL:
            errors["is_admin"] = ValidationError("Only an internal user can be an administrator.", code="admin_type")
        if self.email_confirmed and not self.email:
            errors["email_confirmed"] = ValidationError("There is no e-mail address to confirm.", code="no_email")
        for field, problem in (("login", login_problem(self.login)), ("name", text_problem(self.name, "The name"))):
            if problem and not self._is_stored(field):
                errors[field] = ValidationError(problem, code=f"{field}_spelling")
        if errors:
            raise ValidationError(errors)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Also that the login was nobody else's before: a rule across accounts like uniqueness (OP-112).

        Code that checks many accounts at once leaves this out and asks for all logins together. Raises
        ``ValidationError``.
        """
        exclude = set(exclude or ())
        if "login" in exclude:
            super().validate_constraints(exclude={*exclude, "folded_login", "look"})
            return
        self.fold_columns()
        try:
            # A form knows the login and not the columns that follow from it.
            super().validate_constraints(exclude=exclude - {"folded_login", "look"})
        except ValidationError as error:
            found = error.update_error_dict({})
            same, alike = found.pop("folded_login", None), found.pop("look", None)
            raise ValidationError({**found, **({"login": same or alike} if same or alike else {})})
        try:
            self.refuse_former_login()
        except ValidationError:
            if not self._is_stored("login"):
                raise
        login_wanted.send(User, user=self)

    def _is_stored(self, field: str) -> bool:
        """Whether the column has this value already: what was there before a rule stays."""
        known = type(self).objects.filter(pk=self.pk, **{field: getattr(self, field)})
        return not self._state.adding and known.exists()

    def refuse_former_login(self) -> None:
        """Raises ``ValidationError`` at ``login`` when another account once had it, or one that looks the same."""
        owners = _owners_of_former.rows(fold(self.login), look(self.login))
        if any(owner != self.pk for (owner,) in owners):
            raise ValidationError({"login": ValidationError(LOGIN_FORMER, code="login_former")})

    def set_password(self, raw_password: str | None) -> None:
        """Store the password's normal form: how a keyboard composes its letters does not count."""
        super().set_password(normal(raw_password) if raw_password is not None else None)

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is the password. Writes nothing: see ``keep_password_strong``."""
        is_right, self._has_best_hash = verify(raw_password, self.password)
        return is_right

    def keep_password_strong(self, raw_password: str) -> None:
        """Store the password that was just checked and right anew, when its hash is of an old kind or of another form
        (ID-194). Only for a user who comes in: a refusal must cost the same for right and wrong ones (ID-64)."""
        if not self._has_best_hash:
            self.set_password(raw_password)
            self.save(update_fields=["password"])

    @property
    def type_name(self) -> str:
        """The documented name of the account's type, as tokens carry it."""
        return UserType(self.user_type).label

    @property
    def may_sign_in(self) -> bool:
        return self.is_active and self.user_type in MAY_SIGN_IN

    def is_locked(self, now: datetime) -> bool:
        """Whether guessing has locked the account for a while (ID-191)."""
        return self.lockout_end is not None and self.lockout_end > now

    @property
    def may_call_apis(self) -> bool:
        """Whether data APIs are open to accounts of this type at all (API-95)."""
        return self.user_type in MAY_CALL_APIS

    @property
    def calls_apis(self) -> bool:
        """Whether the account can call a data API as it is now."""
        return self.is_active and self.may_call_apis

    @property
    def may_run_services(self) -> bool:
        return self.is_active and self.user_type in MAY_RUN_SERVICES

    # What Django's admin asks. An administrator may do everything there, nobody else anything (TA-48, CO-06).
    @property
    def is_staff(self) -> bool:
        return self.may_sign_in and self.is_admin

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return self.is_staff

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


class FormerLogin(FoldedModel):
    """A login that an account has given up. It stays that account's for ever: tokens name people by their login, and
    an application that remembers one must not meet another user under it (OP-112)."""

    login = models.CharField(max_length=64)
    folded_login = FoldedField("login")
    look = LookField("login")
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="former_logins")
    when = models.DateTimeField(default=timezone.now)

    objects = FormerLoginQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["folded_login", "user"], name="former_login_of_user_unique")]
        indexes = [models.Index(fields=["look"], name="former_login_by_look")]

    def __str__(self) -> str:
        return self.login


# Asked twice for every new account, of which a manifest may hold ten thousand (MF-10): building the query each time
# would take several times as long as running it.
_owners_of_former = CompiledQuery(
    2,
    lambda folded, seen: FormerLogin.objects.filter(models.Q(folded_login=folded) | models.Q(look=seen)).values_list(
        "user_id"
    ),
)
