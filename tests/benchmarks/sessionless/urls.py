"""The product's addresses; those of the API are answered as if nobody had to be connected."""

from typing import Any

from django.urls import URLPattern, URLResolver, include, path, re_path
from rest_framework.request import Request

from erp_api.odata import address as addresses
from erp_api.permissions import check_user_type
from erp_api.views import EntitySetView
from erpnet_identity.tokens.authentication import CredentialAuthentication
from erpnet_identity.tokens.principal import Principal


class SessionlessView(EntitySetView):
    """Every guard but the last; the token is looked up alone."""

    authentication_classes = [CredentialAuthentication]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        principal = request.user
        assert isinstance(principal, Principal)
        self.principal = principal
        check_user_type(principal)
        self.check_address(request._request, kwargs.get("path", ""))
        self.check_permissions(request)
        self.check_throttles(request)
        addresses.check_served(self.address)


urlpatterns: list[URLPattern | URLResolver] = [
    re_path(r"^api/domain/odata(?:/(?P<path>.*))?\Z", SessionlessView.as_view()),
    path("", include("erpnet_identity.urls")),
]
