"""Who is calling: one credential, still good, of this instance, for this API."""

import base64
import json
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from oauth2_provider.models import set_token_value

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions.models import ErpSession, Kind
from erpnet_identity.keys import jwt
from erpnet_identity.tokens.models import AccessToken
from erpnet_identity.users.models import UserType
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of

from .conftest import ROOT, Api

pytestmark = pytest.mark.django_db

REALM = 'Bearer realm="http://127.0.0.1:8000"'


def encoded(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def assert_refused(response, cause):
    assert response.status_code == 401, response.content
    challenge = response["WWW-Authenticate"]
    assert challenge.startswith(f'{REALM}, error="invalid_token", error_description="')
    error = response.json()["error"]
    assert (error["code"], error["type"]) == (401, "InvalidToken")
    event = AuditEvent.objects.get(name="api_call.refused")
    assert event.outcome == "refused"
    assert event.cause == cause
    assert event.detail["method"] == "GET"
    assert event.detail["path"] == f"{ROOT}/Crm_Sales_Customers"
    assert event.correlation_id == response["X-Correlation-Id"]
    return event


def call(api):
    return api.get("Crm_Sales_Customers?$top=1")


@pytest.mark.contract("TK-112", "API-91", "TK-115")
def test_a_service_token_is_accepted(api):
    response = call(api)
    assert response.status_code == 200
    assert not AuditEvent.objects.filter(name="api_call.refused").exists()


@pytest.mark.contract("TK-110", "API-90", "API-101", "API-102", "API-16")
@pytest.mark.parametrize(
    "url",
    [
        "/api/",
        "/api/domain",
        "/api/domain/odata",
        "/api/domain/odata/",
        "/api/domain/odata/Crm_Sales_Customers",
        "/api/domain/odata/Crm_Sales_Customers/$count",
        "/api/domain/odata/Crm_Sales_Customers(x)",
        "/api/domain/odata/Crm_Customers",
        "/api/domain/odata/Nothing",
        "/api/domain/odata/$metadata",
        "/api/domain/odata/Systems_Security_Users",
        "/api/domain/query",
        "/api/nowhere/at/all",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "OPTIONS", "BREW"])
def test_a_stranger_gets_401_everywhere(stranger, url, method):
    response = stranger.request(method, url=url)
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == REALM
    assert response.json()["error"]["type"] == "Unauthorized"
    event = AuditEvent.objects.get()
    assert (event.name, event.cause) == ("api_call.refused", "credential_missing")


@pytest.mark.contract("TA-70", "TA-71", "TK-106", "API-91")
def test_the_kill_switch_works_on_the_next_call_and_back(api, service_app):
    assert call(api).status_code == 200
    service_app.is_enabled = False
    service_app.save()
    event = assert_refused(call(api), "application_disabled")
    assert event.client_id == service_app.client_id
    assert event.token_id == claims_of(api.token)["jti"]
    service_app.is_enabled = True
    service_app.save()
    assert call(api).status_code == 200


@pytest.mark.contract("ID-135", "API-92")
def test_another_system_user_ends_the_token(api, service_app):
    service_app.system_user = UserFactory(system=True)
    service_app.save()
    assert_refused(call(api), "system_user_changed")


@pytest.mark.contract("TK-106", "API-91")
def test_an_inactive_system_user_is_refused(api, service_app):
    service_app.system_user.is_active = False
    service_app.system_user.save()
    assert_refused(call(api), "user_inactive")


@pytest.mark.contract("API-91")
def test_service_access_withdrawn(api, service_app):
    service_app.allows_service = False
    service_app.save()
    assert_refused(call(api), "service_access_withdrawn")


@pytest.mark.contract("TK-106", "API-91")
def test_a_revoked_token_is_refused(api):
    AccessToken.objects.update(revoked_at=timezone.now())
    assert_refused(call(api), "token_revoked")


@pytest.mark.contract("API-95", "API-102", "ID-175", "ID-176", "ID-177", "ID-178", "ID-185")
@pytest.mark.parametrize(
    ("user_type", "status"),
    [
        (UserType.INTERNAL, 200),
        (UserType.SYSTEM, 200),
        (UserType.COMMUNITY, 403),
        (UserType.VIRTUAL, 403),
        (UserType.APPLICATION, 403),
        (UserType.INVITED_INTERNAL, 403),
        (UserType.INVITED_COMMUNITY, 403),
    ],
)
@pytest.mark.parametrize("address", ["Crm_Sales_Customers", "Nothing"])
def test_the_type_of_the_account_now_decides(api, service_app, user_type, status, address):
    service_app.system_user.user_type = user_type
    service_app.system_user.save()
    response = api.get(address)
    if status == 200:
        assert response.status_code == (200 if address != "Nothing" else 404)
        return
    assert response.status_code == 403
    assert response.json()["error"]["type"] == "UserTypeNotAllowed"
    event = AuditEvent.objects.get(name="api_call.refused")
    assert event.cause == "user_type"
    assert event.actor_name == service_app.system_user.login


@pytest.mark.contract("TK-105", "TK-110")
def test_an_expired_token_is_refused_without_tolerance(api):
    expires = claims_of(api.token)["exp"]
    with time_machine.travel(expires - 1, tick=False):
        assert call(api).status_code == 200
    with time_machine.travel(expires, tick=False):
        response = call(api)
    assert_refused(response, "token_expired")
    assert "expired" in response["WWW-Authenticate"]


@pytest.mark.contract("TK-105")
def test_not_before_has_a_minute_of_tolerance(api):
    begins = claims_of(api.token)["nbf"]
    with time_machine.travel(begins - 60, tick=False):
        assert call(api).status_code == 200
    with time_machine.travel(begins - 62, tick=False):
        assert_refused(call(api), "token_not_yet_valid")


def changed(token, **members):
    """A token with other claims that this instance would have signed."""
    return jwt.sign({**claims_of(token), **members}, typ="at+jwt", now=timezone.now())


@pytest.mark.contract("TK-05", "TK-20", "TA-02", "TK-105", "TK-110", "API-91")
def test_of_another_issuer(api):
    assert_refused(call(Api(api.client, changed(api.token, iss="https://other.example/id"))), "token_issuer")


@pytest.fixture
def reissued(service_app):
    """``reissued(token, drop=…, **members)``: a token with other claims that this instance has issued and stored."""

    def issue(token, drop=(), **members):
        claims = {name: value for name, value in claims_of(token).items() if name not in drop}
        changed = jwt.sign({**claims, "jti": "F" * 32, **members}, typ="at+jwt", now=timezone.now())
        row = AccessToken(
            application=service_app, scope="read", jti="F" * 32, expires=timezone.now() + timedelta(minutes=9)
        )
        set_token_value(row, changed)
        row.save()
        return changed

    return issue


@pytest.mark.contract("TK-26", "TK-39")
def test_a_service_is_told_by_what_it_has(api, reissued):
    """Version 0.3 gave services no ``sub``; their tokens live on. One with a person's login is still a service's."""
    assert call(Api(api.client, reissued(api.token, drop=["sub"]))).status_code == 200
    AccessToken.objects.filter(jti="F" * 32).delete()
    assert call(Api(api.client, reissued(api.token, sub="maria"))).status_code == 200
    assert set(ErpSession.objects.values_list("kind", flat=True)) == {Kind.SERVICE}


@pytest.mark.contract("TK-25")
@pytest.mark.parametrize("scope", [["read"], "read", "openid read"])
def test_both_forms_of_the_scopes_are_read(api, reissued, scope):
    assert call(Api(api.client, reissued(api.token, scope=scope))).status_code == 200


@pytest.mark.contract("TK-25")
@pytest.mark.parametrize("scope", [["openid"], "openid", "readonly", "", []])
def test_neither_form_gives_more_than_it_says(api, reissued, scope):
    assert call(Api(api.client, reissued(api.token, scope=scope))).status_code == 403


@pytest.mark.contract("TK-105", "TK-41", "TK-42", "API-91")
@pytest.mark.parametrize("audience", ["https://other.example/id/resources", ["TableAPI"], []])
def test_addressed_to_somebody_else(api, audience):
    assert_refused(call(Api(api.client, changed(api.token, aud=audience))), "token_audience")


@pytest.mark.contract("TK-41", "TK-110")
def test_a_developer_reads_what_the_token_shows(api, relying_party, web_app, internal_user):
    """Only that: nothing of what is stored of it, of the application or of the account."""
    tokens = relying_party(web_app, user=internal_user, scope="openid profile").tokens()
    for token, cause, text in (
        (tokens["access_token"], "token_without_scope", "The token has no scope for this API; ask for read"),
        (
            tokens["id_token"],
            "token_type",
            "This is not an access token of this instance; send the access token and not the ID token",
        ),
    ):
        AuditEvent.objects.filter(name="api_call.refused")._raw_delete("default")
        response = call(Api(api.client, token))
        assert_refused(response, cause)
        assert response.json()["error"]["message"] == f"{text}."
        assert f'error_description="{text}"' in response["WWW-Authenticate"]


@pytest.mark.contract("TK-106")
def test_signed_and_unknown(api):
    """Our key alone does not make a token: it must have been issued."""
    assert_refused(call(Api(api.client, changed(api.token, jti="0" * 32))), "token_unknown")


@pytest.mark.contract("TK-49")
def test_an_id_token_opens_nothing(api):
    claims = {**claims_of(api.token), "sub": "peter"}
    id_token = jwt.sign(claims, typ="JWT", now=timezone.now())
    assert_refused(call(Api(api.client, id_token)), "token_type")


@pytest.mark.contract("TK-105", "TK-110")
def test_tampered_claims(api):
    header, _, signature = api.token.split(".")
    claims = {**claims_of(api.token), "scope": ["read", "update", "sec"]}
    assert_refused(call(Api(api.client, f"{header}.{encoded(claims)}.{signature}")), "token_signature")


@pytest.mark.contract("TK-105", "TK-110")
def test_algorithm_none(api):
    header = encoded({"alg": "none", "typ": "at+jwt"})
    body = api.token.split(".")[1]
    response = call(Api(api.client, f"{header}.{body}."))
    assert response.status_code == 401
    assert AuditEvent.objects.filter(name="api_call.refused").count() == 1


@pytest.mark.contract("TK-110", "API-90")
@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Bearer a b", "Bearer x.y.z", "Bearer ....", "Basic dXNlcjpwYXNz", "Негоден", "Bearer ключ"],
)
def test_malformed_credentials(client, db, authorization):
    response = client.get(f"{ROOT}/Crm_Sales_Customers", headers={"Authorization": authorization})
    assert response.status_code == 401
    assert 'error="invalid_token"' in response["WWW-Authenticate"]


