"""What the Identity Server says about itself: exactly what works, nothing else (ID-12, OP-07)."""

from functools import lru_cache
from typing import Any

from django.conf import settings

from trusted_apps.scopes import RESOURCE, SUPPORTED

from .server import GRANT_TYPES_SUPPORTED


def document() -> dict[str, Any]:
    """The discovery document of this instance."""
    return _document(settings.ISSUER)


@lru_cache(maxsize=4)
def _document(issuer: str) -> dict[str, Any]:
    """The members of the discovery document (ID-13). The same for OpenID and RFC 8414 readers (OP-271).

    Members of the interactive flow (authorization endpoint, response types, PKCE, UserInfo, logout) are absent until
    that flow exists: RFC 8414 §2 has the endpoint left out when no grant uses it.
    """
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/connect/token",
        "jwks_uri": f"{issuer}/.well-known/openid-configuration/jwks",
        "grant_types_supported": list(GRANT_TYPES_SUPPORTED),
        "scopes_supported": [scope for scope in SUPPORTED if scope in RESOURCE],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "claims_parameter_supported": False,
    }
