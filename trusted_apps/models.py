"""TrustedApplication: one row, one client. The row answers every question about itself."""

import uuid
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from oauth2_provider.models import AbstractApplication

from erpnet_identity.platform.folded import FoldedField, FoldedModel, FoldedQuerySet

from . import redirects, rules, scopes
from .rules import INTERNAL_PREFIX
from .secrets import is_digest

SECRET_EXPIRES_SOON = timedelta(days=30)
# How old the time of last use may be before it is written again: reading it is for people, writing it costs a
# statement on every token.
LAST_USED_COARSENESS = timedelta(minutes=15)

validate_client_id = RegexValidator(
    r"\A[\x21-\x7e]{1,254}\Z", "1 to 254 printable ASCII characters without a space.", code="client_id"
)


class ClientType(models.TextChoices):
    """Whether an app can keep a secret (TA-13). Labels are the documented names."""

    CONFIDENTIAL = "confidential", "Confidential"
    PUBLIC = "public", "Public"
    NONE = "none", "None"


class ReferenceTokenPolicy(models.TextChoices):
    """Who may issue reference tokens for an app (TA-22). Labels are the documented names."""

    NONE = "none", "None"
    AUTHENTICATED_USERS = "authenticated_users", "AuthenticatedUsers"
    ADMINISTRATORS_ONLY = "administrators_only", "AdministratorsOnly"


class TrustedApplicationQuerySet(FoldedQuerySet):
    """Questions about many applications."""

    def enabled(self) -> "TrustedApplicationQuerySet":
        return self.filter(is_enabled=True)


