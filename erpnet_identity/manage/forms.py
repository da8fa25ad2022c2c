"""What administrators type into the Instance Manager."""

from typing import Any

from django import forms

from erpnet_identity.tenancy.models import Instance
from erpnet_identity.users.models import User

from .live_sessions import SHOW


class FindForm(forms.Form):
    """Which sessions are shown. Whatever an address says, there is something to show."""

    q = forms.CharField(label="Name or login", required=False, max_length=64)
    show = forms.ChoiceField(label="Show", required=False, choices=[(key, title) for key, (title, _) in SHOW.items()])

    @property
    def text(self) -> str:
        return str(self.cleaned_data.get("q", ""))

    @property
    def choice(self) -> str:
        return str(self.cleaned_data.get("show", ""))


class SlotsForm(forms.Form):
    """The number of concurrent licenses (SE-55)."""

    slots = forms.IntegerField(
        label="Concurrent licenses",
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text="How many sessions may be live at a time. Leave empty for no limit.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )
    kept_from_services = forms.IntegerField(
        label="Never for services, in percent",
        required=False,
        min_value=0,
        max_value=100,
        help_text="Services never take this share of the licenses, rounded down, unless their account has a reserved "
        "seat. So people can always work, however many services call.",
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )


class SeatForm(forms.Form):
    """An account that gets a reserved seat (SE-65)."""

    login = forms.CharField(
        label="Login",
        max_length=64,
        help_text="Of a person or of an account that services run as.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean_login(self) -> User:
        """The account. One that can never open a session would keep a slot from everybody for ever (SE-16)."""
        login = self.cleaned_data["login"]
        user = User.objects.filter(folded_login=login).select_related("reserved_seat").first()
        if user is None:
            raise forms.ValidationError(f"There is no account with the login {login}.")
        if not user.may_call_apis:
            raise forms.ValidationError(
                f"{user.name} cannot use a license: accounts of type {user.type_name} never do."
            )
        if hasattr(user, "reserved_seat"):
            raise forms.ValidationError(f"{user.name} has a reserved seat already.")
        return user


class AppearanceForm(forms.ModelForm):
    """What the instance shows of itself. The rules are those of the row, so the manifest has the same."""

    class Meta:
        model = Instance
        fields = ("title", "support_url", "privacy_url", "terms_url", "logo")
        widgets = {
            "title": forms.TextInput(attrs={"autocomplete": "off", "placeholder": "ERP Identity"}),
            "logo": forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
        }


def start_in_error(form: forms.BaseForm) -> None:
    """Put the cursor into the first field with an error. Without one the page leaves it where it is."""
    wrong = next((name for name in form.fields if name in form.errors), None)
    if wrong is not None:
        attributes: dict[str, Any] = form.fields[wrong].widget.attrs
        attributes["autofocus"] = True
