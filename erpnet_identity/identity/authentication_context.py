"""What a way of signing in is worth: authentication context classes (OIDC Core §2 ``acr``, OP-59, OP-62). Pure."""

from collections.abc import Iterable

PASSWORD = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
SUPPORTED = (PASSWORD,)


def reached(amr: Iterable[str]) -> tuple[str, ...]:
    """The contexts that these authentication methods reach."""
    return (PASSWORD,) if "pwd" in amr else ()


def answer(wanted: Iterable[str], amr: Iterable[str]) -> str:
    """The first wanted context that was reached: the ``acr`` of the ID token, empty for none."""
    contexts = reached(amr)
    return next((value for value in wanted if value in contexts), "")
