"""How an answer reaches the application: query, fragment, form; and what an ID token from here carries."""

import base64
import hashlib
import re
from urllib.parse import urlsplit

import jwt
import pytest
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.keys.jwks import key_set
from erpnet_identity.tokens.models import Grant
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.relying_party import answer_of

pytestmark = pytest.mark.django_db

ISSUER = "http://127.0.0.1:8000/id"
CALLBACK = "https://web.example.com/callback"


@pytest.fixture
def rp(relying_party, web_app, internal_user):
    party = relying_party(web_app, user=internal_user)
    party.answer()
    return party


def half_hash(value):
    return base64.urlsafe_b64encode(hashlib.sha256(value.encode()).digest()[:16]).decode().rstrip("=")


def verified(token, audience):
    """The claims of a token, checked with the published keys alone."""
    keys = {key["kid"]: jwt.PyJWK(key) for key in key_set(timezone.now())["keys"]}
    header = jwt.get_unverified_header(token)
    assert header["alg"] == "RS256"
    return jwt.decode(token, keys[header["kid"]], algorithms=["RS256"], audience=audience, issuer=ISSUER), header


@pytest.mark.contract("ID-55", "ID-58", "OP-70", "OP-226", "OP-290", "ID-59", "OP-79", "CL-29")
def test_code_in_the_query(rp):
    response = rp.authorize()
    address, mode, answer = answer_of(response)
    assert (response.status_code, address, mode) == (302, CALLBACK, "query")
    assert set(answer) == {"code", "state", "iss"}
    assert re.fullmatch(r"[0-9A-F]{64}", answer["code"])
    assert answer["iss"] == ISSUER
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.contract("ID-33", "OP-70")
def test_code_in_the_fragment_when_asked_for(rp):
    response = rp.authorize(response_mode="fragment")
    assert urlsplit(response["Location"]).query == ""
    assert set(answer_of(response)[2]) == {"code", "state", "iss"}


class TestHybrid:
    @pytest.fixture(params=[None, "fragment", "form_post"])
    def answered(self, request, rp):
        """Mode that was asked for, mode of the answer, and the answer."""
        _, used, answer = answer_of(rp.authorize(response_type="code id_token", response_mode=request.param))
        return request.param, used, answer

    @pytest.mark.contract("ID-56", "OP-77")
    def test_the_members(self, answered):
        asked, used, answer = answered
        assert used == (asked or "fragment")
        assert set(answer) == {"code", "id_token", "state", "iss"}

    @pytest.mark.contract("ID-56", "OP-114", "OP-116", "TK-47", "TK-48")
    def test_the_id_token_beside_the_code(self, answered, rp):
        _, _, answer = answered
        claims, header = verified(answer["id_token"], rp.application.client_id)
        assert header["typ"] == "JWT"
        session = Grant.objects.latest("id")
        # Nothing about the person travels through the browser although `profile` was granted.
        assert claims == {
            "iss": ISSUER,
            "aud": rp.application.client_id,
            "iat": claims["iat"],
            "nbf": claims["iat"],
            "exp": claims["iat"] + 300,
            "sub": session.user.login,
            "sid": session.sid,
            "auth_time": int(session.auth_time.timestamp()),
            "idp": "local",
            "amr": ["pwd"],
            "nonce": "a nonce",
            "c_hash": half_hash(answer["code"]),
            "s_hash": half_hash("a state"),
        }

    @pytest.mark.contract("OP-115", "OP-116", "TK-48")
    def test_the_id_token_for_the_code(self, answered, rp, internal_user):
        _, _, answer = answered
        first, _ = verified(answer["id_token"], rp.application.client_id)
        second, _ = verified(rp.exchange(answer["code"]).json()["id_token"], rp.application.client_id)
        same = ("iss", "sub", "nonce", "sid", "auth_time")
        assert {name: second[name] for name in same} == {name: first[name] for name in same}
        assert second["name"] == internal_user.name


@pytest.mark.contract("CL-06", "CL-41", "CL-45", "TA-94", "ID-05")
def test_hybrid_without_pkce_for_an_application_with_a_secret(relying_party, internal_user):
    application = TrustedApplicationFactory(web=True, scope="")
    rp = relying_party(application, user=internal_user, pkce=False)
    answer = rp.answer(response_type="code id_token", response_mode="form_post")
    tokens = rp.exchange(answer["code"]).json()
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    assert claims["aud"] == f"{ISSUER}/resources"
    assert tokens["scope"] == "openid profile"


