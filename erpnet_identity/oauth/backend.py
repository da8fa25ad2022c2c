"""Between Django's request and oauthlib's."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from oauth2_provider.oauth2_backends import OAuthLibCore

# oauthlib makes an attribute of every field of the form, beside those in which the validator keeps what it has found
# out: a field named `client` or `scopes` must not get that far.
_FIELDS = frozenset(
    {
        *("grant_type", "client_id", "client_secret", "scope"),
        *("code", "redirect_uri", "code_verifier", "refresh_token"),
    }
)


class Backend(OAuthLibCore):
    """Hands oauthlib what our views have already read and checked.

    The toolkit would read the form again, let the last of repeated parameters win and pass the query string on; the
    strict reading is ``oauth.form``'s, and parameters in an address never count (ID-94).
    """

    def _extract_params(self, request: HttpRequest) -> tuple[str, str, Any, dict[str, str]]:
        headers = {"Authorization": request.META.get("HTTP_AUTHORIZATION", "")}
        form: dict[str, str] = request.oauth_form  # type: ignore[attr-defined]
        fields = [(name, value) for name, value in form.items() if name in _FIELDS]
        return f"{settings.ISSUER}{request.path_info}", "POST", fields, headers
