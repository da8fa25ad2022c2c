"""How an application looks in a list and at the top of its page."""

from datetime import datetime

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from erpnet_identity.audit.model_admin import moment
from trusted_apps import scopes
from trusted_apps.models import ClientSecret, TrustedApplication


def badge(kind: str, text: str) -> SafeString:
    """A word on a coloured ground; the word alone says it too."""
    return format_html('<span class="erp-badge erp-badge-{}">{}</span>', kind, text)


def state(application: TrustedApplication) -> SafeString:
    """Enabled, disabled, or unable to authenticate."""
    if not application.is_enabled:
        return badge("bad", "Disabled")
    if not application.can_authenticate:
        return badge("quiet", "Cannot authenticate")
    return badge("good", "Enabled")


def owner_of(application: TrustedApplication) -> SafeString:
    """Who is behind it, and whether that was checked."""
    if not application.owner:
        return SafeString("")
    return format_html(
        '<span class="erp-owner erp-quiet">{}{}</span>',
        application.owner,
        " · verified" if application.is_verified else " · not verified",
    )


def secret_state(secret: ClientSecret, now: datetime) -> tuple[str, str]:
    """The kind of badge and the word for a secret."""
    if secret.disabled_at is not None:
        return "quiet", "Retired"
    if not secret.is_usable(now):
        return "bad", "Expired"
    return ("warn", "Expires soon") if secret.expires_soon(now) else ("good", "Valid")


def secrets_of(application: TrustedApplication, now: datetime) -> SafeString:
    """Missing, expired and soon expiring secrets stand out; otherwise how many are valid."""
    if not application.is_confidential:
        return format_html('<span class="erp-quiet">{}</span>', "none needed" if application.is_public else "—")
    rows = list(application.secrets.all())
    usable = [secret for secret in rows if secret.is_usable(now)]
    if not rows:
        return badge("bad", "Missing")
    if not usable:
        return badge("bad", "Expired")
    soon = [secret.expires for secret in usable if secret.expires is not None and secret.expires_soon(now)]
    if soon and len(soon) == len(usable):
        return badge("warn", f"Expires {max(soon):%Y-%m-%d}")
    return badge("good", f"{len(usable)} valid")


FIRST_PARTY = "First party: no consent"


class ApplicationColumns:
    """The columns of the list of applications."""

    @admin.display(description="application", ordering="name")
    def application(self, application: TrustedApplication) -> SafeString:
        return format_html(
            '<span class="erp-app-name">{}</span><code class="erp-id">{}</code>{}',
            application.name,
            application.client_id,
            owner_of(application),
        )

    @admin.display(description="state", ordering="is_enabled")
    def state(self, application: TrustedApplication) -> SafeString:
        return format_html(
            '{} <span class="erp-line erp-quiet">{}</span>', state(application), application.get_client_type_display()
        )

    @admin.display(description="modes")
    def modes(self, application: TrustedApplication) -> SafeString:
        found = []
        people = [
            word
            for word, allowed in (
                ("internal", application.allows_internal_users),
                ("community", application.allows_community_users),
            )
            if allowed
        ]
        if people:
            found.append("Sign-in: " + ", ".join(people))
            if application.is_first_party:
                found.append("First party: consent on devices" if application.may_be_anybody else FIRST_PARTY)
        if application.allows_service:
            user = application.system_user
            found.append(f"Service: {user.login}" if user is not None else "Service: nobody")
        return format_html_join("", '<span class="erp-line">{}</span>', ((text,) for text in found or ["—"]))

    @admin.display(description="scopes")
    def scopes_shown(self, application: TrustedApplication) -> SafeString:
        names = application.scope_list
        if not names:
            return format_html('<span class="erp-quiet">{}</span>', "none")
        return format_html_join(
            " ",
            '<code class="erp-scope{}">{}</code>',
            ((" erp-scope-strong" if name in (scopes.UPDATE, scopes.SEC) else "", name) for name in names),
        )

    @admin.display(description="secrets")
    def secrets_shown(self, application: TrustedApplication) -> SafeString:
        return secrets_of(application, timezone.now())

    @admin.display(description="last used (UTC)", ordering="last_used")
    def last_used_shown(self, application: TrustedApplication) -> SafeString:
        if application.last_used is None:
            return format_html('<span class="erp-quiet">{}</span>', "never")
        return format_html(
            '<time datetime="{}">{}</time>',
            application.last_used.isoformat(),
            moment(application.last_used),
        )