@pytest.mark.contract("ID-57", "OP-76", "OP-78", "OP-80", "OP-230", "ID-04")
def test_form_post_page(rp):
    response = rp.authorize(response_mode="form_post", state='"><script>alert(1)</script>')
    assert response.status_code == 200
    headers = response.headers
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "strict-origin"
    assert headers["X-Frame-Options"] == "DENY"
    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert "form-action" not in policy
    assert policy["default-src"] == policy["base-uri"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    page = response.content.decode()
    assert "<script>alert" not in page
    assert re.search(r'<button[^>]*id="form-post-continue"', page)
    assert set(re.findall(r'(?:src|href)="([^"?]+)', page)) >= {"/static/erp/form-post.js"}
    assert not [link for link in re.findall(r'(?:src|href)="([^"]+)"', page) if not link.startswith("/")]
    address, _, answer = answer_of(response)
    assert address == CALLBACK
    assert answer["state"] == '"><script>alert(1)</script>'
    # No code is in any address.
    assert answer["code"] not in str(response.headers)


@pytest.mark.contract("ID-60", "ID-61", "OP-79", "OP-233", "AU-01")
def test_what_is_stored_of_a_code(rp):
    code = rp.code()
    grant = Grant.objects.latest("id")
    assert grant.code == hashlib.sha256(code.encode()).hexdigest()
    assert (grant.expires - grant.created).total_seconds() == pytest.approx(300, abs=1)
    assert grant.redirect_uri == CALLBACK
    assert grant.scope == "openid profile"
    assert grant.application == rp.application
    event = AuditEvent.objects.filter(name="code.issued").latest("id")
    assert (event.user_login, event.client_id, event.sid) == (grant.user.login, rp.application.client_id, grant.sid)
    assert code not in str(list(AuditEvent.objects.values()))


@pytest.mark.contract("OP-75", "TK-47")
def test_no_nonce_no_claim(rp):
    claims, _ = verified(rp.tokens(nonce=None)["id_token"], rp.application.client_id)
    assert "nonce" not in claims


class TestKindsOfAccounts:
    """A community user signs in and never gets access to data."""

    @pytest.fixture
    def portal(self, relying_party, community_user):
        application = TrustedApplicationFactory(web=True, allows_community_users=True)
        return relying_party(application, user=community_user, scope="openid profile read update")

    @pytest.mark.contract("ID-176", "ID-182", "TK-41", "TK-97", "TA-18", "TA-93")
    def test_data_scopes_are_dropped(self, portal):
        page = portal.authorize()
        assert "Read business data" not in page.content.decode()
        tokens = portal.exchange(answer_of(portal.answer_consent(page))[2]["code"]).json()
        assert tokens["scope"] == "openid profile"
        claims, _ = verified(tokens["access_token"], f"{ISSUER}/resources")
        assert claims["aud"] == f"{ISSUER}/resources"
        assert claims["user_type"] == "ExternalCommunityUser"
        response = portal.client.get(
            "/api/domain/odata/Crm_Sales_Customers", headers={"Authorization": f"Bearer {tokens['access_token']}"}
        )
        assert response.status_code == 401

    @pytest.mark.contract("ID-183")
    @pytest.mark.parametrize("scope", ["read", "read update", None, "DomainApi read"])
    def test_nothing_left(self, scope, portal):
        assert portal.answer(scope=scope)["error"] == "access_denied"

    @pytest.mark.contract("TK-90", "TK-92", "TK-95", "TK-103", "CL-60", "CL-65")
    @pytest.mark.parametrize(
        ("scope", "implies", "granted"),
        [
            (None, False, "read update"),
            ("DomainApi", False, "DomainApi read update"),
            ("openid profile", False, "openid profile"),
            ("openid profile", True, "openid profile read update"),
            ("openid profile offline_access DomainApi", False, "openid profile offline_access DomainApi read update"),
            ("openid read", True, "openid read"),
        ],
    )
    def test_what_a_request_means(self, scope, implies, granted, relying_party):
        application = TrustedApplicationFactory(web=True, identity_scopes_imply_access=implies)
        rp = relying_party(application, user=UserFactory(), scope=scope)
        assert rp.tokens()["scope"] == granted
