"""Forms of accounts. Rules live on the row; these forms say them at the right field and set passwords."""

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from .logins import composed
from .models import LOCALES, MAY_SIGN_IN, User, UserType

TYPE_HELP = {
    UserType.INTERNAL: "a licensed person who signs in and may use the data APIs",
    UserType.COMMUNITY: "a customer or partner who signs in and never reaches the data APIs",
    UserType.VIRTUAL: "cannot sign in",
    UserType.SYSTEM: "cannot sign in; services run as it",
    UserType.APPLICATION: "cannot sign in",
    UserType.INVITED_INTERNAL: "invited, cannot sign in yet",
    UserType.INVITED_COMMUNITY: "invited, cannot sign in yet",
}
# Argon2 works through every byte: a megabyte of password would be a way to keep the server busy.
MAX_PASSWORD = 1000


class PasswordFields(forms.Form):
    """A new password, twice, judged by the instance's rules (ID-193)."""

    password1 = forms.CharField(
        label="Password",
        strip=False,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
    )
    password2 = forms.CharField(
        label="Password again",
        strip=False,
        max_length=MAX_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "class": "vTextField"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rules = password_validation.password_validators_help_texts()
        self.fields["password1"].help_text = " ".join(filter(None, rules))

    def check_password(self, user: User) -> None:
        """Put every objection to the password at its field."""
        first, second = self.cleaned_data.get("password1"), self.cleaned_data.get("password2")
        if first and second and first != second:
            self.add_error("password2", ValidationError("The two passwords differ.", code="password_mismatch"))
        elif first and "password1" not in self.errors:
            try:
                password_validation.validate_password(first, user)
            except ValidationError as errors:
                self.add_error("password1", errors)


class SetPasswordForm(PasswordFields):
    """A new password for an account that exists."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.user = user

    def clean(self) -> dict[str, Any]:
        self.check_password(self.user)
        return self.cleaned_data


class UserForm(forms.ModelForm):
    """An account as an administrator edits it. ``acting_user`` is set by the admin class."""

    acting_user: User | None = None

    user_type = forms.TypedChoiceField(
        label="Type",
        coerce=int,
        choices=[(member.value, f"{member.label}: {TYPE_HELP[member]}") for member in UserType],
        initial=UserType.INTERNAL,
    )
    locale = forms.ChoiceField(label="Language", choices=LOCALES, initial="en")

    class Meta:
        model = User
        fields = ("login", "name", "email", "email_confirmed", "user_type", "is_admin", "is_active", "locale")
        help_texts = {
            "login": "What the person types and what tokens name as sub. Letter case does not count. A login that is "
            "given up stays this account's: no other one can have it.",
            "is_admin": "May do everything here. For internal users only.",
            "is_active": "An account that is not active can neither sign in nor run services. None is ever deleted.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        if "locale" in self.fields and self.instance.locale not in dict(LOCALES):
            self.fields["locale"].choices = [*LOCALES, (self.instance.locale, self.instance.locale)]  # type: ignore[attr-defined]

    def clean_login(self) -> str:
        """How the login is stored: keyboards differ in how they compose a letter."""
        return composed(self.cleaned_data["login"])

    def clean(self) -> dict[str, Any]:
        """Administrators cannot lock themselves out: a user who can undo it must remain."""
        data = super().clean() or self.cleaned_data
        if self.acting_user is not None and self.instance.pk == self.acting_user.pk:
            own = "You cannot do this to your own account; another administrator can."
            if data.get("is_admin") is False:
                self.add_error("is_admin", ValidationError(own, code="own_account"))
            if data.get("is_active") is False:
                self.add_error("is_active", ValidationError(own, code="own_account"))
            if data.get("user_type") not in (None, UserType.INTERNAL):
                self.add_error("user_type", ValidationError(own, code="own_account"))
        return data


class NewUserForm(UserForm, PasswordFields):
    """A new account. Only a type that can sign in needs a password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("password1", "password2"):
            self.fields[name].required = False
        self.fields["password1"].help_text += " Leave empty for an account that does not sign in with a password."

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.cleaned_data.get("password1") and not self.cleaned_data.get("password2"):
            return
        if self.cleaned_data.get("user_type", UserType.INTERNAL) not in MAY_SIGN_IN:
            self.add_error("password1", ValidationError("This type of account cannot sign in.", code="no_sign_in"))
            return
        if not self.cleaned_data.get("password1"):
            self.add_error("password1", ValidationError("Enter the password here too.", code="required"))
            return
        if not self.cleaned_data.get("password2"):
            self.add_error("password2", ValidationError("Enter the password again.", code="required"))
            return
        self.check_password(self.instance)
