"""Reading an access token in named steps: parse it, look up its state, check that, and there is the caller."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import TextField, Value

from erpnet_identity.audit.causes import Cause
from erpnet_identity.platform.compiled import CompiledQuery

from .exceptions import InvalidCredential
from .models import AccessToken
from .parsing import ParsedToken, parse
from .principal import Kind, Principal
from .token_state import PersonRow, ServiceRow, TokenState, check


class Authenticated(NamedTuple):
    """The caller, and what was looked up with the token."""

    principal: Principal
    beside: Any


class TokenReader:
    """Finds out whom an access token stands for.

    ``of_person`` and ``of_service`` are expressions over the row of a person's and of a service's token: what the
    resource server must know next comes in the same statement, as ``Authenticated.beside``.
    """

    def __init__(self, *, of_person: Any = None, of_service: Any = None) -> None:
        self._person_rows = _query(PersonRow._fields, of_person)
        self._service_rows = _query(ServiceRow._fields, of_service)

    def read(self, token: str, *, audience: str, now: datetime) -> Authenticated:
        """The caller that this access token stands for, as the database knows it now (TK-105, TK-106).

        One statement. Raises ``InvalidCredential`` with the cause.
        """
        state, beside = self.look_up(parse(token, audience=audience, now=now))
        return Authenticated(check(state, now=now), beside)

    def look_up(self, token: ParsedToken) -> tuple[TokenState, Any]:
        """What is stored of a token, and what was looked up beside it. One statement; raises ``InvalidCredential`` for
        a token that was never issued, or whose row has gone."""
        rows = (self._service_rows if token.kind is Kind.SERVICE else self._person_rows).rows(token.checksum)
        if not rows:
            raise InvalidCredential(Cause.TOKEN_UNKNOWN, client_id=token.client_id, token_id=token.token_id)
        if token.kind is Kind.SERVICE:
            of_service = ServiceRow._make(rows[0])
            return TokenState.of_service(token, of_service), of_service.beside
        of_person = PersonRow._make(rows[0])
        return TokenState.of_person(token, of_person), of_person.beside


def _query(names: tuple[str, ...], beside: Any) -> CompiledQuery:
    """The statement whose rows have these names; the last of them is what stands beside."""
    columns = (*names[:-1], Value(None, output_field=TextField()) if beside is None else beside)
    return CompiledQuery(1, lambda checksum: AccessToken.objects.filter(token_checksum=checksum).values_list(*columns))


read = TokenReader().read
