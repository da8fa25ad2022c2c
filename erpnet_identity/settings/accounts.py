"""Signing in and passwords: django-allauth behind our adapter. Why each of these: docs/decisions/accounts.md"""

from .values import env

ACCOUNT_ADAPTER = "erpnet_identity.identity.adapter.AccountAdapter"
ACCOUNT_FORMS = {"user_token": "erpnet_identity.identity.forms.ResetLinkForm"}
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_USER_MODEL_USERNAME_FIELD = "login"
ACCOUNT_USER_MODEL_EMAIL_FIELD = "email"
# Whether an address is confirmed is a column of the account (ID-196); nothing is kept in tables of allauth.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
# Ours go on when the cache is away (OPS-03): `identity/throttle.py`.
ACCOUNT_RATE_LIMITS = False
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_LOGIN_ON_PASSWORD_RESET = False
# An application may ask for a new sign-in of a user who is signed in (ID-74).
ACCOUNT_AUTHENTICATED_LOGIN_REDIRECTS = False
PASSWORD_RESET_TIMEOUT = 3600
SIGN_IN_FAILURES_PER_MINUTE: int = env.ERPNET_SIGN_IN_FAILURES_PER_MINUTE
