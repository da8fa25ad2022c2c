"""What stands in the tokens that a person's sign-in gives: every claim, by flow, and nothing else."""

import base64
import hashlib
import re
from dataclasses import dataclass

import jwt
import pytest

from erpnet_identity.tenancy.models import Instance
from tests.factories.users import UserFactory
from tests.support.clock import frozen
from tests.support.jwt import claims_of, header_of

pytestmark = pytest.mark.django_db

ISSUER = "http://127.0.0.1:8000/id"
RESOURCES = f"{ISSUER}/resources"
APIS = ["DomainAPI", "TableAPI", "OLAP", "AppServer", RESOURCES]
AT = 1772442000  # 2026-03-02T09:00:00Z


def half_hash(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).decode().rstrip("=")


@pytest.fixture
def maria(db):
    """The account of the documented example."""
    Instance.objects.create(name="ACME")
    return UserFactory(
        login="maria", name="Maria Petrova", email="maria@example.com", email_confirmed=True, locale="bg"
    )


@pytest.fixture
def header_of_verified(client):
    """The header of a token whose signature the published keys confirm."""

    def check(token):
        header = header_of(token)
        published = client.get("/id/.well-known/openid-configuration/jwks").json()["keys"]
        (key,) = [key for key in published if key["kid"] == header.pop("kid")]
        nothing_else = {f"verify_{name}": False for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "jti")}
        jwt.decode(token, jwt.PyJWK(key), algorithms=["RS256"], options=nothing_else)
        return header

    return check


clock = frozen(AT)


@pytest.fixture
def flow(clock, relying_party, web_app):
    """``flow(user, scope, **parameters)`` walks everything: ten seconds after the sign-in the code is asked for, ten
    seconds later exchanged, an hour later renewed. The answers by their names."""

    def walk(user, scope, **parameters):
        web_app.allows_community_users = True
        web_app.save()
        party = relying_party(web_app, user=user, scope=scope, **parameters)
        clock.shift(10)
        authorized = party.answer()
        clock.shift(10)
        exchanged = party.exchange(authorized["code"]).json()
        clock.shift(3600)
        renewed = party.refresh(exchanged["refresh_token"]).json() if "refresh_token" in exchanged else {}
        return authorized, exchanged, renewed

    return walk


def about_access(user, web_app, **changes):
    """The claims of a person's access token, apart from those of the moment (TK-20 to TK-37)."""
    return {
        "iss": ISSUER,
        "aud": APIS,
        "client_id": web_app.client_id,
        "sub": "maria",
        "id": str(user.pk),
        "auth_time": AT,
        "idp": "local",
        "amr": ["pwd"],
        "name": "Maria Petrova",
        "email": "maria@example.com",
        "email_verified": True,
        "is_admin": False,
        "locale": "bg",
        "user_type": "InternalUser",
        "db": "ACME",
        **changes,
    }


def lasting(claims, *moment):
    """Without the times, the session and what else is of the ``moment``, all of which must be there."""
    of_the_moment = {"iat", "nbf", "exp", "sid", *moment}
    assert of_the_moment <= set(claims)
    return {name: value for name, value in claims.items() if name not in of_the_moment}


def assert_times(claims, *, at, lifetime):
    assert (claims["iat"], claims["nbf"], claims["exp"]) == (at, at, at + lifetime)


# About the account, scopes asked for, scopes granted, what differs in the claims.
ACCESS = {
    "all": ({}, "openid profile read offline_access", "openid profile read offline_access", {}),
    "read": ({}, "read", "read", {}),
    "DomainApi": ({}, "DomainApi", "DomainApi read update", {}),
    "openid": ({}, "openid", "openid", {"aud": RESOURCES}),
    "protocol scopes": ({}, "offline_access email", "offline_access email", {"aud": RESOURCES}),
    "administrator": ({"is_admin": True}, "openid read", "openid read", {"is_admin": True}),
    "community user": (
        {"user_type": 1},
        "openid read offline_access update",
        "openid offline_access",
        {"aud": RESOURCES, "user_type": "ExternalCommunityUser"},
    ),
    "unconfirmed e-mail": ({"email_confirmed": False}, "read", "read", {"email_verified": False}),
    "no e-mail": (
        {"email": "", "email_confirmed": False}, "read", "read", {"email": None, "email_verified": False},
    ),
}  # fmt: skip
ROWS = {
    "administrator": ["TK-34"],
    "community user": ["TK-36", "ID-176", "ID-182", "ID-184"],
    "unconfirmed e-mail": ["TK-34"],
    "no e-mail": ["TK-33"],
}


@dataclass(frozen=True)
class Access:
    """The token responses of a sign-in, each with the time it was given, and what they are to say."""

    bodies: list[tuple[dict, int]]
    granted: str
    expected: dict

    def claims(self):
        return [claims_of(body["access_token"]) for body, _ in self.bodies]


