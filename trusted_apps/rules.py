"""What a record of the registry may hold, and what deserves attention. Asked by the row itself (TA-30 to TA-47)."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError

from erpnet_identity.platform.spelling import text_problem
from erpnet_identity.users.subjects import is_login

from . import redirects, scopes

if TYPE_CHECKING:
    from .models import TrustedApplication

# Records with this prefix are the product's own sites (TA-32, TA-78).
INTERNAL_PREFIX = "internal.erp.net/"
CLIENT_ID_IS_LOGIN = "An account has or had this as its login; tokens could not tell the two apart."


def violations(application: "TrustedApplication") -> dict[str, list[ValidationError]]:
    """Every rule that the record breaks, keyed by field; empty when it may be saved.

    Rules of a single field (length, choices, characters of the client id) are the fields' own.
    """
    errors: dict[str, list[ValidationError]] = defaultdict(list)

    def refuse(field: str, code: str, message: str) -> None:
        errors[field].append(ValidationError(message, code=code))

    _check_client_id(application, refuse)
    for field, answers in (
        ("redirect_uris", redirects.ANSWERS),
        ("post_logout_redirect_uris", redirects.SIGN_OUT_ANSWERS),
    ):
        for uri in redirects.split(getattr(application, field)):
            reason = redirects.problem(
                uri,
                allow_custom_scheme=application.is_public,
                allow_insecure=settings.ALLOW_INSECURE_REDIRECTS,
                answers=answers,
            )
            if reason:
                refuse(field, "redirect_uri", reason)
    for name in application.scope_list:
        if name == scopes.SEC and not application.is_internal:
            refuse("scope", "scope_sec", "The scope sec is reserved for the product's own sites.")
        elif name not in scopes.STORABLE and name != scopes.SEC:
            known = ", ".join(sorted(scopes.STORABLE, key=str.lower))
            refuse("scope", "scope_unknown", f"{name!r} is not a scope. Known scopes: {known}.")
    _check_service(application, refuse)
    if application.is_verified and not application.owner.strip():
        refuse("is_verified", "verified_without_owner", "There is no owner who could have been verified.")
    if application.is_public and any(secret.disabled_at is None for secret in application.known_secrets()):
        refuse(
            "client_type",
            "public_with_secret",
            "A public application cannot keep a secret. Retire its secrets first.",
        )
    for field in ("name", "owner"):
        # People decide by these: nothing in them may be hidden or turn the direction of what stands beside it.
        if reason := text_problem(getattr(application, field), f"The {field}"):
            refuse(field, "invisible_characters", reason)
    for field in ("notes", "system_user_login_url"):
        if "\x00" in getattr(application, field):
            refuse(field, "null_characters", "Null characters are not allowed.")
    return dict(errors)


def refuse_login(application: "TrustedApplication") -> None:
    """Raises ``ValidationError`` at ``client_id`` when it is a login (TK-26). What was there before the rule stays."""
    if not is_login(application.client_id):
        return
    if not type(application).objects.filter(pk=application.pk, client_id=application.client_id).exists():
        raise ValidationError({"client_id": ValidationError(CLIENT_ID_IS_LOGIN, code="client_id_is_login")})


def _check_client_id(application: "TrustedApplication", refuse: Callable[[str, str, str], None]) -> None:
    if not application.client_id.lower().startswith(INTERNAL_PREFIX):
        return
    stored = type(application).objects.filter(pk=application.pk).values_list("client_id", flat=True).first()
    # Only the product makes such a record, and one that exists keeps its name.
    if stored != application.client_id:
        refuse("client_id", "reserved", f"The prefix {INTERNAL_PREFIX} is reserved for the product's own sites.")


def _check_service(application: "TrustedApplication", refuse: Callable[[str, str, str], None]) -> None:
    if application.allows_service:
        if application.system_user is None:
            refuse("system_user", "system_user_missing", "An app that may act as a service needs a system user.")
        if not application.is_confidential:
            refuse(
                "allows_service", "service_needs_confidential", "Only a confidential application may act as a service."
            )
    if application.system_user is not None and not application.system_user.may_run_services:
        refuse(
            "system_user",
            "system_user_type",
            "The system user must be an active account of type InternalUser or SystemUserNoLogin.",
        )


def _unasked(application: "TrustedApplication") -> list[str]:
    """What deserves attention when people are not asked for consent."""
    if not application.is_first_party or not application.allows_sign_in:
        return []
    found = []
    asked = [application.may_be_anybody_at(uri) for uri in application.redirect_uri_list]
    if not application.is_verified and not (asked and all(asked)):
        found.append("People are not asked for consent, although nobody has verified who the owner is.")
    if any(asked):
        found.append(
            "People are asked for consent at loopback addresses and own schemes in any case: another program on their "
            "device could pretend to be this one."
        )
    return found


def warnings(application: "TrustedApplication", now: datetime) -> list[str]:
    """What is allowed and still deserves attention, as sentences for administrators (TA-34, TA-39, TA-43, TK-103)."""
    secrets = list(application.known_secrets())
    found = []
    if application.is_confidential and not any(secret.is_usable(now) for secret in secrets):
        found.append("There is no valid secret: every token request fails until one is added.")
    if application.allows_service and application.system_user is not None and application.system_user.is_admin:
        found.append(
            f"The system user {application.system_user.login} is an administrator; an account with only the rights "
            "the service needs is safer."
        )
    if application.is_confidential and ":" in application.client_id:
        found.append(
            "The client id contains a colon, which ends the id in HTTP Basic: libraries must send it as %3A. Sent as "
            "it is, it is accepted too, but not by every server."
        )
    if application.allows_community_users and not application.allows_internal_users:
        found.append("Community users may sign in while internal users may not.")
    if application.allows_sign_in and not application.redirect_uris:
        found.append("People may sign in, but there is no redirect URI to return to.")
    found += _unasked(application)
    if application.is_confidential and not application.allows_sign_in and not application.allows_service:
        found.append("Neither sign-in nor service access is allowed: the app cannot get a token.")
    if application.allows_service and not scopes.registered(application.scope):
        found.append("No resource scope is registered: a service token cannot be issued.")
    if application.allows_service and is_login(application.client_id):
        found.append(
            "The client id is also a login: who reads only the sub of a token takes the service for that person."
        )
    if application.identity_scopes_imply_access:
        found.append("Identity scopes imply data access: less strict than least privilege.")
    if application.allows_basic_authentication:
        found.append("Legacy password authentication is allowed.")
    for secret in secrets:
        if secret.expires is not None and secret.expires_soon(now):
            found.append(f"The secret “{secret.name}” expires on {secret.expires:%Y-%m-%d}.")
    return found
