"""The OAuth toolkit and every lifetime."""

from .values import env

ISSUER: str = f"{env.INSTANCE_URL}/id"
AUTHORIZATION_CODE_SECONDS = 300  # ID-60
ID_TOKEN_SECONDS = 300  # TK-46
ACCESS_TOKEN_SECONDS: int = env.ERPNET_ACCESS_TOKEN_SECONDS
# By client type, from the sign-in on (TK-51, TK-53).
REFRESH_TOKEN_SECONDS: dict[str, int] = {
    "confidential": env.ERPNET_REFRESH_TOKEN_CONFIDENTIAL_SECONDS,
    "public": env.ERPNET_REFRESH_TOKEN_PUBLIC_SECONDS,
}
SCOPE_CLAIM: str = env.ERPNET_SCOPE_CLAIM
REFRESH_TOKEN_REPEAT_SECONDS: int = env.ERPNET_REFRESH_TOKEN_REPEAT_SECONDS
IDENTITY_SESSION_SECONDS: int = env.ERPNET_IDENTITY_SESSION_SECONDS
REMEMBERED_SESSION_SECONDS: int = env.ERPNET_REMEMBERED_SESSION_SECONDS
REQUIRE_CONSENT: bool = env.REQUIRE_CONSENT
TOKEN_FAILURES_PER_MINUTE: int = env.ERPNET_TOKEN_FAILURES_PER_MINUTE

# All models of the toolkit are ours from the first migration: what a token must carry (sid, jti, family) can
# then be added without moving data.
OAUTH2_PROVIDER_APPLICATION_MODEL = "trusted_apps.TrustedApplication"
OAUTH2_PROVIDER_GRANT_MODEL = "tokens.Grant"
OAUTH2_PROVIDER_ACCESS_TOKEN_MODEL = "tokens.AccessToken"
OAUTH2_PROVIDER_REFRESH_TOKEN_MODEL = "tokens.RefreshToken"
OAUTH2_PROVIDER_ID_TOKEN_MODEL = "tokens.IDToken"

# What the toolkit is asked for: its token endpoint, its admin classes, how it stores a token. Its views, grants and
# lifetimes are not in use.
OAUTH2_PROVIDER = {
    "OAUTH2_VALIDATOR_CLASS": "erpnet_identity.oauth.validator.Validator",
    "OAUTH2_BACKEND_CLASS": "erpnet_identity.oauth.backend.Backend",
    "OAUTH2_SERVER_CLASS": "erpnet_identity.oauth.server.Server",
    "APPLICATION_ADMIN_CLASS": "trusted_apps.admin.TrustedApplicationAdmin",
    "ACCESS_TOKEN_ADMIN_CLASS": "erpnet_identity.tokens.admin.AccessTokenAdmin",
    "REFRESH_TOKEN_ADMIN_CLASS": "erpnet_identity.tokens.admin.RefreshTokenAdmin",
    "GRANT_ADMIN_CLASS": "erpnet_identity.tokens.admin.GrantAdmin",
    "ID_TOKEN_ADMIN_CLASS": "erpnet_identity.tokens.admin.IDTokenAdmin",
    "COMPLIANT_BCP_RFC9700_TOKEN_STORAGE": True,  # rows hold digests and no tokens
    # Only `check --deploy` reads these: what each of them asks for is true of the product's own endpoints.
    "COMPLIANT_BCP_RFC9700_IMPLICIT_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PASSWORD_GRANT": True,
    "COMPLIANT_BCP_RFC9700_PKCE_METHOD": True,
    "COMPLIANT_BCP_RFC9700_ACCESS_TOKEN_TRANSPORT": True,
    "COMPLIANT_BCP_RFC9700_AUTHZ_RESPONSE_ISS": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
}
