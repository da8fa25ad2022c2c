"""No login is a client id and no client id a login: both are what tokens name as ``sub`` (RFC 9700 §4.15, TK-26)."""

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Value
from django.db.models.functions import Lower

from erpnet_identity.platform.compiled import CompiledQuery
from erpnet_identity.platform.spelling import fold
from erpnet_identity.users.models import User

from .models import TrustedApplication

LOGIN_IS_CLIENT_ID = "An application uses this as its client id; tokens could not tell the two apart."

# Asked for every new account, of which a manifest may hold ten thousand (MF-10).
_same = CompiledQuery(
    1,
    lambda login: (
        TrustedApplication.objects.order_by()
        .alias(lower_id=Lower("client_id"))
        .filter(lower_id=Value(login))
        .values_list("pk")
    ),
)


def client_ids_among(logins: Iterable[str]) -> set[str]:
    """Those of some logins that are client ids, in lower case. One query."""
    wanted = {fold(login) for login in logins}
    rows = TrustedApplication.objects.order_by().alias(lower_id=Lower("client_id")).filter(lower_id__in=wanted)
    return {client_id.lower() for client_id in rows.values_list("client_id", flat=True)}


def on_login_wanted(sender: Any, user: User, **kwargs: Any) -> None:
    """The signal of ``users``. Raises ``ValidationError`` at ``login``. What was there before the rule stays."""
    if _same.rows(fold(user.login)) and not User.objects.filter(pk=user.pk, login=user.login).exists():
        raise ValidationError({"login": ValidationError(LOGIN_IS_CLIENT_ID, code="login_is_client_id")})
