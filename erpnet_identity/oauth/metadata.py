"""What the Identity Server says about itself: exactly what works, nothing else (ID-12, OP-07)."""

from functools import lru_cache
from typing import Any

from django.conf import settings

from erpnet_identity.identity import authentication_context
from trusted_apps.scopes import CLAIMS, PROFILE, SUPPORTED

from .authorization_request import PROMPTS_SUPPORTED, RESPONSE_MODES_SUPPORTED, RESPONSE_TYPES_SUPPORTED
from .server import GRANT_TYPES_SUPPORTED

# Every claim that an ID token or UserInfo can carry (OP-05). `tid` belongs to sign-in through another provider, which
# does not exist yet.
CLAIMS_SUPPORTED = ("sub", *CLAIMS[PROFILE], "sid", "auth_time", "acr", "amr", "idp")


def document() -> dict[str, Any]:
    """The discovery document of this instance."""
    return _document(settings.ISSUER)


@lru_cache(maxsize=4)
def _document(issuer: str) -> dict[str, Any]:
    """The members of the discovery document (ID-13). The same for OpenID and RFC 8414 readers (OP-271).

    Revocation and introspection are absent until they exist.
    """
    methods = ["client_secret_basic", "client_secret_post", "none"]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/connect/authorize",
        "token_endpoint": f"{issuer}/connect/token",
        "userinfo_endpoint": f"{issuer}/connect/userinfo",
        "end_session_endpoint": f"{issuer}/connect/endsession",
        "jwks_uri": f"{issuer}/.well-known/openid-configuration/jwks",
        "response_types_supported": list(RESPONSE_TYPES_SUPPORTED),
        "response_modes_supported": list(RESPONSE_MODES_SUPPORTED),
        "grant_types_supported": list(GRANT_TYPES_SUPPORTED),
        "scopes_supported": list(SUPPORTED),
        "claims_supported": list(CLAIMS_SUPPORTED),
        "acr_values_supported": list(authentication_context.SUPPORTED),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": list(PROMPTS_SUPPORTED),
        "ui_locales_supported": [code for code, _ in settings.LANGUAGES],
        "authorization_response_iss_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": True,
    }
