"""Every event name, one list. ``noun.past_verb``; success and refusal are different names."""

APPLICATION_REGISTERED = "application.registered"
APPLICATION_UPDATED = "application.updated"
APPLICATION_ENABLED = "application.enabled"
APPLICATION_DISABLED = "application.disabled"
APPLICATION_DELETED = "application.deleted"
APPLICATION_SECRET_ADDED = "application.secret_added"
APPLICATION_SECRET_UPDATED = "application.secret_updated"
APPLICATION_SECRET_RETIRED = "application.secret_retired"
APPLICATION_SECRET_REMOVED = "application.secret_removed"

USER_CREATED = "user.created"
USER_UPDATED = "user.updated"
USER_SIGNED_IN = "user.signed_in"
USER_SIGN_IN_REFUSED = "user.sign_in_refused"
USER_SIGNED_OUT = "user.signed_out"
USER_PASSWORD_RESET_REQUESTED = "user.password_reset_requested"
USER_SIGN_OUT_REFUSED = "user.sign_out_refused"

ADMINISTRATION_REFUSED = "administration.refused"

CONSENT_GRANTED = "consent.granted"
CONSENT_DENIED = "consent.denied"
CONSENT_WITHDRAWN = "consent.withdrawn"
AUTHORIZATION_REFUSED = "authorization.refused"
CODE_ISSUED = "code.issued"

SIGNING_KEY_ADDED = "signing_key.added"
SIGNING_KEY_REVOKED = "signing_key.revoked"
SIGNING_KEY_REENCRYPTED = "signing_key.reencrypted"

TOKEN_ISSUED = "token.issued"
TOKEN_REFRESHED = "token.refreshed"
TOKEN_REFRESHED_AGAIN = "token.refreshed_again"
TOKEN_REFUSED = "token.refused"
TOKEN_REVOKED = "token.revoked"

API_CALL_REFUSED = "api_call.refused"

ERP_SESSION_OPENED = "erp_session.opened"
ERP_SESSION_REFUSED = "erp_session.refused"
ERP_SESSION_CLOSED = "erp_session.closed"

# A request that ended before any decision was made about an application or an account, and one that failed.
REQUEST_REFUSED = "request.refused"
REQUEST_FAILED = "request.failed"
REQUEST_THROTTLED = "request.throttled"
REFUSALS_COUNTED = "refusals.counted"

INSTANCE_UPDATED = "instance.updated"
MANIFEST_APPLIED = "manifest.applied"

ALL = frozenset(value for name, value in dict(globals()).items() if name.isupper() and isinstance(value, str))
