"""Every route × method × scope. A new address or method belongs into this table."""

import pytest
from django.urls import get_resolver

from erp_api.edm.registry import ENTITY_SETS
from erp_api.odata.address import UNSUPPORTED
from erp_api.permissions import HasScope
from erp_api.views import GuardedView
from erpnet_identity.audit.models import AuditEvent

from .conftest import Api

pytestmark = pytest.mark.django_db

KEY = "eebf02a5-052e-4a8d-9a24-270546d73942"
READING = ("GET", "HEAD", "OPTIONS")
WRITING = ("POST", "PUT", "PATCH", "DELETE")
SCOPES = ("read", "update", "sec", "read sec", "update sec", "read update", "DomainApi read")

# Address → status of a call that has every scope, by method; a method that is not named is 405.
OK = {"GET": 200, "HEAD": 200, "OPTIONS": 204}
MISSING = {"GET": 404, "HEAD": 404, "OPTIONS": 204}
PUBLISHED = {
    "": OK,
    **{f"{name}": OK for name in ENTITY_SETS},
    **{f"{name}/$count": OK for name in ENTITY_SETS},
    **{f"{name}({KEY})": MISSING for name in ENTITY_SETS},
}
SECURITY = ("Systems_Security_Users", f"Systems_Security_Roles({KEY})", "Systems_Security_TrustedApplications/$count")


def expected(method, scope, *, is_security=False, reads=False):
    """The scopes that are missing, as the challenge names them; None when there are enough."""
    granted = set(scope.split())
    if method in READING or reads:
        needed = ["sec"] if is_security else ["read"]
    else:
        needed = ["update", "sec"] if is_security else ["update"]
    if "update" in granted:
        granted.add("read")
    return None if granted.issuperset(needed) else " ".join(needed)


def check(response, missing, status):
    if missing is None:
        assert response.status_code == status
        return
    assert response.status_code == 403
    challenge = f'Bearer realm="http://127.0.0.1:8000", error="insufficient_scope", scope="{missing}"'
    assert response["WWW-Authenticate"] == challenge
    if response.content:
        assert response.json()["error"]["type"] == "InsufficientScope"
        assert response.json()["error"]["code"] == 403


@pytest.mark.contract("TK-107", "TK-111", "TK-99", "API-93", "API-94", "API-101", "API-20", "OP-244")
@pytest.mark.parametrize("scope", SCOPES)
def test_published_addresses(api_with, scope):
    api = api_with(scope)
    for address, by_method in PUBLISHED.items():
        for method in READING + WRITING:
            response = api.request(method, address)
            if method in by_method:
                check(response, expected(method, scope), by_method[method])
            else:
                # What an address cannot do is said before scopes are asked for (API-102).
                assert response.status_code == 405
                assert response["Allow"] == "GET, HEAD, OPTIONS"
                assert response.json()["error"]["type"] == "MethodNotAllowed"


@pytest.mark.contract("TK-109", "API-96", "TK-111")
@pytest.mark.parametrize("scope", SCOPES)
def test_security_sets(api_with, scope):
    api = api_with(scope)
    for address in SECURITY:
        for method in READING + WRITING:
            check(api.request(method, address), expected(method, scope, is_security=True), 404)


@pytest.mark.contract("TK-107", "API-93")
@pytest.mark.parametrize("scope", SCOPES)
def test_addresses_that_are_left_out(api_with, scope):
    api = api_with(scope)
    for name in sorted(UNSUPPORTED):
        for method in READING + WRITING:
            check(api.request(method, name), expected(method, scope, reads=name == "$batch"), 501)


@pytest.mark.contract("TK-116")
def test_a_token_of_an_administrator_is_limited_to_its_scopes(client, service_app, service_token, administrator):
    service_app.system_user = administrator
    service_app.save()
    caller = Api(client, service_token(service_app, "read"))
    assert caller.get("Systems_Security_Users").status_code == 403
    assert caller.get("Crm_Sales_Customers").status_code == 200


@pytest.mark.contract("API-102", "TK-111")
def test_scope_is_asked_before_the_query_is_looked_at(api_with):
    response = api_with("sec").get("Crm_Sales_Customers?$top=nonsense")
    assert response.status_code == 403
    event = AuditEvent.objects.get(name="api_call.refused")
    assert event.cause == "scope_missing"


def routes(resolver, prefix=""):
    for entry in resolver.url_patterns:
        if hasattr(entry, "url_patterns"):
            yield from routes(entry, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern), entry


@pytest.mark.contract("API-90", "API-102")
def test_every_route_is_guarded():
    ours = [(path, entry) for path, entry in routes(get_resolver()) if path.startswith(("api/", "^api", "api"))]
    assert ours
    for path, entry in ours:
        view = entry.callback.cls
        assert issubclass(view, GuardedView), path
        assert view.permission_classes == [HasScope], path
        assert view.audience == "DomainAPI", path
        assert view.initial is GuardedView.initial, path
        assert view.dispatch is GuardedView.dispatch, path


@pytest.mark.contract("API-93")
def test_a_view_that_names_no_scope_refuses_everybody():
    class View:
        needed_scopes = ()

    assert HasScope().has_permission(None, View()) is False