class TrustedApplication(FoldedModel, AbstractApplication):
    """The registration of one app in this instance (TA-10 to TA-29).

    Standard terms name the columns; ``attributes.py`` maps them to ERP.net's attribute names. What the toolkit
    keeps and this product does not use (one grant type, one readable secret, an owner) is removed.
    """

    # Removed columns of the toolkit's model.
    user = None
    client_secret = None  # type: ignore[assignment]
    hash_client_secret = None  # type: ignore[assignment]
    authorization_grant_type = None  # type: ignore[assignment]
    algorithm = "RS256"
    allowed_origins = ""
    registration_source = None  # type: ignore[assignment]
    cimd_expires_at = None

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)  # type: ignore[assignment]
    name = models.CharField("name", max_length=254)
    client_id = models.CharField("client id", max_length=254, unique=True, validators=[validate_client_id])
    owner = models.CharField("owner", max_length=254, blank=True, default="")
    is_verified = models.BooleanField("owner is verified", default=False)
    client_type = models.CharField(
        "client type", max_length=16, choices=ClientType.choices, default=ClientType.CONFIDENTIAL
    )
    redirect_uris = models.TextField("redirect URIs", blank=True, default="")
    post_logout_redirect_uris = models.TextField("post-logout redirect URIs", blank=True, default="")
    allows_internal_users = models.BooleanField("internal users may sign in", default=False)
    allows_community_users = models.BooleanField("community users may sign in", default=False)
    is_first_party = models.BooleanField("belongs to this organisation", default=False)
    allows_service = models.BooleanField("may act as a service", default=False)
    system_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name="system user",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="runs_applications",
    )
    scope = models.TextField("scope", blank=True, default="")
    reference_tokens = models.CharField(
        "reference tokens",
        max_length=24,
        choices=ReferenceTokenPolicy.choices,
        default=ReferenceTokenPolicy.NONE,
    )
    allows_basic_authentication = models.BooleanField("legacy password authentication", default=False)
    identity_scopes_imply_access = models.BooleanField("identity scopes imply access", default=False)
    # How many live sessions it may have opened at a time, None for as many as the pool has room for (SE-64).
    slot_limit = models.PositiveIntegerField(
        "most licenses at a time", null=True, blank=True, validators=[MinValueValidator(1)]
    )
    is_enabled = models.BooleanField("enabled", default=True)
    notes = models.TextField("notes", blank=True, default="")
    system_user_login_url = models.CharField("system user login URL", max_length=2000, blank=True, default="")
    object_version = models.PositiveIntegerField("version", default=1, editable=False)
    created = models.DateTimeField("created", default=timezone.now, editable=False)
    last_used = models.DateTimeField("last used", null=True, blank=True, editable=False)
    # Refresh tokens that were granted before this moment are void: a secret has been replaced since (TA-54, TK-57).
    # One moment instead of a mark on each token: it costs the same however many people are signed in.
    refresh_tokens_from = models.DateTimeField("refresh tokens from", null=True, blank=True, editable=False)

    folded_name = FoldedField("name")
    folded_owner = FoldedField("owner")

    objects = TrustedApplicationQuerySet.as_manager()

    class Meta(AbstractApplication.Meta):
        abstract = False
        verbose_name = "Trusted Application"
        verbose_name_plural = "Trusted Applications"
        ordering = ["name", "client_id"]
        constraints = [
            # Look-alike ids must not coexist, while matching a request is case-sensitive (TA-31).
            models.UniqueConstraint(
                Lower("client_id"),
                name="application_client_id_unique",
                violation_error_code="unique",
                violation_error_message="Another application already uses this client id (letter case does not count).",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.client_id

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store the row and, when its addresses may have changed, the web origins that follow from them."""
        super().save(*args, **kwargs)
        written = kwargs.get("update_fields")
        if written is None or not {"redirect_uris", "post_logout_redirect_uris"}.isdisjoint(written):
            self._store_origins(using=kwargs.get("using"))

    def _store_origins(self, *, using: str | None) -> None:
        known = WebOrigin.objects.using(using).filter(application=self)
        stored = set(known.values_list("origin", flat=True))
        wanted = self.origins
        if stored - wanted:
            known.exclude(origin__in=wanted).delete()
        WebOrigin.objects.using(using).bulk_create(
            WebOrigin(application=self, origin=origin) for origin in sorted(wanted - stored)
        )

    # ── what it is ────────────────────────────────────────────────────────────────────────────────────

    @property
    def is_internal(self) -> bool:
        """Whether this is one of the product's own sites (TA-78)."""
        return self.client_id.startswith(INTERNAL_PREFIX)

    @property
    def is_confidential(self) -> bool:
        return self.client_type == ClientType.CONFIDENTIAL

    @property
    def is_public(self) -> bool:
        return self.client_type == ClientType.PUBLIC

    @property
    def can_authenticate(self) -> bool:
        """Whether any flow is open to it; a placeholder of type None never authenticates (TA-13)."""
        return self.is_confidential or self.is_public

    @property
    def redirect_uri_list(self) -> list[str]:
        return redirects.split(self.redirect_uris)

    @property
    def post_logout_redirect_uri_list(self) -> list[str]:
        return redirects.split(self.post_logout_redirect_uris)

    @property
    def scope_list(self) -> list[str]:
        return scopes.split(self.scope)

    # ── what it may do ────────────────────────────────────────────────────────────────────────────────

    def is_usable(self, request: Any = None) -> bool:
        """The kill switch (TA-70)."""
        return self.is_enabled

    @property
    def allows_sign_in(self) -> bool:
        """Whether people may sign in through it at all (ID-30)."""
        return self.can_authenticate and (self.allows_internal_users or self.allows_community_users)

    def admits(self, user: Any) -> bool:
        """Whether this person may sign in through it, by the kind of account (TA-17, TA-18, ID-73)."""
        if not self.can_authenticate or not user.may_sign_in:
            return False
        return self.allows_internal_users if user.may_call_apis else self.allows_community_users

    @property
    def allows_service_access(self) -> bool:
        """Whether client credentials are open to it now: a confidential app whose system user is active and of a
        type that may call APIs (ID-130, ID-241)."""
        return (
            self.is_confidential
            and self.allows_service
            and self.system_user is not None
            and self.system_user.may_run_services
        )

    @property
    def skips_consent(self) -> bool:
        """Whether people are not asked: one of the product's own sites, or an app of the same organisation (TA-78,
        ID-85). Where anybody may be the app, they are asked all the same: ``may_be_anybody_at``."""
        return self.is_internal or self.is_first_party

    def may_be_anybody_at(self, redirect_uri: str) -> bool:
        """Whether any program on the person's device could ask in the app's name at this address: the app keeps no
        secret, and nothing tells one program at a loopback address or an own scheme from another (RFC 8252 §8.6)."""
        return not self.is_confidential and redirects.leads_to_device(redirect_uri)

    @property
    def may_be_anybody(self) -> bool:
        """Whether that is so at one of its addresses."""
        return any(map(self.may_be_anybody_at, self.redirect_uri_list))

    @property
    def grant_types(self) -> set[str]:
        """What the flags allow. The toolkit's single column does not exist."""
        allowed = set()
        if self.allows_sign_in:
            allowed |= {self.GRANT_AUTHORIZATION_CODE, self.GRANT_OPENID_HYBRID, "refresh_token"}
        if self.allows_service_access:
            allowed.add(self.GRANT_CLIENT_CREDENTIALS)
        return allowed

    def allows_grant_type(self, *grant_types: str) -> bool:
        return not self.grant_types.isdisjoint(grant_types)

    # ── addresses ─────────────────────────────────────────────────────────────────────────────────────

    def redirect_uri_allowed(self, uri: str) -> bool:
        """Whether sign-in may return to ``uri``: exact comparison (TA-60 to TA-64), where the toolkit's is looser."""
        return redirects.matches(uri, self.redirect_uri_list)

    def post_logout_redirect_uri_allowed(self, uri: str) -> bool:
        """Whether sign-out may return to ``uri``: exact comparison (TA-64, ID-155)."""
        return redirects.matches(uri, self.post_logout_redirect_uri_list)

    @property
    def origins(self) -> set[str]:
        """The web origins of its login and logout addresses (ID-08)."""
        uris = self.redirect_uri_list + self.post_logout_redirect_uri_list
        return {origin for origin in map(redirects.origin, uris) if origin is not None}

    def get_absolute_url(self) -> str:
        from django.urls import reverse

        return reverse("admin:trusted_apps_trustedapplication_change", args=[self.pk])

    # ── rules of a record ─────────────────────────────────────────────────────────────────────────────

    def normalise(self) -> None:
        """Bring lists into the one form in which they are stored: addresses a line each, scopes once each."""
        self.redirect_uris = redirects.join(redirects.split(self.redirect_uris))
        self.post_logout_redirect_uris = redirects.join(redirects.split(self.post_logout_redirect_uris))
        self.scope = " ".join(dict.fromkeys(self.scope.split()))

    def clean(self) -> None:
        """All rules that one field cannot check alone, all violations at once, keyed by field (TA-30 to TA-47).

        Raises ``ValidationError``. Secrets have rules of their own: ``ClientSecret``.
        """
        self.normalise()
        if found := rules.violations(self):
            raise ValidationError(found)

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """Also that the client id is nobody's login (TK-26). Code that checks many records at once leaves this out and
        asks for all of them together. Raises ``ValidationError``."""
        super().validate_constraints(exclude=exclude)
        if not exclude or "client_id" not in exclude:
            rules.refuse_login(self)

    def warnings(self, now: datetime | None = None) -> list[str]:
        """What is allowed and still deserves attention, as sentences for administrators (TA-34, TA-39, TA-43)."""
        return rules.warnings(self, now or timezone.now())

    def known_secrets(self) -> Iterable["ClientSecret"]:
        return () if self._state.adding else self.secrets.all()


class WebOrigin(models.Model):
    """A web origin that an application's addresses have. Follows from the record and is kept beside it, because a
    browser's every call asks for it and the addresses themselves are a text that no index can search."""

    application = models.ForeignKey(TrustedApplication, on_delete=models.CASCADE, related_name="web_origins")
    origin = models.CharField(max_length=300, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["application", "origin"], name="web_origin_unique")]

    def __str__(self) -> str:
        return self.origin


class ClientSecretQuerySet(models.QuerySet["ClientSecret"]):
    """Questions about many secrets."""

    def usable(self, now: datetime) -> "ClientSecretQuerySet":
        return self.filter(models.Q(expires=None) | models.Q(expires__gt=now), disabled_at=None)


def _validate_digest(value: str) -> None:
    if not is_digest(value):
        raise ValidationError(
            "Expected the Base64 of a SHA-256 hash (44 characters). A plain secret does not belong here.",
            code="secret_hash",
        )


class ClientSecret(models.Model):
    """One secret of an application, as a hash. Several may be valid at once, so that a rotation needs no outage.

    ``secret_hash`` has exactly the form of ``ApplicationSecretHash``: a hash exported from an ERP.net instance can be
    pasted (TA-14, TA-35).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(TrustedApplication, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField("name", max_length=64, default="default")
    secret_hash = models.CharField("hash", max_length=44, validators=[_validate_digest])
    created = models.DateTimeField("created", default=timezone.now, editable=False)
    expires = models.DateTimeField("expires", null=True, blank=True)
    last_used = models.DateTimeField("last used", null=True, blank=True, editable=False)
    disabled_at = models.DateTimeField("retired", null=True, blank=True, editable=False)

    objects = ClientSecretQuerySet.as_manager()

    class Meta:
        ordering = ["created", "id"]
        verbose_name = "client secret"
        constraints = [
            models.UniqueConstraint(
                fields=["application", "name"],
                name="secret_name_unique",
                violation_error_message="The application already has a secret of this name.",
            ),
            models.UniqueConstraint(
                fields=["application", "secret_hash"],
                name="secret_hash_unique",
                violation_error_message="The application already has this secret.",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Raises ``ValidationError`` for a secret of an application that cannot keep one (TA-33)."""
        if self.application_id is not None and self.application.is_public:
            raise ValidationError("A public application cannot keep a secret.", code="public_with_secret")

    def is_usable(self, now: datetime) -> bool:
        return self.disabled_at is None and (self.expires is None or self.expires > now)

    def expires_soon(self, now: datetime) -> bool:
        return self.is_usable(now) and self.expires is not None and self.expires - now < SECRET_EXPIRES_SOON
