"""The order of the guards, in one place (API-102), and the views behind them."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from erpnet_identity.erp_sessions import presence
from erpnet_identity.erp_sessions.authentication import SessionAuthentication, SessionState
from erpnet_identity.erp_sessions.request_limits import Entry
from erpnet_identity.erp_sessions.services import open_or_touch
from erpnet_identity.tokens.principal import Principal
from trusted_apps import cors

from . import limits, reading, throttling
from .exceptions import MethodNotAllowed, NotFound, TooLarge
from .odata import address as addresses
from .odata.address import Address
from .permissions import HasScope, check_user_type, needed_scopes
from .responses import with_api_headers

# Of pages of other origins (API-19).
METHODS = "GET, POST, PATCH, DELETE"
HEADERS = (
    "Authorization, Content-Type, Accept, Accept-Language, Prefer, TransactionId, X-Api-Key, Api-Key, "
    "OData-Version, OData-MaxVersion"
)
EXPOSED = f"Location, OData-Version, {cors.EXPOSED}"


def content_length(request: HttpRequest) -> int:
    """How many bytes of body the caller announces; 0 for what is no number."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0


class GuardedView(APIView):
    """What every address of the API goes through before anything is answered.

    The framework authenticates, asks for scopes, counts and handles exceptions; negotiation, parsing and rendering
    are left out because the dialect has rules of its own for them.
    """

    audience = "DomainAPI"
    authentication_classes = [SessionAuthentication]
    permission_classes = [HasScope]
    throttle_classes = [throttling.SessionLimits]

    principal: Principal | None = None
    session_id: UUID | None = None  # the API session, once the guards have let the call through
    entry: Entry | None = None  # what the limits have counted
    address: Address
    needed_scopes: tuple[str, ...] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if cors.is_preflight(request):
            preflight = with_api_headers(cors.preflight(METHODS, HEADERS))
            return cors.allow_registered_origin(request, preflight, EXPOSED)
        size = 0
        try:
            response = super().dispatch(request, *args, **kwargs)
            size = len(response.content)  # type: ignore[attr-defined]
            return response
        finally:
            if self.entry is not None:
                throttling.leave(self.entry)
            if self.session_id is not None:
                presence.end(self.session_id, now=timezone.now(), bytes_up=content_length(request), bytes_down=size)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """The guards. A refused call costs nothing further down; one without a credential learns nothing."""
        principal, session = request.user, request.auth  # who: 401
        assert isinstance(principal, Principal)  # without one the authenticator has refused the request
        assert session is None or isinstance(session, SessionState)
        self.principal = principal
        check_user_type(principal)  # what kind of account: 403
        self.check_address(request._request, kwargs.get("path", ""))  # where and how: 404, 405, 414, 413
        self.check_permissions(request)  # may: 403
        self.check_throttles(request)  # not too fast: 429
        addresses.check_served(self.address)  # is it there at all, for those who may know: 404, 501
        # Last, because a refused call opens no session and keeps none alive (SE-08): is there room, 503.
        self.session_id = open_or_touch(principal, session, now=timezone.now())

    def check_address(self, request: HttpRequest, path: str) -> None:
        """Sets ``address`` and ``needed_scopes``."""
        meta = request.META
        method = request.method or ""
        if len(meta.get("QUERY_STRING", "")) + len(request.path_info) > limits.target_bytes():
            raise TooLarge("The address is too long.", status=414)
        self.address = self.resolve(path)
        if self.address.methods and method not in self.address.methods:
            raise MethodNotAllowed(method, self.address.methods)
        if content_length(request) > limits.body_bytes():
            raise TooLarge("The body is too long.", status=413)
        self.needed_scopes = needed_scopes(
            method, is_security=self.address.is_security, reads=self.address.name == "$batch"
        )

    def resolve(self, path: str) -> Address:
        """What the path names. Raises ``NotFound``, ``Renamed``."""
        raise NotImplementedError

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        """The methods of an address, for a caller that may read it."""
        return with_api_headers(HttpResponse(status=204, headers={"Allow": ", ".join(self.address.methods)}))

    # ── the framework's steps, without what is not needed ─────────────────────────────────────────────

    def initialize_request(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Request:
        return Request(request, authenticators=self.get_authenticators(), parser_context={"view": self})

    @property
    def default_response_headers(self) -> dict[str, str]:
        return {}

    def finalize_response(  # type: ignore[override]
        self, request: Request, response: HttpResponse, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        plain: HttpRequest = request._request
        cors.allow_registered_origin(plain, response, EXPOSED)
        if response.status_code != 204:
            response.headers["Content-Length"] = str(len(response.content))
        if plain.method == "HEAD":
            response.content = b""
        return response


class NotFoundView(GuardedView):
    """Every address that does not exist: without a credential the answer is 401 there as well (API-102)."""

    def resolve(self, path: str) -> Address:
        raise NotFound("There is nothing at this address.")


class EntitySetView(GuardedView):
    """The addresses under the service root: the root itself, sets, single records, counts."""

    def resolve(self, path: str) -> Address:
        return addresses.resolve(path)

    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        return reading.answer_to(self.address, request._request)