@pytest.fixture(params=ACCESS)
def access(request, flow, maria, web_app):
    """``request.param`` is a key of ``ACCESS``: first and, with ``offline_access``, renewed."""
    account, asked, granted, changes = ACCESS[request.param]
    for name, value in account.items():
        setattr(maria, name, value)
    maria.save()
    claims = {name: value for name, value in about_access(maria, web_app, **changes).items() if value is not None}
    _, exchanged, renewed = flow(maria, asked)
    assert bool(renewed) == ("offline_access" in granted)
    return Access([(body, at) for body, at in ((exchanged, AT + 20), (renewed, AT + 3620)) if body], granted, claims)


class TestAccessToken:
    @pytest.mark.contract("TK-01", "TK-02", "TK-03", "TK-07", "OP-240")
    def test_the_form(self, access, header_of_verified):
        for body, _ in access.bodies:
            assert header_of_verified(body["access_token"]) == {"alg": "RS256", "typ": "at+jwt"}
            assert len(body["access_token"]) < 4096

    @pytest.mark.contract(
        *(f"TK-{number}" for number in (20, 24, 25, 26, 27, 29, 30, 31, 33, 34, 35, 36, 37)), "OP-241", "OP-246"
    )
    @pytest.mark.parametrize(
        "access",
        [pytest.param(name, marks=pytest.mark.contract(*ROWS.get(name, []))) for name in ACCESS],
        indirect=True,
    )
    def test_the_claims_and_no_others(self, access):
        for (body, _), claims in zip(access.bodies, access.claims(), strict=True):
            expected = {name: value for name, value in access.expected.items() if name != "aud"}
            assert lasting(claims, "jti", "aud") == {**expected, "scope": access.granted.split()}
            assert body["scope"] == access.granted

    @pytest.mark.contract("TK-21", "TK-40", "TK-41", "TK-43", "OP-228", "OP-242")
    def test_the_audience(self, access):
        assert [claims["aud"] for claims in access.claims()] == [access.expected["aud"]] * len(access.bodies)

    @pytest.mark.contract("TK-04", "TK-22")
    def test_the_times(self, access):
        for (_, at), claims in zip(access.bodies, access.claims(), strict=True):
            assert_times(claims, at=at, lifetime=3600)

    @pytest.mark.contract("TK-23")
    def test_each_has_an_id_of_its_own(self, access):
        ids = [claims["jti"] for claims in access.claims()]
        assert all(re.fullmatch(r"[0-9A-F]{32}", token_id) for token_id in ids)
        assert len(set(ids)) == len(ids)

    @pytest.mark.contract("TK-28", "ID-72", "ID-125", "OP-245")
    def test_a_renewed_one_is_of_the_same_sign_in(self, access):
        """That its other claims are the same is said above."""
        sids = {claims["sid"] for claims in access.claims()}
        assert len(sids) == 1
        assert re.fullmatch(r"[0-9A-F]{32}", sids.pop())


@dataclass(frozen=True)
class SignedIn:
    """The answers of a sign-in for ID tokens: of the authorization endpoint, of the token endpoint, and renewed."""

    authorized: dict
    exchanged: dict
    renewed: dict
    is_hybrid: bool
    nonce: str | None

    def tokens(self):
        """Each ID token with the time it was given."""
        front = [(self.authorized["id_token"], AT + 10)] if self.is_hybrid else []
        return [*front, (self.exchanged["id_token"], AT + 20), (self.renewed["id_token"], AT + 3620)]


PROFILE = ("name", "preferred_username", "email", "email_verified", "locale")
ABOUT = {
    "openid offline_access": (),
    "openid email offline_access": ("email", "email_verified"),
    "openid profile offline_access": PROFILE,
    "openid profile email read offline_access": PROFILE,
}
REQUESTS = [("code", "a nonce"), ("code", None), ("code id_token", "n" * 512)]
KNOWN = {
    "name": "Maria Petrova",
    "preferred_username": "maria",
    "email": "maria@example.com",
    "email_verified": True,
    "locale": "bg",
}


