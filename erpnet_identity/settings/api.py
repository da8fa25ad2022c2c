"""REST framework defaults, limits of the data APIs."""

from .values import env

SESSION_RPM: int = env.ERPNET_DOMAIN_API["SessionRpm"]
SESSION_CONCURRENT_REQUESTS: int = env.ERPNET_DOMAIN_API["SessionConcurrentRequests"]
API_PAGE_ROWS: int = env.ERPNET_API_PAGE_ROWS
API_TARGET_BYTES: int = env.ERPNET_API_TARGET_BYTES
API_BODY_BYTES: int = env.ERPNET_API_BODY_BYTES
# Of any request, how long its body may be on its way (OPS-07).
BODY_SECONDS: int = env.ERPNET_BODY_SECONDS

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["erpnet_identity.erp_sessions.authentication.SessionAuthentication"],
    # A view that names no permission of its own refuses every request.
    "DEFAULT_PERMISSION_CLASSES": ["erp_api.permissions.DenyAll"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "EXCEPTION_HANDLER": "erp_api.exceptions.handle",
    "UNAUTHENTICATED_USER": None,
}
