"""Between what the token view has read and oauthlib's request."""

from typing import Any

from django.conf import settings
from oauth2_provider.oauth2_backends import OAuthLibCore

from .form import FormPost

# oauthlib makes an attribute of every field of the form, beside `client`, which is the application that was
# authenticated: a field of that name must not get that far.
_FIELDS = frozenset(
    {
        *("grant_type", "client_id", "client_secret", "scope"),
        *("code", "redirect_uri", "code_verifier", "refresh_token"),
    }
)


class Backend(OAuthLibCore):
    """Hands oauthlib the form that the view has read, in the place of Django's request.

    The toolkit would read the form again, let the last of repeated parameters win and pass the query string on; the
    strict reading is ``oauth.form``'s.
    """

    def _extract_params(self, request: FormPost) -> tuple[str, str, Any, dict[str, str]]:
        fields = [(name, value) for name, value in request.parameters.items() if name in _FIELDS]
        return f"{settings.ISSUER}/connect/token", "POST", fields, {"Authorization": request.authorization}