@pytest.mark.parametrize("scope", ABOUT)
class TestIdToken:
    @pytest.fixture(params=REQUESTS, ids=["code", "code without nonce", "code id_token"])
    def signed_in(self, request, scope, flow, maria):
        response_type, nonce = request.param
        answers = flow(maria, scope, nonce=nonce, response_type=response_type, state="a state")
        return SignedIn(*answers, is_hybrid=response_type != "code", nonce=nonce)

    @pytest.fixture
    def always(self, web_app):
        return {
            "iss": ISSUER, "aud": web_app.client_id, "sub": "maria", "auth_time": AT, "idp": "local", "amr": ["pwd"],
        }  # fmt: skip

    @pytest.mark.contract("TK-45", "OP-111")
    def test_where_it_is_given_and_its_header(self, signed_in, header_of_verified):
        assert ("id_token" in signed_in.authorized) == signed_in.is_hybrid
        for token, _ in signed_in.tokens():
            assert header_of_verified(token) == {"alg": "RS256", "typ": "JWT"}

    @pytest.mark.contract("TK-46", "OP-119")
    def test_it_lives_five_minutes(self, signed_in):
        for token, at in signed_in.tokens():
            assert_times(claims_of(token), at=at, lifetime=300)

    @pytest.mark.contract("TK-47", "TK-48", "OP-75", "OP-99", "OP-110", "OP-113", "OP-116", "OP-117")
    def test_the_one_of_the_token_endpoint(self, signed_in, scope, always):
        expected = {
            **always,
            **{name: KNOWN[name] for name in ABOUT[scope]},
            "at_hash": half_hash(signed_in.exchanged["access_token"]),
            "s_hash": half_hash("a state"),
        }
        if signed_in.nonce is not None:
            expected["nonce"] = signed_in.nonce
        assert lasting(claims_of(signed_in.exchanged["id_token"])) == expected

    @pytest.mark.contract("ID-125", "OP-100", "OP-158")
    def test_the_one_of_a_renewal(self, signed_in, scope, always):
        assert lasting(claims_of(signed_in.renewed["id_token"])) == {
            **always,
            **{name: KNOWN[name] for name in ABOUT[scope]},
            "at_hash": half_hash(signed_in.renewed["access_token"]),
        }

    @pytest.mark.contract("TK-47", "TK-48", "OP-75", "OP-114", "OP-115", "OP-116")
    @pytest.mark.parametrize("signed_in", [REQUESTS[2]], ids=["code id_token"], indirect=True)
    def test_the_one_that_travels_through_the_browser(self, signed_in, always):
        assert lasting(claims_of(signed_in.authorized["id_token"])) == {
            **always,
            "nonce": signed_in.nonce,
            "c_hash": half_hash(signed_in.authorized["code"]),
            "s_hash": half_hash("a state"),
        }

    @pytest.mark.contract("TK-28", "ID-72")
    def test_all_tokens_are_of_one_sign_in(self, signed_in):
        tokens = [token for token, _ in signed_in.tokens()] + [signed_in.exchanged["access_token"]]
        sids = {claims_of(token)["sid"] for token in tokens}
        assert len(sids) == 1
        assert re.fullmatch(r"[0-9A-F]{32}", sids.pop())


@pytest.mark.contract("TK-47", "OP-73")
@pytest.mark.parametrize("state", [None, "состояние \u20ac +%&="])
def test_the_hash_of_the_state(state, flow, maria):
    _, exchanged, _ = flow(maria, "openid", state=state)
    assert claims_of(exchanged["id_token"]).get("s_hash") == (half_hash(state) if state else None)


@pytest.mark.contract("TK-49", "OP-118", "TK-06", "ID-49")
def test_an_id_token_opens_nothing(relying_party, web_app, internal_user):
    party = relying_party(web_app, user=internal_user, scope="openid profile read")
    body = party.tokens()
    assert party.call_api(body["id_token"]) == 401
    assert party.userinfo(body["id_token"]).status_code == 401
    for address in ("/api/domain/odata/Crm_Sales_Customers", "/id/connect/userinfo"):
        assert party.client.get(address, {"access_token": body["access_token"]}).status_code == 401
    assert party.call_api(body["access_token"]) == 200


@pytest.mark.contract("OP-244", "TK-111", "TK-110", "OP-228")
def test_too_little_is_403_and_everything_else_401(relying_party, web_app, internal_user):
    party = relying_party(web_app, user=internal_user)
    reads, signs_in = party.tokens(scope="read")["access_token"], party.tokens(scope="openid")["access_token"]
    refused = party.userinfo(reads)
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["WWW-Authenticate"]
    security = "/api/domain/odata/Systems_Security_Users"
    refused = party.client.get(security, headers={"Authorization": f"Bearer {reads}"})
    assert refused.status_code == 403
    assert 'error="insufficient_scope", scope="sec"' in refused.headers["WWW-Authenticate"]
    refused = party.client.get(security, headers={"Authorization": f"Bearer {signs_in}"})
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]


@pytest.mark.contract("TK-27", "OP-112", "TK-26")
def test_a_renamed_person_keeps_the_stable_key(flow, relying_party, maria, web_app, clock):
    party = relying_party(web_app, user=maria, scope="openid offline_access")
    body = party.tokens()
    maria.login = "maria.petrova"
    maria.save()
    renewed = claims_of(party.refresh(body["refresh_token"]).json()["access_token"])
    assert (renewed["sub"], renewed["id"]) == ("maria.petrova", claims_of(body["access_token"])["id"])


@pytest.mark.contract("TK-25")
def test_the_scopes_as_one_string(settings, relying_party, web_app, internal_user, service_app, service_token):
    settings.SCOPE_CLAIM = "string"
    party = relying_party(web_app, user=internal_user, scope="openid read offline_access")
    first = party.tokens()
    second = party.refresh(first["refresh_token"], scope="read openid").json()
    service = service_token(service_app)
    said = [claims_of(token)["scope"] for token in (first["access_token"], second["access_token"], service)]
    assert said == ["openid read offline_access", "read openid", "read update"]
    for body in (first, second):
        assert party.call_api(body["access_token"]) == 200
        assert party.userinfo(body["access_token"]).status_code == 200
    assert party.call_api(service) == 200
    # What was issued the other way stays good when the setting changes.
    settings.SCOPE_CLAIM = "array"
    assert party.call_api(first["access_token"]) == party.call_api(service) == 200
    assert claims_of(service_token(service_app))["scope"] == ["read", "update"]
