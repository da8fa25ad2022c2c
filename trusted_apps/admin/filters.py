"""Filters of the list: first of all what deserves attention (TA-74)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from erpnet_identity.users.models import MAY_RUN_SERVICES
from trusted_apps.models import SECRET_EXPIRES_SOON, ClientSecret, ClientType, TrustedApplication
from trusted_apps.scopes import READ, SEC, UPDATE

UNUSED_AFTER = timedelta(days=90)

Rows = QuerySet[TrustedApplication]


def _usable(now: datetime) -> QuerySet[ClientSecret]:
    return ClientSecret.objects.usable(now).filter(application=OuterRef("pk"))


def _plain_http(field: str) -> Q:
    # One address a line: the scheme stands at the beginning of the text or after a line break.
    return Q(**{f"{field}__istartswith": "http://"}) | Q(**{f"{field}__icontains": "\nhttp://"})


def _without_secret(rows: Rows, now: datetime) -> Rows:
    return rows.filter(~Exists(_usable(now)), client_type=ClientType.CONFIDENTIAL)


def _expired_only(rows: Rows, now: datetime) -> Rows:
    any_secret = ClientSecret.objects.filter(application=OuterRef("pk"))
    return _without_secret(rows, now).filter(Exists(any_secret))


def _expiring(rows: Rows, now: datetime) -> Rows:
    return rows.filter(Exists(_usable(now).filter(expires__lt=now + SECRET_EXPIRES_SOON)))


def _unusable_system_user(rows: Rows, now: datetime) -> Rows:
    unusable = Q(system_user=None) | Q(system_user__is_active=False) | ~Q(system_user__user_type__in=MAY_RUN_SERVICES)
    return rows.filter(unusable, allows_service=True)


def _unused(rows: Rows, now: datetime) -> Rows:
    border = now - UNUSED_AFTER
    return rows.filter(Q(last_used__lt=border) | Q(last_used=None, created__lt=border))


RISKS: dict[str, tuple[str, Callable[[Rows, datetime], Rows]]] = {
    "disabled": ("Disabled", lambda rows, _: rows.filter(is_enabled=False)),
    "no_secret": ("Confidential without a valid secret", _without_secret),
    "secrets_expired": ("Only expired or retired secrets", _expired_only),
    "secret_expiring": ("Secret expires within 30 days", _expiring),
    "administrator": (
        "Runs as an administrator",
        lambda rows, _: rows.filter(allows_service=True, system_user__is_admin=True),
    ),
    "system_user": ("System user missing or inactive", _unusable_system_user),
    "identity_scopes": (
        "Identity scopes imply access",
        lambda rows, _: rows.filter(identity_scopes_imply_access=True),
    ),
    "unasked": (
        "No consent and the owner not verified",
        lambda rows, _: rows.filter(is_first_party=True, is_verified=False),
    ),
    "basic": ("Legacy password authentication", lambda rows, _: rows.filter(allows_basic_authentication=True)),
    "never_used": ("Never used", lambda rows, _: rows.filter(last_used=None)),
    "unused": ("Unused for 90 days", _unused),
    "plain_http": (
        "Plain http or loopback address",
        lambda rows, _: rows.filter(_plain_http("redirect_uris") | _plain_http("post_logout_redirect_uris")),
    ),
    "community_only": (
        "Community but not internal users",
        lambda rows, _: rows.filter(allows_community_users=True, allows_internal_users=False),
    ),
    "no_redirect": (
        "Sign-in without a redirect URI",
        lambda rows, _: rows.filter(Q(allows_internal_users=True) | Q(allows_community_users=True), redirect_uris=""),
    ),
}


def contains(word: str) -> Q:
    """The word occurs in the name, the owner, the client id or an address."""
    found = Q(folded_name__contains=word) | Q(folded_owner__contains=word)
    fields = ("client_id", "redirect_uris", "post_logout_redirect_uris")
    return Q(found, *(Q(**{f"{field}__icontains": word}) for field in fields), _connector=Q.OR)


def runs_services(term: str) -> Q:
    """Accounts that a service may run as (TA-38) and whose login or name holds the term."""
    found = Q(folded_login__contains=term) | Q(folded_name__contains=term)
    return found & Q(is_active=True, user_type__in=MAY_RUN_SERVICES)


class RiskFilter(admin.SimpleListFilter):
    """Saved questions about risky states."""

    title = "what needs attention"
    parameter_name = "risk"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, title) for key, (title, _) in RISKS.items()]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        risk = RISKS.get(self.value() or "")
        return risk[1](queryset, timezone.now()) if risk else queryset


class StateFilter(admin.SimpleListFilter):
    """Whether any flow is open."""

    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("enabled", "Enabled"), ("disabled", "Disabled"), ("placeholder", "Cannot authenticate")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        match self.value():
            case "enabled":
                return queryset.filter(is_enabled=True).exclude(client_type=ClientType.NONE)
            case "disabled":
                return queryset.filter(is_enabled=False)
            case "placeholder":
                return queryset.filter(client_type=ClientType.NONE)
        return queryset


class ClientTypeFilter(admin.SimpleListFilter):
    """Confidential, public or a placeholder (TA-13)."""

    title = "client type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in ClientType.choices]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        return queryset.filter(client_type=self.value()) if self.value() in ClientType.values else queryset


class ModeFilter(admin.SimpleListFilter):
    """Who may come in through the application (TA-04)."""

    title = "mode"
    parameter_name = "mode"
    columns = {
        "internal": ("Sign-in of internal users", "allows_internal_users"),
        "community": ("Sign-in of community users", "allows_community_users"),
        "first_party": ("First party", "is_first_party"),
        "service": ("Service", "allows_service"),
    }

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(key, title) for key, (title, _) in self.columns.items()]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        mode = self.columns.get(self.value() or "")
        return queryset.filter(**{mode[1]: True}) if mode else queryset


class OwnerFilter(admin.SimpleListFilter):
    """Whether it is known who is behind an application."""

    title = "owner"
    parameter_name = "owner"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("verified", "Verified"), ("unverified", "Not verified"), ("none", "Not known")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        match self.value():
            case "verified":
                return queryset.filter(is_verified=True)
            case "unverified":
                return queryset.filter(is_verified=False).exclude(owner="")
            case "none":
                return queryset.filter(owner="")
        return queryset


class ScopeFilter(admin.SimpleListFilter):
    """What data an application may touch."""

    title = "data"
    parameter_name = "data"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(READ, "May read"), (UPDATE, "May change"), ("nothing", "No access")]

    def queryset(self, request: HttpRequest, queryset: Rows) -> Rows:
        # No two scope names contain one another, so a plain search of the text finds exactly the scope.
        match self.value():
            case "read" | "update":
                return queryset.filter(scope__contains=str(self.value()))
            case "nothing":
                return queryset.exclude(Q(scope__contains=READ) | Q(scope__contains=UPDATE) | Q(scope__contains=SEC))
        return queryset


FILTERS: list[Any] = [RiskFilter, StateFilter, ClientTypeFilter, ModeFilter, OwnerFilter, ScopeFilter]
