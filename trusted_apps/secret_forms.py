"""The form that gives an application one more secret (TA-14, TA-35, TA-50 to TA-56)."""

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from . import secrets
from .models import TrustedApplication
from .services import MAX_SECRET_LENGTH
from .widgets import ExplainedRadios, SecretInput, explained

GENERATE, OWN, HASH = "generate", "own", "hash"
HOW = [
    (GENERATE, explained("Generate a secret", "Recommended: 40 random letters and digits, shown once.")),
    (OWN, explained("Use a secret of my own", "It is stored as a hash only.")),
    (
        HASH,
        explained("Paste a hash", "The ApplicationSecretHash of another instance; the app keeps the secret it has."),
    ),
]
LIFETIMES = [
    ("90", "in 90 days"),
    ("180", "in 180 days"),
    ("365", "in one year"),
    ("730", "in two years"),
    ("date", "after the day below"),
    ("never", "never"),
]


class SecretForm(forms.Form):
    """``nonce`` becomes the key of the new secret, so that a form which is sent twice adds one secret only."""

    nonce = forms.UUIDField(widget=forms.HiddenInput)
    how = forms.ChoiceField(label="Where does the secret come from?", choices=HOW, widget=ExplainedRadios)
    secret = forms.CharField(
        label="Your secret",
        required=False,
        strip=False,
        max_length=MAX_SECRET_LENGTH,
        widget=SecretInput(attrs={"class": "vTextField erp-mono"}),
    )
    accept_weak = forms.BooleanField(label="Use it although it is weak", required=False)
    secret_hash = forms.CharField(
        label="Hash",
        required=False,
        max_length=44,
        help_text="44 characters: the Base64 of the SHA-256 of the secret.",
        widget=SecretInput(attrs={"class": "vTextField erp-mono"}),
    )
    name = forms.CharField(
        label="Name",
        required=False,
        max_length=64,
        help_text="For example its place of use. Leave empty for a default name.",
    )
    lifetime = forms.ChoiceField(label="It expires", choices=LIFETIMES, initial="365")
    expires_on = forms.DateField(
        label="Last day", required=False, help_text="UTC.", widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, application: TrustedApplication, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.label_suffix = ""
        self.application = application
        self.is_weak = False
        self.fields["how"].widget.attrs["group_label"] = self.fields["how"].label
        if not self.is_bound:
            self.initial = {"how": GENERATE, "lifetime": "365", "nonce": uuid.uuid4(), **self.initial}

    def clean_name(self) -> str:
        """A name that the application's other secrets do not have."""
        name = self.cleaned_data["name"]
        if name and self.application.secrets.filter(name=name).exists():
            raise ValidationError("The application already has a secret of this name.", code="unique")
        return name

    def clean(self) -> dict[str, Any]:
        """What belongs to the chosen way must be there; what belongs to another is ignored."""
        data = self.cleaned_data
        match data.get("how"):
            case "own":
                self._check_own(data)
            case "hash":
                if not data.get("secret_hash") and "secret_hash" not in self.errors:
                    self.add_error("secret_hash", "Paste the hash.")
                elif data.get("secret_hash") and not secrets.is_digest(data["secret_hash"]):
                    self.add_error(
                        "secret_hash",
                        "Expected the Base64 of a SHA-256 hash (44 characters). A plain secret does not belong here.",
                    )
        if data.get("lifetime") == "date" and "expires_on" not in self.errors:
            day = data.get("expires_on")
            if day is None:
                self.add_error("expires_on", "Enter the last day on which the secret is valid.")
            elif day < timezone.now().date():
                self.add_error("expires_on", "This day is over.")
            elif day.year > 9000:
                self.add_error("expires_on", "This day is too far away.")
        return data

    def _check_own(self, data: dict[str, Any]) -> None:
        secret = data.get("secret", "")
        if "secret" in self.errors:
            return
        if not secret:
            self.add_error("secret", "Enter the secret.")
        elif secret != secret.strip():
            self.add_error("secret", "The secret begins or ends with white space, probably by accident of copying.")
        elif (reason := secrets.weakness(secret)) and not data.get("accept_weak"):
            self.is_weak = True
            self.add_error(
                "secret",
                f"{reason} Choose a better one, or enter it again and tick “{self.fields['accept_weak'].label}”.",
            )

    def expires(self, now: datetime) -> datetime | None:
        """The moment at which the secret ends."""
        lifetime = self.cleaned_data["lifetime"]
        if lifetime == "never":
            return None
        if lifetime == "date":
            return datetime.combine(self.cleaned_data["expires_on"] + timedelta(days=1), time(), UTC)
        return now + timedelta(days=int(lifetime))

    def material(self) -> dict[str, str | None]:
        """What ``services.add_secret`` is to store: nothing means that it generates."""
        match self.cleaned_data["how"]:
            case "own":
                return {"secret": self.cleaned_data["secret"]}
            case "hash":
                return {"secret_hash": self.cleaned_data["secret_hash"]}
        return {}

    def adopt(self, errors: ValidationError) -> None:
        """Show the record's own objections at the fields of this form."""
        for field, found in errors.update_error_dict({}).items():
            self.add_error(field if field in self.fields else None, ValidationError(found))
