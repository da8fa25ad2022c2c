"""Our rules in the toolkit's hooks: who the client is, what it may ask for, what is stored (ID-90 to ID-135)."""

from datetime import UTC, datetime
from typing import Any, NoReturn

from oauth2_provider.models import set_token_value
from oauth2_provider.oauth2_validators import OAuth2Validator

from erpnet_identity.audit import events
from erpnet_identity.audit import services as audit
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.compiled import CompiledInsert
from erpnet_identity.tokens.models import AccessToken
from trusted_apps.models import TrustedApplication
from trusted_apps.scopes import InvalidScope, grant_to_service

from . import client_authentication
from .form import FormPost
from .person_grants import PersonGrants
from .refusal import OAuthRefusal
from .scope_words import why_invalid
from .text import printable
from .trail import record_refused_token_request

_issue = CompiledInsert(AccessToken, AuditEvent)


class Validator(PersonGrants, OAuth2Validator):
    """The toolkit's validator with this product's rules."""

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Authenticate the client; sets ``request.client``.

        Not extended but replaced: the parent tries one method after the other, so that one right credential of two
        would do (OP-135), and accepts an empty secret (OP-137).
        """
        post = FormPost(request.headers.get("Authorization", ""), dict(request.decoded_body))
        is_service = request.grant_type == "client_credentials"
        try:
            request.client = client_authentication.authenticate(post, must_be_confidential=is_service)
        except OAuthRefusal as refusal:
            record_refused_token_request(refusal, grant_type=request.grant_type)
            raise
        request.client_id = request.client.client_id
        return True

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
        description = "The client is not authorized to use this grant type"
        self._refuse(request, "unauthorized_client", description, cause)

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
            self._refuse(request, "invalid_scope", description, cause, scope=names[:1000])
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

    def _refuse(self, request: Any, error: str, description: str, cause: str, **about: Any) -> NoReturn:
        refusal = OAuthRefusal(error, description, cause, **about)
        record_refused_token_request(refusal, grant_type=request.grant_type, application=request.client)
        raise refusal
