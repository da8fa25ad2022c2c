"""The form of an application: every documented attribute under both of its names, all errors at once."""

from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.utils.html import format_html

from erpnet_identity.audit.descriptions import shown

from .attributes import ERP_NAMES, FIELDS
from .models import ClientType, ReferenceTokenPolicy, TrustedApplication
from .services import changes_between
from .widgets import ExplainedRadios, LoginField, ScopesField, explained

# Far above every real list, far below what a browser stops at.
MAX_TEXT = 100_000

CLIENT_TYPES = {
    ClientType.CONFIDENTIAL: explained(
        "Confidential", "It runs on a server that people cannot look into, and keeps a secret."
    ),
    ClientType.PUBLIC: explained(
        "Public", "It runs in a browser or on a device of the person, and keeps no secret. Always uses PKCE."
    ),
    ClientType.NONE: explained("None", "A placeholder: the app was installed and can never authenticate."),
}
POLICIES = {
    ReferenceTokenPolicy.NONE: explained("None", "No reference token can be issued for this application."),
    ReferenceTokenPolicy.AUTHENTICATED_USERS: explained(
        "AuthenticatedUsers", "Everyone who can sign in may issue a personal token; administrators also service tokens."
    ),
    ReferenceTokenPolicy.ADMINISTRATORS_ONLY: explained(
        "AdministratorsOnly", "Only administrators may issue personal and service tokens."
    ),
}
TITLES = {
    "client_id": "Client id",
    "name": "Name",
    "owner": "Owner",
    "is_verified": "Owner is verified",
    "client_type": "Client type",
    "redirect_uris": "Redirect URIs",
    "post_logout_redirect_uris": "Post-logout redirect URIs",
    "allows_internal_users": "Internal users may sign in",
    "allows_community_users": "Community users may sign in",
    "is_first_party": "Belongs to this organisation",
    "allows_service": "May act as a service",
    "system_user": "System user",
    "scope": "Scopes",
    "reference_tokens": "Who may issue reference tokens",
    "allows_basic_authentication": "Legacy password authentication",
    "identity_scopes_imply_access": "Identity scopes imply access",
    "slot_limit": "Most licenses at a time",
    "is_enabled": "Enabled",
    "notes": "Notes",
    "system_user_login_url": "System user login URL",
}
HELP = {
    "name": "What people read, for example on the consent page. Plays no part in authentication.",
    "owner": "Who is behind the app, as people read it on the consent page, for example Acme Ltd.",
    "is_verified": "You have checked who the owner is; the consent page says so. Check again when the owner changes.",
    "client_id": "The client_id that the app sends: 1 to 254 characters without a space. Letter case counts.",
    "redirect_uris": "Where people return after sign-in. One address a line, or separated by commas; compared "
    "character for character.",
    "post_logout_redirect_uris": "Where people may return after sign-out. One address a line, or separated by commas.",
    "allows_internal_users": "Licensed users of this instance.",
    "allows_community_users": "External users, such as customers and partners. They never get access to the data APIs.",
    "is_first_party": "People are not asked for consent. For applications of your own only: this one acts in the name "
    "of everybody who signs in. Does not reach public applications at loopback addresses and own schemes: there people "
    "are always asked, because any program on their device could pretend to be this one (RFC 8252 §8.6).",
    "allows_service": "The app gets tokens without a person (client credentials). For confidential applications only.",
    "system_user": "The login of the account that service tokens run as: active, of type InternalUser or "
    "SystemUserNoLogin.",
    "scope": "What the app may be granted at most. The first four are available in any case.",
    "identity_scopes_imply_access": "A sign-in that asks only for identity scopes is granted the data scopes above as "
    "well. Needed by some old samples; less strict than least privilege.",
    "allows_basic_authentication": "Old clients may name this application when they sign in with a login and password.",
    "slot_limit": "How many live sessions this application may have opened at a time, so that it cannot take every "
    "license. Leave empty for no limit of its own.",
    "is_enabled": "An application that is not enabled is refused everywhere at once.",
    "notes": "For administrators only.",
    "system_user_login_url": "Kept for old records; has no effect.",
}
CLIENT_ID_CHANGE = (
    "Changing it takes effect at once: the app itself must change at the same moment, or it can get no more tokens."
)


def label(field: str) -> Any:
    """The standard term, then the documented attribute name unless it is the same."""
    if TITLES[field] == ERP_NAMES[field]:
        return TITLES[field]
    return format_html('{} <code class="erp-name">{}</code>', TITLES[field], ERP_NAMES[field])


