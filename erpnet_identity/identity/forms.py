"""Signing in, and a new password with the old one or with a link: allauth's forms with our fields and rules."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from allauth.account import forms as allauth
from allauth.account.adapter import get_adapter
from allauth.account.fields import EmailField, PasswordField, SetPasswordField
from allauth.account.internal.flows.password_reset import request_password_reset
from allauth.account.utils import perform_login
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from erpnet_identity.audit import events
from erpnet_identity.audit.causes import Cause
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.refusals import record_refusal
from erpnet_identity.audit.services import record
from erpnet_identity.audit.unknown_names import stand_in
from erpnet_identity.users.forms import MAX_PASSWORD
from erpnet_identity.users.models import User
from erpnet_identity.users.services import actor_for, unlock_user

from . import mail, texts, throttle
from .adapter import AccountAdapter

MAX_LOGIN = 254  # a login is shorter, an e-mail address may be as long


class _Plain:
    """Without the placeholder that repeats the label, and without a second link to the reset page."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.widget.attrs.pop("placeholder", None)  # type: ignore[attr-defined]


def _rules() -> SafeString:
    """What is asked of new passwords, as a list; a rule that is switched off says nothing."""
    rules = ((text,) for text in password_validators_help_texts() if text)
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", rules))


class KnownPassword(_Plain, PasswordField):
    """A password that exists already, checked by the code that receives it."""

    def __init__(self, label: Any) -> None:
        super().__init__(label=label, autocomplete="current-password")


class NewPassword(_Plain, SetPasswordField):
    """A password to be, judged by the rules of the instance (ID-193)."""

    def __init__(self) -> None:
        super().__init__(label=texts.LABEL_NEW_PASSWORD, max_length=MAX_PASSWORD, help_text=lazy(_rules, str)())


class NewPasswordAgain(_Plain, PasswordField):
    """The same once more."""

    def __init__(self) -> None:
        super().__init__(label=texts.LABEL_NEW_PASSWORD_AGAIN, max_length=MAX_PASSWORD, autocomplete="new-password")


class Email(_Plain, EmailField):
    """The address of an account."""

    def __init__(self) -> None:
        super().__init__(label=texts.LABEL_EMAIL, max_length=254)


class SignInForm(allauth.LoginForm):
    """A login or an e-mail address, a password, and whether to be remembered (ID-62)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        completion = "username" if settings.USERNAME_AUTOCOMPLETE else "off"  # ID-66
        attributes = {"autocomplete": completion, "autocapitalize": "none", "spellcheck": "false"}
        self.fields = {
            "login": forms.CharField(label=texts.LABEL_LOGIN, widget=forms.TextInput(attrs=attributes)),
            "password": KnownPassword(texts.LABEL_PASSWORD),
            "remember": forms.BooleanField(label=texts.LABEL_REMEMBER, required=False),
        }

    def clean(self) -> Any:
        """Raises ``ValidationError`` with the one sentence for every failure (ID-64)."""
        codes = {error.code for errors in self.errors.as_data().values() for error in errors}
        if codes - {"required"} or len(self.data.get("password", "")) > MAX_PASSWORD:
            # Not worth a look: nobody has such a login or such a password.
            self.errors.clear()
            raise ValidationError(texts.SIGN_IN_FAILED, code="invalid_login")
        return super().clean()

    def user_credentials(self) -> dict[str, str]:
        """The typed text as it is: whether it is a login or an address is for the backend to find out (ID-63)."""
        login = self.cleaned_data["login"]
        return {"username": login[: MAX_LOGIN + 1], "password": self.cleaned_data["password"]}

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        """Sign in. allauth's own would end the session as it sees fit; ours ends with the identity session (ID-70)."""
        request.remember_sign_in = self.cleaned_data["remember"]  # type: ignore[attr-defined]
        response: HttpResponse = perform_login(request, self.user, redirect_url=redirect_url)
        return response


class PasswordResetForm(allauth.ResetPasswordForm):
    """Asks for a link. What it answers never tells whether a user has the address (ID-64)."""

    email = Email()

    def clean_email(self) -> str:
        """Who has the address is looked up when the form is good."""
        email: str = self.cleaned_data["email"]
        return email

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Promise the mail and leave the trace. As much is done for an address that nobody has, and what takes time
        comes after the answer."""
        email: str = self.cleaned_data["email"]
        found = [user for user in User.objects.filter(folded_email=email) if user.may_sign_in]
        cause = Cause.UNKNOWN_EMAIL
        if not throttle.may_mail(email):
            found, cause = [], Cause.TOO_MANY_REQUESTS
        self._record(email, found, cause)
        send = partial(request_password_reset, request, email, found, allauth.default_token_generator)
        mail.later(send, about=email)
        return email

    def _record(self, email: str, found: Sequence[User], cause: Cause) -> None:
        for user in found:
            record(events.USER_PASSWORD_RESET_REQUESTED, actor=actor_for(user), user=user)
        if not found:
            record_refusal(
                events.USER_PASSWORD_RESET_REQUESTED,
                cause,
                actor=Actor("user", "", stand_in(email)),
                detail={"length": len(email)},
            )


class ResetLinkForm(allauth.UserTokenForm):
    """Whether a link is good: not used, not too old, of an account that can use it."""

    def clean(self) -> Any:
        """Raises ``ValidationError``."""
        cleaned = super().clean()
        assert self.reset_user is not None
        if not self.reset_user.may_sign_in:
            raise get_adapter().validation_error("invalid_password_reset")
        return cleaned


class _NewPasswordTwice(forms.Form):
    def clean(self) -> Any:
        cleaned = forms.Form.clean(self)
        first, second = self.cleaned_data.get("password1"), self.cleaned_data.get("password2")
        if first and second and first != second:
            self.add_error("password2", ValidationError(texts.PASSWORDS_DIFFER, code="password_mismatch"))
        return cleaned


class PasswordResetKeyForm(_NewPasswordTwice, allauth.ResetPasswordKeyForm):
    """A new password for the user who holds the link."""

    password1 = NewPassword()
    password2 = NewPasswordAgain()

    @transaction.atomic
    def save(self) -> None:
        """Also ends a lockout: the link proves more than the guesses that caused it (ID-191)."""
        super().save()
        unlock_user(self.user, actor=actor_for(self.user))


class PasswordChangeForm(_NewPasswordTwice, allauth.ChangePasswordForm):
    """A new password for the user who knows the current one."""

    oldpassword = KnownPassword(texts.LABEL_CURRENT_PASSWORD)
    password1 = NewPassword()
    password2 = NewPasswordAgain()

    def clean_oldpassword(self) -> str:
        """Checked like a sign-in: guesses count towards the lockout (ID-191). Raises ``ValidationError``."""
        password: str = self.cleaned_data["oldpassword"]
        adapter = get_adapter()
        assert self.user is not None
        if len(password) > MAX_PASSWORD or not adapter.reauthenticate(self.user, password):
            raise adapter.validation_error("enter_current_password")
        return password

    def save(self) -> None:
        """Store it, as done by a user who knew the old one."""
        AccountAdapter().change_password(self.user, self.cleaned_data["password1"])
