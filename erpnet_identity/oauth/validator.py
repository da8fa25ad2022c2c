"""Our rules in the toolkit's hooks: who the client is, what it may ask for, what is stored (ID-90 to ID-135)."""

from datetime import UTC, datetime
from typing import Any, NoReturn

from django.utils import timezone
from oauth2_provider.models import set_token_value
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749 import errors
from oauthlib.oauth2.rfc6749.errors import OAuth2Error

from erpnet_identity.audit import context, events
from erpnet_identity.audit import services as audit
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.audit.strangers import record_of_stranger
from erpnet_identity.compiled import CompiledInsert
from erpnet_identity.tokens.models import AccessToken
from trusted_apps.models import TrustedApplication
from trusted_apps.scopes import InvalidScope, grant_to_service

from . import clients, credentials, throttle
from .credentials import ClientCredentials
from .person_grants import PersonGrants
from .scope_words import why_invalid
from .text import printable

_issue = CompiledInsert(AccessToken, AuditEvent)


class TooManyFailures(OAuth2Error):
    """Too many failed client authentications (ID-95)."""

    error = "temporarily_unavailable"  # type: ignore[assignment]
    status_code = 429
    description = "Too many failed attempts. Try again later."


def record_refusal(
    cause: str,
    *,
    client_id: str = "",
    application: TrustedApplication | None = None,
    grant_type: str = "",
    error: str = "",
    user: Any = None,
    sid: str = "",
    is_known: bool = False,
    **detail: Any,
) -> None:
    """Leave the trace of a refused token request, with the cause that the caller is not told (AU-01, DR-01). One who
    has proved nothing, by a secret or by what belongs to a person, is a stranger (AU-11)."""
    write = audit.record if is_known else record_of_stranger
    write(
        events.TOKEN_REFUSED,
        outcome="refused",
        actor=Actor("application", str(application.pk) if application else "", client_id),
        application=application,
        client_id=client_id,
        user=user,
        sid=sid,
        detail={"cause": cause, "error": error, "grant_type": printable(grant_type, 100), **detail},
    )


class Validator(PersonGrants, OAuth2Validator):
    """The toolkit's validator with this product's rules."""

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Authenticate a confidential client; sets ``request.client``.

        Not extended but replaced: the parent tries one method after the other, so that one right credential of two
        would do (OP-135), and accepts an empty secret (OP-137).
        """
        is_service = request.grant_type == "client_credentials"
        form = dict(request.decoded_body)
        try:
            presented = credentials.read(request.headers.get("Authorization", ""), form)
        except credentials.BadBasicHeader:
            self._fail(request, "basic_header_malformed", form.get("client_id", ""))
        except credentials.SeveralMethods:
            self._refuse(
                request,
                errors.InvalidRequestError("Only one way of client authentication may be used"),
                "secret_sent_twice",
                client_id=form.get("client_id", ""),
            )
        if is_service:
            self._require_both(request, presented)
        try:
            request.client = clients.authenticate(presented, now=timezone.now(), allow_public=not is_service)
        except clients.Refused as refused:
            self._fail(request, refused.cause, presented.client_id, refused.application)
        request.client_id = request.client.client_id
        return True

    def _require_both(self, request: Any, presented: ClientCredentials) -> None:
        """A service names itself and proves it; what is missing is said (ID-242, ID-243). The grants of people answer
        ``invalid_client`` instead (ID-108)."""
        if not presented.client_id and not presented.secret:
            error: OAuth2Error = errors.InvalidGrantError("Client credentials are invalid or missing")
            self._refuse(request, error, "credentials_missing")
        if not presented.client_id:
            self._refuse(request, errors.InvalidRequestError("Missing client_id"), "client_id_missing")
        if not presented.secret:
            error = errors.InvalidRequestError("Missing client_secret")
            self._refuse(request, error, "secret_missing", client_id=presented.client_id)

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Whether this application may use the grant now (ID-241)."""
        application: TrustedApplication = request.client
        if grant_type != "client_credentials":
            allowed = self.may_use_person_grant(request)
        else:
            allowed = super().validate_grant_type(client_id, grant_type, client, request, *args, **kwargs)
        if allowed:
            return True
        if grant_type != "client_credentials" or not application.allows_service:
            cause = "grant_not_allowed"
        elif application.system_user is None:
            cause = "system_user_missing"
        else:
            cause = "system_user_inactive" if not application.system_user.is_active else "system_user_type"
        self._refuse(
            request,
            errors.UnauthorizedClientError("The client is not authorized to use this grant type"),
            cause,
            application=application,
        )

    def validate_scopes(
        self, client_id: str, scopes: list[str], client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Turn the requested scopes into the granted ones (TK-86 to TK-104).

        The parent compares sets; here the request decides which of several answers is right, so it is replaced.
        """
        application: TrustedApplication = request.client
        try:
            request.scopes = grant_to_service(request.scope or "", application.scope)
        except InvalidScope as error:
            names = " ".join(printable(name, 100) for name in error.names)
            description, cause = why_invalid(error.names, cause="scope_not_allowed")
            self._refuse(
                request,
                errors.InvalidScopeError(description),
                cause,
                application=application,
                scope=names[:1000],
            )
        return True

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        """Nothing here: ``validate_scopes`` decides what a request without scopes gets."""
        return []

    def save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        """Store the token's row and its event, both or neither (AU-03).

        Replaced: the parent resolves RFC 8707 resources, which this product refuses to guess at, knows no ``jti``, and
        opens a transaction that one statement does not need.
        """
        if getattr(request, "stored_grant", None) is not None:
            self.save_person_tokens(token, request)
            return
        claims = request.access_token_claims
        application: TrustedApplication = request.client
        row = AccessToken(
            application=application,
            scope=token["scope"],
            expires=datetime.fromtimestamp(claims["exp"], tz=UTC),
            jti=claims["jti"],
        )
        set_token_value(row, token["access_token"])
        event = audit.prepare(
            events.TOKEN_ISSUED,
            actor=Actor("application", str(application.pk), application.client_id),
            application=application,
            user=application.system_user,
            token_id=row.jti,
            detail={"grant_type": request.grant_type, "scope": row.scope},
        )
        _issue.insert(row, event)

    # ── refusing ──────────────────────────────────────────────────────────────────────────────────────

    def _fail(
        self, request: Any, cause: str, client_id: str, application: TrustedApplication | None = None
    ) -> NoReturn:
        """A failed authentication: counted, recorded, and answered the same whatever the cause (ID-107)."""
        blocked = throttle.count_failure(context.current().caller, client_id)
        if blocked:
            # Not recorded one by one: whoever is being slowed down must not be able to fill the trail.
            raise TooManyFailures
        error = errors.InvalidClientError("Invalid client_id or client_secret")
        self._refuse(request, error, cause, client_id=client_id, application=application)

    def _refuse(
        self,
        request: Any,
        error: OAuth2Error,
        cause: str,
        *,
        client_id: str = "",
        application: TrustedApplication | None = None,
        **detail: Any,
    ) -> NoReturn:
        proved = getattr(request, "client", None)
        record_refusal(
            cause,
            is_known=detail.get("user") is not None or (proved is not None and proved.is_confidential),
            client_id=client_id or (application.client_id if application else ""),
            application=application,
            grant_type=request.grant_type or "",
            error=str(error.error),
            **detail,
        )
        raise error
