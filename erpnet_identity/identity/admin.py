"""Who is signed in where, and what people allow, in Django admin: to be read and ended, never changed."""

from typing import Any

from allauth.account import admin as account_admin
from allauth.account.models import EmailAddress
from django.contrib import admin, messages
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from erpnet_identity.audit.model_admin import minute_column
from erpnet_identity.tokens.admin import OfPersonAdmin, application_link, badge
from erpnet_identity.users.services import actor_for

from . import consent, signout
from .models import Consent, IdentitySession

# Nothing of allauth's: it keeps no rows here (docs/decisions/accounts.md).
assert account_admin is not None  # imported so that the class is registered before it is taken out
admin.site.unregister(EmailAddress)
# Rights follow from the account alone; there are no groups.
assert auth_admin is not None
admin.site.unregister(Group)


class SessionStateFilter(admin.SimpleListFilter):
    """Whether a browser is still signed in."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("live", "signed in"), ("over", "signed out or expired")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        live = Q(ended_at=None, expires__gt=timezone.now())
        match self.value():
            case "live":
                return queryset.filter(live)
            case "over":
                return queryset.exclude(live)
        return queryset


@admin.register(IdentitySession)
class IdentitySessionAdmin(OfPersonAdmin):
    """Browsers that people are signed in at (ID-70). Those that are long over are cleaned up."""

    row_title = "A sign-in of a browser"
    list_display = ["person", "state", "signed_in", "ends", "address", "browser"]
    list_display_links = ["person"]
    list_filter = [SessionStateFilter, "is_remembered"]
    search_fields = ["user__folded_login__exact", "sid__exact", "address__exact"]
    search_help_text = "A whole login, identity session (sid) or address."
    fields = [
        "account", "state", "signed_in", "began", "ends", "ended", "is_remembered", "idp", "methods", "address",
        "user_agent", "sid",
    ]  # fmt: skip
    sortable_by = ()
    ordering = ["-auth_time"]
    actions = ["sign_out_selected"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user")

    @admin.action(description="Sign out the selected sessions")
    def sign_out_selected(self, request: HttpRequest, queryset: QuerySet[IdentitySession]) -> None:
        actor, now = actor_for(request.user), timezone.now()
        number = sum(signout.end_session(session, now=now, actor=actor) for session in queryset)
        text = f"Signed out: {number}. Access tokens stay valid until they expire."
        self.message_user(request, text, messages.SUCCESS if number else messages.INFO)

    @admin.display(description="state")
    def state(self, session: IdentitySession) -> SafeString:
        if session.ended_at is not None:
            return badge("quiet", "signed out")
        return badge("good", "signed in") if session.is_live(timezone.now()) else badge("quiet", "expired")

    signed_in = minute_column("auth_time", "signed in (UTC)")
    began = minute_column("created", "began (UTC)")
    ends = minute_column("expires", "ends (UTC)")
    ended = minute_column("ended_at", "signed out (UTC)")

    @admin.display(description="authentication methods")
    def methods(self, session: IdentitySession) -> str:
        return ", ".join(session.amr)

    @admin.display(description="browser")
    def browser(self, session: IdentitySession) -> SafeString:
        shown = session.user_agent if len(session.user_agent) <= 40 else f"{session.user_agent[:40]}…"
        return format_html('<span title="{}">{}</span>', session.user_agent, shown or "—")


class ConsentStateFilter(admin.SimpleListFilter):
    """Whether a consent still holds."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("valid", "valid"), ("withdrawn", "withdrawn")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "valid":
                return queryset.filter(revoked_at=None)
            case "withdrawn":
                return queryset.exclude(revoked_at=None)
        return queryset


@admin.register(Consent)
class ConsentAdmin(OfPersonAdmin):
    """What people allow applications (TA-29, ID-83)."""

    row_title = "What a person allows an application"
    list_display = ["person", "application_shown", "state", "scope", "granted", "withdrawn"]
    list_display_links = ["person"]
    list_filter = [ConsentStateFilter]
    search_fields = ["user__folded_login__exact", "application__client_id__exact"]
    search_help_text = "A whole login or client id."
    fields = ["account", "application_shown", "state", "scope", "version", "granted", "withdrawn"]
    sortable_by = ()
    ordering = ["-granted_at"]
    actions = ["withdraw_selected"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("user", "application")

    @admin.action(description="Withdraw the selected consents")
    def withdraw_selected(self, request: HttpRequest, queryset: QuerySet[Consent]) -> None:
        actor, now = actor_for(request.user), timezone.now()
        number = sum(consent.withdraw(row, actor=actor, now=now) for row in queryset)
        text = f"Withdrawn: {number}. These people are asked again at their next sign-in."
        self.message_user(request, text, messages.SUCCESS if number else messages.INFO)

    @admin.display(description="application")
    def application_shown(self, row: Consent) -> SafeString:
        return application_link(row.application)

    @admin.display(description="state")
    def state(self, row: Consent) -> SafeString:
        return badge("good", "valid") if row.revoked_at is None else badge("quiet", "withdrawn")

    granted = minute_column("granted_at", "granted (UTC)")
    withdrawn = minute_column("revoked_at", "withdrawn (UTC)")
