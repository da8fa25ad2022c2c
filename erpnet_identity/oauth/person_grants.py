"""The half of the validator that a person stands behind: codes, refresh tokens and what is issued for them (ID-110 to
ID-126)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NoReturn

from django.utils import timezone
from oauth2_provider.models import set_token_value

from erpnet_identity.audit import events
from erpnet_identity.audit import services as audit
from erpnet_identity.audit.context import Actor
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.compiled import CompiledInsert
from erpnet_identity.identity import standing
from erpnet_identity.tokens import claims, grants, id_tokens, renewals, services
from erpnet_identity.tokens.models import AccessToken, Grant, RefreshToken
from trusted_apps import scopes

from .claims_request import wanted
from .scope_words import why_invalid
from .text import printable

_issue = CompiledInsert(AccessToken, AuditEvent)
_issue_renewable = CompiledInsert(AccessToken, RefreshToken, AuditEvent)


class PersonGrants:
    """Mixed into the validator. The grant that was found is ``request.stored_grant`` from then on."""

    _refuse: Callable[..., NoReturn]

    def may_use_person_grant(self, request: Any) -> bool:
        """Whether people may sign in through this application (ID-227). One that has lost its last flag keeps what it
        got until then, so that it learns that just this is no longer valid (ID-115, ID-123)."""
        if request.client.allows_sign_in:
            return True
        credential = request.code if request.grant_type == "authorization_code" else request.refresh_token
        return bool(credential) and grants.is_own(credential, request.client)

    def validate_code(self, client_id: str, code: str | None, client: Any, request: Any, *args: Any, **kw: Any) -> bool:
        """Use up the code of this request; a ``scope`` parameter is ignored (ID-116)."""
        if not code:
            self._refuse(request, "invalid_request", "Missing code", "code_missing")
        request.now = timezone.now()
        try:
            grant = grants.redeem_code(
                code,
                application=client,
                redirect_uri=request.redirect_uri or "",
                code_verifier=request.code_verifier or "",
                now=request.now,
            )
        except grants.GrantRefused as refused:
            self._refuse_grant(request, refused)
        cause = standing.why_void(grant.sid, application=client, user=grant.user, redirect_uri=grant.redirect_uri)
        if cause:
            self._refuse_grant(request, grants.GrantRefused(cause, grants.INVALID_CODE, grant))
        request.stored_grant = grant
        request.scopes = grants.granted_scopes(grant, client)
        return True

    def validate_refresh_token(
        self, refresh_token: str | None, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """Use up the refresh token of this request. ``scope`` may narrow this one access token (ID-124, OP-157)."""
        if not refresh_token:
            self._refuse(request, "invalid_request", "Missing refresh_token", "refresh_token_missing")
        request.now = timezone.now()
        asked = scopes.split(request.scope or "")
        try:
            renewal = renewals.rotate(refresh_token, application=client, asked=asked, now=request.now)
        except grants.GrantRefused as refused:
            self._refuse_grant(request, refused)
        except grants.WiderScope as wider:
            names = " ".join(printable(name, 100) for name in wider.names)[:1000]
            description, cause = why_invalid(wider.names, cause="scope_not_granted")
            self._refuse(request, "invalid_scope", description, cause, scope=names)
        request.renewal = renewal
        request.stored_grant = renewal.grant
        request.scopes = grants.granted_scopes(renewal.grant, client, asked)
        return True

    def may_renew(self, request: Any) -> bool:
        """Whether a refresh token goes with the tokens of this request (TK-50)."""
        grant: Grant = request.stored_grant
        return grant.refresh_expires is not None

    def add_id_token(self, token: dict[str, Any], request: Any) -> None:
        """Put an ID token beside the access token when ``openid`` was granted (TK-45, ID-125)."""
        if scopes.OPENID not in request.scopes:
            return
        grant: Grant = request.stored_grant
        is_first = request.grant_type == "authorization_code"
        about = claims.claims_of_scopes(request.scopes, claims.ID_TOKEN_CLAIMS)
        token["id_token"] = id_tokens.mint(
            request.client,
            grant,
            now=request.now,
            about=list(dict.fromkeys([*about, *wanted(grant.claims, "id_token")])),
            nonce=grant.nonce if is_first else "",
            at_hash=claims.left_half_hash(token["access_token"]),
            s_hash=grant.state_hash if is_first else "",
        )

    def save_person_tokens(self, token: dict[str, Any], request: Any) -> None:
        """Store the digests of what was issued, with its event, in one statement."""
        grant: Grant = request.stored_grant
        payload = request.access_token_claims
        access = AccessToken(
            application=request.client,
            user=grant.user,
            grant=grant,
            sid=grant.sid,
            scope=token["scope"],
            expires=datetime.fromtimestamp(payload["exp"], tz=UTC),
            jti=payload["jti"],
        )
        set_token_value(access, token["access_token"])
        renewal: renewals.Renewal | None = getattr(request, "renewal", None)
        is_repeated = renewal is not None and renewal.is_repeated
        again = events.TOKEN_REFRESHED_AGAIN if is_repeated else events.TOKEN_REFRESHED
        event = audit.prepare(
            events.TOKEN_ISSUED if renewal is None else again,
            actor=Actor("application", str(request.client.pk), request.client.client_id),
            application=request.client,
            user=grant.user,
            sid=grant.sid,
            token_id=access.jti,
            detail={"grant_type": request.grant_type, "scope": access.scope},
        )
        if "refresh_token" not in token or is_repeated:
            _issue.insert(access, event)
            return
        refresh = RefreshToken(application=request.client, user=grant.user, grant=grant, sid=grant.sid)
        set_token_value(refresh, token["refresh_token"])
        _issue_renewable.insert(access, refresh, event)

    def _refuse_grant(self, request: Any, refused: grants.GrantRefused) -> NoReturn:
        grant = refused.grant
        if grant is not None and refused.has_revoked:
            actor = Actor("application", str(request.client.pk), request.client.client_id)
            services.record_revoked(grant, request.client, actor=actor, cause=refused.cause)
        # Of somebody else's grant the caller's trail says nothing.
        own = grant is not None and grant.application_id == request.client.pk
        self._refuse(
            request,
            "invalid_grant",
            refused.description,
            refused.cause,
            user=grant.user if grant is not None and own else None,
            sid=grant.sid if grant is not None and own else "",
        )
