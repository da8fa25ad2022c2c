"""Reading an access token: what it says, what is stored of it, and every cause to refuse it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.utils.timezone import now

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions.authentication import SessionAuthentication
from erpnet_identity.keys import jwt
from erpnet_identity.tokens import reading
from erpnet_identity.tokens.exceptions import InvalidCredential
from erpnet_identity.tokens.models import AccessToken, Grant
from erpnet_identity.tokens.parsing import ParsedToken, parse
from erpnet_identity.tokens.principal import Kind
from erpnet_identity.tokens.token_state import TokenState, check
from erpnet_identity.users.models import User
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of
from trusted_apps.models import TrustedApplication

API = "/api/domain/odata/Crm_Sales_Customers"
NOW = datetime(2030, 5, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def token(relying_party, web_app, internal_user, service_app, service_token):
    """``token(kind)`` was issued over HTTP, with ``read``."""

    def issue(kind):
        if kind is Kind.SERVICE:
            return service_token(service_app, "read")
        return relying_party(web_app, user=internal_user, scope="openid read").tokens()["access_token"]

    return issue


@pytest.fixture
def call(client):
    def send(token):
        return client.get(API, headers={"Authorization": f"Bearer {token}"})

    return send


# ── what is stored ───────────────────────────────────────────────────────────────────────────────────

ANY = (Kind.USER, Kind.SERVICE)
# What is changed after the token was issued, by the cause that is recorded.
CHANGES = [
    (ANY, "token_unknown", lambda: AccessToken.objects.all().delete()),
    (ANY, "token_revoked", lambda: AccessToken.objects.update(revoked_at=now())),
    (ANY, "token_expired", lambda: AccessToken.objects.update(expires=now())),
    (ANY, "application_disabled", lambda: TrustedApplication.objects.update(is_enabled=False)),
    (ANY, "user_inactive", lambda: User.objects.update(is_active=False)),
    ([Kind.USER], "token_revoked", lambda: Grant.objects.update(revoked_at=now())),
    ([Kind.USER], "user_changed", lambda: AccessToken.objects.update(user=UserFactory())),
    ([Kind.SERVICE], "service_access_withdrawn", lambda: TrustedApplication.objects.update(allows_service=False)),
    ([Kind.SERVICE], "service_access_withdrawn", lambda: TrustedApplication.objects.update(client_type="public")),
    ([Kind.SERVICE], "system_user_changed", lambda: TrustedApplication.objects.update(system_user=None)),
    ([Kind.SERVICE], "system_user_changed",
     lambda: TrustedApplication.objects.update(system_user=UserFactory(system=True))),
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.contract("TK-106", "ID-135", "API-91")
@pytest.mark.parametrize(
    ("kind", "cause", "change"),
    [
        pytest.param(kind, cause, change, id=f"{kind.value}-{cause}-{number}")
        for number, (kinds, cause, change) in enumerate(CHANGES)
        for kind in kinds
    ],
)
def test_each_cause_that_is_stored(kind, cause, change, token, call):
    issued = token(kind)
    assert call(issued).status_code == 200
    change()
    response = call(issued)
    assert response.status_code == 401
    assert 'error="invalid_token"' in response["WWW-Authenticate"]
    event = AuditEvent.objects.get(name="api_call.refused")
    claims = claims_of(issued)
    assert (event.cause, event.client_id, event.token_id) == (cause, claims["client_id"], claims["jti"])


@pytest.mark.django_db
@pytest.mark.contract("TK-106", "API-91", "API-95")
@pytest.mark.parametrize("kind", ANY)
@pytest.mark.parametrize("reader", [reading.TokenReader(), SessionAuthentication.reader], ids=["alone", "with-session"])
def test_the_caller_in_one_statement(kind, reader, token, internal_user, service_app, django_assert_num_queries):
    issued = token(kind)
    claims = claims_of(issued)
    User.objects.update(name="As it is now")
    reader.read(issued, audience="DomainAPI", now=now())  # the signing keys are read once per process
    with django_assert_num_queries(1):
        principal, beside = reader.read(issued, audience="DomainAPI", now=now())
    account = internal_user if kind is Kind.USER else service_app.system_user
    assert (principal.kind, principal.is_service) == (kind, kind is Kind.SERVICE)
    assert (principal.user_id, principal.login, principal.name) == (str(account.pk), account.login, "As it is now")
    assert (principal.client_id, principal.token_id) == (claims["client_id"], claims["jti"])
    assert principal.scopes == frozenset(claims["scope"])
    assert principal.session_key == (claims["sid"] if kind is Kind.USER else claims["jti"])
    assert beside is None  # no session is open


@pytest.mark.django_db
@pytest.mark.contract("TK-39")
@pytest.mark.parametrize("kind", ANY)
def test_the_kind_is_said_by_every_step_and_by_the_row(kind, token):
    parsed = parse(token(kind), audience="DomainAPI", now=now())
    state, _ = reading.TokenReader().look_up(parsed)
    row = AccessToken.objects.get()
    assert (parsed.kind, state.kind, check(state, now=now()).kind) == (kind, kind, kind)
    assert (row.user_id is not None, row.grant_id is not None) == (kind is Kind.USER, kind is Kind.USER)


# ── what it says ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.django_db
@pytest.mark.contract("TK-105", "TK-41", "TK-42")
@pytest.mark.parametrize(
    ("cause", "claims"),
    [
        ("token_issuer", {"iss": "https://other.example/id"}),
        ("token_issuer", {"iss": None}),
        ("token_malformed", {"scope": None}),
        ("token_malformed", {"scope": 7}),
        ("token_malformed", {"aud": None}),
        ("token_malformed", {"aud": {"DomainAPI": 1}}),
        ("token_expired", {"exp": int(NOW.timestamp())}),
        ("token_expired", {"exp": "never"}),
        ("token_expired", {"exp": None}),
        ("token_not_yet_valid", {"nbf": int(NOW.timestamp()) + 61}),
        ("token_not_yet_valid", {"nbf": "always"}),
        ("token_audience", {"aud": ["TableAPI"]}),
        ("token_audience", {"aud": "DomainAPI "}),
        ("token_without_scope", {"aud": f"{settings.ISSUER}/resources"}),
    ],
)
@pytest.mark.parametrize("kind", ANY)
def test_each_cause_that_the_token_says(kind, cause, claims, django_assert_num_queries):
    account = {"id": "U"} if kind is Kind.USER else {"client_system_user_id": "U"}
    good = {
        "iss": settings.ISSUER,
        "aud": "DomainAPI",
        "scope": ["read"],
        "jti": "J",
        "client_id": "my.app/1",
        "exp": int(NOW.timestamp()) + 1,
        "nbf": int(NOW.timestamp()) + 60,
        **account,
    }
    signed = jwt.sign(good, typ="at+jwt", now=NOW)
    parsed = parse(signed, audience="DomainAPI", now=NOW)
    assert (parsed.kind, parsed.account_id, parsed.scopes) == (kind, "U", {"read"})
    assert (parsed.token_id, parsed.client_id) == ("J", "my.app/1")
    changed = jwt.sign({**good, **claims}, typ="at+jwt", now=NOW)
    with pytest.raises(InvalidCredential) as refused, django_assert_num_queries(0):
        parse(changed, audience="DomainAPI", now=NOW)
    assert refused.value.cause == cause


# ── the order ────────────────────────────────────────────────────────────────────────────────────────


def good_state(kind):
    user = UUID(int=7)
    return TokenState(
        kind=kind,
        token=ParsedToken(kind, "0" * 64, "J", "my.app/1", str(user), frozenset({"read"})),
        revoked_at=None,
        expires=NOW + timedelta(microseconds=1),
        application_id=UUID(int=1),
        client_id="my.app/1",
        is_application_enabled=True,
        is_kind_allowed=True,
        grant_revoked_at=None,
        sid="S" if kind is Kind.USER else "",
        user_id=user,
        login="maria",
        name="Maria",
        user_type=1,
        is_admin=False,
        is_active=True,
    )


@pytest.mark.contract("TK-106", "ID-135")
@pytest.mark.parametrize("kind", ANY)
def test_of_several_causes_the_first_is_recorded(kind):
    """Everything is wrong, and is put right one after the other."""
    good = good_state(kind)
    faults = {
        "revoked_at": (NOW, "token_revoked"),
        "expires": (NOW, "token_expired"),
        "is_application_enabled": (False, "application_disabled"),
        "is_kind_allowed": (False, "service_access_withdrawn"),
        "grant_revoked_at": (NOW, "token_revoked"),
        "user_id": (None, "user_changed" if kind is Kind.USER else "system_user_changed"),
        "is_active": (False, "user_inactive"),
    }
    state = replace(good, **{name: wrong for name, (wrong, _) in faults.items()})
    for name, (_, cause) in faults.items():
        with pytest.raises(InvalidCredential) as refused:
            check(state, now=NOW)
        assert (refused.value.cause, refused.value.client_id, refused.value.token_id) == (cause, "my.app/1", "J")
        state = replace(state, **{name: getattr(good, name)})
    assert state == good
    principal = check(state, now=NOW)
    assert (principal.kind, principal.user_id, principal.sid) == (kind, str(UUID(int=7)), good.sid)


@pytest.mark.contract("ID-135")
def test_no_account_is_not_another_one_that_is_missing():
    """An application without a system user and a token without an account do not fit each other."""
    good = good_state(Kind.SERVICE)
    with pytest.raises(InvalidCredential, match="system_user_changed"):
        check(replace(good, user_id=None, token=replace(good.token, account_id=None)), now=NOW)
