"""What a person has agreed to: asked once, remembered, withdrawn (ID-80 to ID-85, OP-105)."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db import transaction

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.services import record
from erpnet_identity.tokens import grants
from erpnet_identity.users.models import User
from erpnet_identity.users.services import actor_for
from trusted_apps.models import TrustedApplication
from trusted_apps.scopes import LEGACY

from .models import Consent


def is_asked_always(application: TrustedApplication, redirect_uri: str) -> bool:
    """Whether a yes of before counts for nothing at this address, because any program on the device could come for the
    answer (RFC 8252 §8.6). No mark of the application and no setting changes that."""
    return application.may_be_anybody_at(redirect_uri)


def is_asked_for(application: TrustedApplication, redirect_uri: str) -> bool:
    """Whether people are asked before this application acts for them at this address (ID-85)."""
    if is_asked_always(application, redirect_uri):
        return True
    return settings.REQUIRE_CONSENT and not application.skips_consent


def remembered(application: TrustedApplication, user: User) -> Consent | None:
    """The stored consent, withdrawn ones included. One query."""
    return Consent.objects.filter(user=user, application=application).first()


def missing(scopes: Iterable[str], consent: Consent | None) -> list[str]:
    """The scopes that the person has not agreed to yet, in order. ``DomainApi`` grants nothing, so nobody is asked."""
    allowed = consent.scopes if consent is not None else frozenset()
    return [scope for scope in scopes if scope not in allowed and scope != LEGACY]


@transaction.atomic
def grant(application: TrustedApplication, user: User, scopes: Iterable[str], *, sid: str, now: datetime) -> Consent:
    """Remember a yes. What was allowed before stays allowed, unless it was withdrawn meanwhile."""
    consent, is_new = Consent.objects.select_for_update().get_or_create(
        user=user, application=application, defaults={"scope": " ".join(scopes), "granted_at": now}
    )
    before = frozenset() if is_new else consent.scopes
    if not is_new:
        consent.scope = " ".join(dict.fromkeys([*sorted(consent.scopes), *scopes]))
        consent.version += 1
        consent.granted_at, consent.revoked_at = now, None
        consent.save()
    record(
        events.CONSENT_GRANTED,
        actor=actor_for(user),
        application=application,
        user=user,
        sid=sid,
        detail={
            "scope": " ".join(scopes),
            "new": sorted(frozenset(consent.scope.split()) - before),
            "version": consent.version,
        },
    )
    return consent


@transaction.atomic
def withdraw(consent: Consent, *, actor: Actor, now: datetime) -> bool:
    """Take a consent back and end what the application could renew with it (ID-83, TK-57). Returns whether it was
    valid until now."""
    stored = Consent.objects.select_for_update(of=("self",)).select_related("application", "user").get(pk=consent.pk)
    if stored.revoked_at is not None:
        return False
    stored.revoked_at = consent.revoked_at = now
    stored.save(update_fields=["revoked_at"])
    ended = grants.end_renewal(now=now, user_id=stored.user_id, application_id=stored.application_id)
    record(
        events.CONSENT_WITHDRAWN,
        actor=actor,
        application=stored.application,
        user=stored.user,
        detail={"scope": stored.scope, "version": stored.version, "ended": ended},
    )
    return True
