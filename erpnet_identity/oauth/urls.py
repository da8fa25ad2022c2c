"""The toolkit's route names on the documented paths below the issuer."""

from django.urls import path

from .views import discovery
from .views.token import TokenView

app_name = "oauth2_provider"

urlpatterns = [
    path(".well-known/openid-configuration", discovery.discovery, name="oidc-connect-discovery-info"),
    path(".well-known/oauth-authorization-server", discovery.discovery, name="oauth-server-metadata"),
    path(".well-known/openid-configuration/jwks", discovery.jwks, name="jwks-info"),
    path("connect/token", TokenView.as_view(), name="token"),
]
