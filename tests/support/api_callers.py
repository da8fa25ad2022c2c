"""Callers of the data APIs without HTTP: stored tokens, read with the statement that the API reads them with."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from erpnet_identity.erp_sessions.authentication import SessionAuthentication, session_state
from erpnet_identity.tokens.access_tokens import digest
from erpnet_identity.tokens.models import AccessToken
from erpnet_identity.tokens.parsing import ParsedToken
from erpnet_identity.tokens.principal import Kind
from erpnet_identity.tokens.token_state import check

NEVER = datetime(2100, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Token:
    """An access token as its bearer knows it: what it says, and how the database finds it."""

    parsed: ParsedToken

    @property
    def id(self):
        return self.parsed.token_id

    def read(self, *, now=None):
        """The principal, and the session that the call goes on with. One statement; raises ``InvalidCredential``.
        Everything but the signature, which cannot change between two calls."""
        state, found = SessionAuthentication.reader.look_up(self.parsed)
        return check(state, now=now or timezone.now()), session_state(found)


def token_of_person(user, application, sid):
    """A token of the sign-in ``sid``."""
    return _stored(Kind.USER, user, application, sid=sid, user=user)


def token_of_service(application):
    """A token of the application's system user."""
    return _stored(Kind.SERVICE, application.system_user, application)


def _stored(kind, account, application, **columns):
    raw = secrets.token_hex(16)
    AccessToken.objects.create(application=application, expires=NEVER, scope="read", jti=raw, token=raw, **columns)
    return Token(ParsedToken(kind, digest(raw), raw, application.client_id, str(account.pk), frozenset({"read"})))