@pytest.mark.contract("TK-78", "API-90")
@pytest.mark.parametrize("header", ["X-Api-Key", "Api-Key"])
def test_two_credentials_are_too_many(api, header):
    response = api.get("Crm_Sales_Customers", headers={header: api.token})
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "InvalidRequest"
    assert AuditEvent.objects.get(name="api_call.refused").cause == "credential_sent_twice"


@pytest.mark.contract("API-90", "TK-06")
def test_nothing_but_a_header_authenticates(api, client, administrator):
    client.force_login(administrator)
    client.cookies["access_token"] = api.token
    for query in (f"access_token={api.token}", f"token={api.token}", f"api_key={api.token}"):
        assert client.get(f"{ROOT}/Crm_Sales_Customers?{query}").status_code == 401
    response = client.post(f"{ROOT}/Crm_Sales_Customers", {"access_token": api.token})
    assert response.status_code == 401


@pytest.mark.contract("API-90")
def test_a_token_in_the_query_beside_the_header_is_ignored(api):
    assert api.get("Crm_Sales_Customers?$top=1&access_token=nonsense").status_code == 200


@pytest.mark.contract("DR-02")
def test_what_could_be_guessed_at_looks_the_same(api, service_app, client):
    """A stranger cannot tell a disabled application from a token that never was."""
    unknown = call(Api(client, changed(api.token, jti="0" * 32)))
    service_app.is_enabled = False
    service_app.save()
    disabled = call(api)
    assert unknown.content == disabled.content
    assert unknown["WWW-Authenticate"] == disabled["WWW-Authenticate"]


@pytest.mark.contract("API-91", "API-92")
def test_tokens_of_two_applications_do_not_mix(api, client, service_token):
    other = TrustedApplicationFactory(service=True)
    other_api = Api(client, service_token(other, "read"))
    other.is_enabled = False
    other.save()
    assert call(other_api).status_code == 401
    assert call(api).status_code == 200


@pytest.mark.contract("TK-105")
def test_a_token_lives_an_hour(api):
    with time_machine.travel(timezone.now() + timedelta(minutes=59)):
        assert call(api).status_code == 200