def _address_field() -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=MAX_TEXT,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "class": "vLargeTextField erp-mono"}),
    )


class TrustedApplicationForm(forms.ModelForm):
    """Rules live on the record (TA-30 to TA-47); the form says them at the right field and guards against two
    administrators overwriting each other."""

    client_type = forms.ChoiceField(widget=ExplainedRadios)
    reference_tokens = forms.ChoiceField(widget=ExplainedRadios, choices=list(POLICIES.items()))
    scope = ScopesField(required=False)
    system_user = LoginField(required=False, max_length=64)
    redirect_uris = _address_field()
    post_logout_redirect_uris = _address_field()
    notes = forms.CharField(
        required=False, max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"})
    )
    object_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = TrustedApplication
        fields = FIELDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        application = self.instance
        for name, field in self.fields.items():
            if name in TITLES:
                field.label = label(name)
                field.help_text = HELP.get(name, "")
                if isinstance(field.widget, (ExplainedRadios, ScopesField.widget)):
                    field.widget.attrs["group_label"] = TITLES[name]
        self._offer_client_types(application)
        if "scope" in self.fields:
            self.fields["scope"].choices = ScopesField.choices_for(application.scope_list)  # type: ignore[attr-defined]
        if "client_id" in self.fields:
            self.fields["client_id"].widget.attrs |= {"class": "vTextField erp-mono", "spellcheck": "false"}
            if not application._state.adding:
                self.fields["client_id"].help_text = f"{HELP['client_id']} {CLIENT_ID_CHANGE}"
        if "redirect_uris" in self.fields:
            self.fields["redirect_uris"].widget.attrs["placeholder"] = "https://app.example.com/signin-oidc"
        if "object_version" in self.fields:
            self.fields["object_version"].initial = application.object_version

    def _offer_client_types(self, application: TrustedApplication) -> None:
        if "client_type" not in self.fields:
            return
        # None is only ever the outcome of an install link (TA-13): kept where it is, not offered anew.
        offered = [
            (value, text)
            for value, text in CLIENT_TYPES.items()
            if value != ClientType.NONE or application.client_type == ClientType.NONE
        ]
        self.fields["client_type"].choices = offered  # type: ignore[attr-defined]
        if application._state.adding:
            self.fields["client_type"].initial = ClientType.CONFIDENTIAL
            self.fields["reference_tokens"].initial = ReferenceTokenPolicy.NONE

    def _post_clean(self) -> None:
        stored = None
        if not self.instance._state.adding:
            # Locked: nobody may slip in between this look and the write, which belong to one transaction.
            stored = (
                TrustedApplication.objects.select_for_update(of=("self",))
                .select_related("system_user")
                .get(pk=self.instance.pk)
            )
            if self.cleaned_data.get("scope", "").split() and set(self.cleaned_data["scope"].split()) == set(
                stored.scope.split()
            ):
                # The order alone is not a change that a person made here.
                self.cleaned_data["scope"] = stored.scope
        super()._post_clean()  # type: ignore[misc]
        if stored is not None and self.cleaned_data.get("object_version") != stored.object_version:
            self._refuse_conflict(stored)

    def _refuse_conflict(self, stored: TrustedApplication) -> None:
        """Say what is stored now where it differs, keep what was entered, and let a second press of Save decide."""
        self.add_error(
            None,
            ValidationError(
                "The application was changed by someone else meanwhile. Nothing was saved and your entries are kept. "
                "Saving again replaces what is stored now with your entries.",
                code="changed_meanwhile",
            ),
        )
        fields = {erp_name: field for field, erp_name in ERP_NAMES.items()}
        for erp_name, change in changes_between(stored, self.instance).items():
            if (field := fields[erp_name]) in self.fields:
                self.add_error(field, ValidationError(f"Stored now: {shown(change['old'])}", code="changed_meanwhile"))
        again: Any = self.data.copy()  # type: ignore[attr-defined]
        again["object_version"] = str(stored.object_version)
        self.data = again

    def _update_errors(self, errors: ValidationError) -> None:
        """Put the record's errors at their fields; a field that has its own error is not judged twice."""
        by_field = errors.update_error_dict({})
        for error in by_field.pop(NON_FIELD_ERRORS, []):
            # The constraint on the client id is one of an expression and names no field (TA-31).
            by_field.setdefault("client_id" if error.code == "unique" else NON_FIELD_ERRORS, []).append(error)
        remaining = {
            field: found for field, found in by_field.items() if field not in self.errors or field == NON_FIELD_ERRORS
        }
        if remaining:
            super()._update_errors(ValidationError(remaining))  # type: ignore[misc]
