"""Form controls of the registry: choices that explain themselves, and lists that follow the standard order."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from erpnet_identity.users.models import User

from . import scopes

# How scopes are offered and stored.
SCOPE_ORDER = (
    scopes.OPENID,
    scopes.PROFILE,
    scopes.EMAIL,
    scopes.OFFLINE_ACCESS,
    scopes.READ,
    scopes.UPDATE,
    scopes.LEGACY,
)


def explained(title: str, explanation: str) -> SafeString:
    """The label of one choice: a title and a sentence."""
    return format_html(
        '<span class="erp-choice-title">{}</span> <span class="erp-choice-help">{}</span>', title, explanation
    )


class _GroupMixin:
    """Renders with a template of ours, as one named group, because a label cannot name several controls."""

    group_role = "group"

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any = None) -> SafeString:
        context["widget"]["role"] = self.group_role
        context["widget"]["describedby"] = context["widget"]["attrs"].get("aria-describedby", "")
        return render_to_string("admin/erp/choices.html", context)


class ExplainedRadios(_GroupMixin, forms.RadioSelect):
    """Radio buttons, each with its sentence."""

    group_role = "radiogroup"


class ExplainedCheckboxes(_GroupMixin, forms.CheckboxSelectMultiple):
    """Checkboxes, each with its sentence."""


class SecretInput(forms.PasswordInput):
    """A field for a secret: readable while it is typed, never sent back to the browser."""

    input_type = "text"

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "off", "spellcheck": "false", "autocapitalize": "off", **(attrs or {})})


class ScopesField(forms.MultipleChoiceField):
    """Checkboxes over the space-delimited text of a record (TA-21).

    Which names exist is a rule of the record (TA-44, TA-45), not of this field, so that there is one message for it.
    """

    widget = ExplainedCheckboxes

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=self.choices_for(()), **kwargs)

    @staticmethod
    def choices_for(stored: Iterable[str]) -> list[tuple[str, SafeString]]:
        """The known scopes and those that an older rule let into a record."""
        unknown = [name for name in stored if name not in SCOPE_ORDER]
        names = (*SCOPE_ORDER, *unknown)
        return [(name, explained(name, scopes.MEANING.get(name, "not a known scope"))) for name in names]

    def prepare_value(self, value: Any) -> Any:
        return scopes.split(value) if isinstance(value, str) else value

    def valid_value(self, value: Any) -> bool:
        return len(value) <= 64 and "\x00" not in value

    def clean(self, value: Any) -> str:
        """The chosen scopes as text, in the standard order."""
        chosen = super().clean(value)
        known = [name for name in SCOPE_ORDER if name in chosen]
        return " ".join([*known, *(name for name in chosen if name not in SCOPE_ORDER)])

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(self.prepare_value(initial) or ()) != set(data or ())


class LoginField(forms.CharField):
    """An account by its login. A text field with suggestions serves any number of accounts and needs no script."""

    default_error_messages = {"unknown": "There is no account with the login “%(login)s”."}

    def prepare_value(self, value: Any) -> Any:
        """The login of a stored reference; typed text stays as it is."""
        if value and not isinstance(value, (str, User)):
            return User.objects.filter(pk=value).values_list("login", flat=True).first() or ""
        return value.login if isinstance(value, User) else value

    def clean(self, value: Any) -> User | None:
        login = super().clean(value)
        if not login:
            return None
        user = User.objects.filter(folded_login=login).first()
        if user is None:
            raise forms.ValidationError(self.error_messages["unknown"], code="unknown", params={"login": login})
        return user

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (self.prepare_value(initial) or "").lower() != (data or "").strip().lower()
