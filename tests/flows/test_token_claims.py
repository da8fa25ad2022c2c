"""What stands in the tokens that a person's sign-in gives: every claim, by flow, and nothing else."""

import base64
import hashlib
import re

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


def take_moment(claims, *, at, lifetime):
    """Remove what differs from token to token, after looking at it."""
    assert claims.pop("iat") == claims.pop("nbf") == at
    assert claims.pop("exp") == at + lifetime
    sid = claims.pop("sid")
    assert re.fullmatch(r"[0-9A-F]{32}", sid)
    return sid


@pytest.mark.contract(
    *(f"TK-{number:02}" for number in (*range(1, 5), *range(20, 32), *range(33, 38), 40, 41, 42, 43)),
    "TK-07", "ID-72", "ID-125", "ID-176", "ID-182", "ID-184", "OP-228", "OP-240", "OP-241", "OP-242", "OP-245",
    "OP-246",
)  # fmt: skip
@pytest.mark.parametrize(
    ("account", "asked", "granted", "changes"),
    [
        ({}, "openid profile read offline_access", "openid profile read offline_access", {}),
        ({}, "read", "read", {}),
        ({}, "DomainApi", "DomainApi read update", {}),
        ({}, "openid", "openid", {"aud": RESOURCES}),
        ({}, "offline_access email", "offline_access email", {"aud": RESOURCES}),
        ({"is_admin": True}, "openid read", "openid read", {"is_admin": True}),
        (
            {"user_type": 1},
            "openid read offline_access update",
            "openid offline_access",
            {"aud": RESOURCES, "user_type": "ExternalCommunityUser"},
        ),
        ({"email_confirmed": False}, "read", "read", {"email_verified": False}),
        ({"email": "", "email_confirmed": False}, "read", "read", {"email": None, "email_verified": False}),
    ],
)
def test_the_access_token(account, asked, granted, changes, flow, maria, web_app, header_of_verified):
    for name, value in account.items():
        setattr(maria, name, value)
    maria.save()
    expected = {name: value for name, value in about_access(maria, web_app, **changes).items() if value is not None}
    seen = set()
    _, *bodies = flow(maria, asked)
    for body, at in zip(bodies, (AT + 20, AT + 3620), strict=True):
        if not body:
            assert "offline_access" not in granted
            continue
        token = body["access_token"]
        assert len(token) < 4096
        assert header_of_verified(token) == {"alg": "RS256", "typ": "at+jwt"}
        claims = claims_of(token)
        token_id = claims.pop("jti")
        assert re.fullmatch(r"[0-9A-F]{32}", token_id)
        seen.add((take_moment(claims, at=at, lifetime=3600), token_id))
        assert claims == {**expected, "scope": granted.split()}
        assert body["scope"] == granted
    assert len({sid for sid, _ in seen}) == 1
    assert len({token_id for _, token_id in seen}) == len(seen)


@pytest.mark.contract(
    *(f"TK-{number}" for number in (45, 46, 47, 48)),
    "ID-125", "OP-75", "OP-99", "OP-100", "OP-110", "OP-111", "OP-113", "OP-114", "OP-115", "OP-116", "OP-117",
    "OP-119", "OP-158",
)  # fmt: skip
@pytest.mark.parametrize(
    ("scope", "about"),
    [
        ("openid offline_access", ()),
        ("openid email offline_access", ("email", "email_verified")),
        (
            "openid profile offline_access",
            ("name", "preferred_username", "email", "email_verified", "locale"),
        ),
        (
            "openid profile email read offline_access",
            ("name", "preferred_username", "email", "email_verified", "locale"),
        ),
    ],
)
@pytest.mark.parametrize(
    ("response_type", "nonce"), [("code", "a nonce"), ("code", None), ("code id_token", "n" * 512)]
)
def test_the_id_token(response_type, nonce, scope, about, flow, maria, web_app, header_of_verified):
    known = {
        "name": "Maria Petrova",
        "preferred_username": "maria",
        "email": "maria@example.com",
        "email_verified": True,
        "locale": "bg",
    }
    always = {
        "iss": ISSUER, "aud": web_app.client_id, "sub": "maria", "auth_time": AT, "idp": "local", "amr": ["pwd"],
    }  # fmt: skip
    authorized, exchanged, renewed = flow(maria, scope, nonce=nonce, response_type=response_type, state="a state")

    sids = {claims_of(exchanged["access_token"])["sid"]}
    for body, at in ((exchanged, AT + 20), (renewed, AT + 3620)):
        token = body["id_token"]
        assert header_of_verified(token) == {"alg": "RS256", "typ": "JWT"}
        claims = claims_of(token)
        sids.add(take_moment(claims, at=at, lifetime=300))
        expected = {
            **always,
            "at_hash": half_hash(body["access_token"]),
            **{name: known[name] for name in about},
        }
        if body is exchanged:
            expected["s_hash"] = half_hash("a state")
            if nonce is not None:
                expected["nonce"] = nonce
        assert claims == expected
    assert ("id_token" in authorized) == (response_type == "code id_token")
    if "id_token" in authorized:
        assert header_of_verified(authorized["id_token"]) == {"alg": "RS256", "typ": "JWT"}
        claims = claims_of(authorized["id_token"])
        sids.add(take_moment(claims, at=AT + 10, lifetime=300))
        assert claims == {
            **always, "nonce": nonce, "c_hash": half_hash(authorized["code"]), "s_hash": half_hash("a state"),
        }  # fmt: skip
    assert len(sids) == 1


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
