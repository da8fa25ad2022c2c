"""Callers of the data APIs without HTTP: stored tokens, read with the statement that the API reads them with."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from erpnet_identity.erp_sessions.authentication import SessionAuthentication
from erpnet_identity.tokens import access_tokens
from erpnet_identity.tokens.claims import is_of_service
from erpnet_identity.tokens.models import AccessToken

NEVER = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Token:
    """An access token as its bearer knows it: what it says, and how the database finds it."""

    payload: dict
    checksum: str

    @property
    def id(self):
        return self.payload["jti"]

    def read(self, *, now=None):
        """The principal, with the session that the call goes on with beside it. One statement; raises
        ``InvalidCredential``. Everything but the signature, which cannot change between two calls."""
        reader = SessionAuthentication.read_access_token.__self__
        query = reader._service_state if is_of_service(self.payload) else reader._user_state
        return access_tokens._principal(self.payload, query.rows(self.checksum), now or timezone.now())


def token_of_person(user, application, sid):
    """A token of the sign-in ``sid``."""
    payload = {"sub": user.login, "id": str(user.pk)}
    return _stored(payload, application, sid=sid, user=user)


def token_of_service(application):
    """A token of the application's system user."""
    return _stored({"client_system_user_id": str(application.system_user_id)}, application)


def _stored(payload, application, **columns):
    raw = secrets.token_hex(16)
    AccessToken.objects.create(application=application, expires=NEVER, scope="read", jti=raw, token=raw, **columns)
    payload |= {"jti": raw, "client_id": application.client_id, "scope": ["read"]}
    return Token(payload, access_tokens.digest(raw))
