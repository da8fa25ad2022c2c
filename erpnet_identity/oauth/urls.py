"""The toolkit's route names on the documented paths below the issuer."""

from django.urls import path

from .views import authorize, discovery, end_session
from .views.token import TokenView
from .views.userinfo import userinfo

app_name = "oauth2_provider"

urlpatterns = [
    path(".well-known/openid-configuration", discovery.discovery, name="oidc-connect-discovery-info"),
    path(".well-known/oauth-authorization-server", discovery.discovery, name="oauth-server-metadata"),
    path(".well-known/openid-configuration/jwks", discovery.jwks, name="jwks-info"),
    path("connect/authorize", authorize.authorize, name="authorize"),
    path("connect/authorize/resume", authorize.resume, name="resume"),
    path("connect/authorize/cancel", authorize.cancel, name="cancel"),
    path("connect/authorize/consent", authorize.consent, name="consent"),
    path("connect/token", TokenView.as_view(), name="token"),
    path("connect/userinfo", userinfo, name="user-info"),
    path("connect/endsession", end_session.end_session, name="rp-initiated-logout"),
    path("connect/endsession/confirm", end_session.confirm, name="end-session-confirm"),
    path("connect/endsession/done", end_session.signed_out, name="signed-out"),
]
