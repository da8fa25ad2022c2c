"""Issuing an authorization code, and with the hybrid type an ID token beside it (ID-55 to ID-61, OP-77, OP-79)."""

from datetime import datetime, timedelta

from django.conf import settings

from erpnet_identity.audit import events
from erpnet_identity.audit import services as audit
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.identity import authentication_context
from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.platform.compiled import CompiledInsert
from erpnet_identity.tokens import grants, id_tokens
from erpnet_identity.tokens.access_tokens import digest
from erpnet_identity.tokens.claims import left_half_hash
from erpnet_identity.tokens.models import Grant
from erpnet_identity.users.services import actor_for

from .authorization_request import HYBRID, AuthorizationRequest

_issue = CompiledInsert(Grant, AuditEvent)


def issue(
    request: AuthorizationRequest, session: IdentitySession, scopes: list[str], *, now: datetime
) -> dict[str, str]:
    """Store a grant for the person of ``session`` with its event; the parameters of the answer. One statement.

    No API session is opened and no license slot is taken (ID-61).
    """
    code = grants.new_credential()
    expires = now + timedelta(seconds=settings.AUTHORIZATION_CODE_SECONDS)
    state = request.reply_to.state
    grant = Grant(
        application=request.application,
        user=session.user,
        code=digest(code),
        expires=expires,
        keep_until=expires,
        redirect_uri=request.reply_to.redirect_uri,
        scope=" ".join(scopes),
        nonce=request.nonce,
        claims=request.claims.stored(),
        code_challenge=request.code_challenge,
        code_challenge_method="S256" if request.code_challenge else "",
        sid=session.sid,
        auth_time=session.auth_time,
        amr=session.amr,
        idp=session.idp,
        acr=authentication_context.answer((*request.claims.acr_values, *request.acr_values), session.amr),
        state_hash=left_half_hash(state) if state is not None else "",
        client_type=request.application.client_type,
    )
    event = audit.prepare(
        events.CODE_ISSUED,
        actor=actor_for(session.user),
        application=request.application,
        user=session.user,
        sid=session.sid,
        detail={"scope": grant.scope, "response_type": request.response_type},
    )
    _issue.insert(grant, event)
    if request.response_type != HYBRID:
        return {"code": code}
    id_token = id_tokens.mint(
        request.application,
        grant,
        now=now,
        # This one travels through the browser and says nothing of the person, not even what was asked for by name:
        # the one of the token endpoint says it (TK-48, OP-116, OIDC Core §3.3.3.6).
        about=[],
        nonce=grant.nonce,
        c_hash=left_half_hash(code),
        s_hash=grant.state_hash,
    )
    return {"code": code, "id_token": id_token}
