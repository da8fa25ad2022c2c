"""Tokens are accepted only when this instance signed them, with this algorithm, as this kind."""

import base64
import hmac
import json

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import RSAKey

from erpnet_identity.keys import jwt, services

pytestmark = pytest.mark.django_db

CLAIMS = {"iss": "https://example.net/id", "name": "Мария"}


def encode(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def token(now):
    return jwt.sign(CLAIMS, typ="at+jwt", now=now)


@pytest.mark.contract("TK-01", "TK-02", "TK-03", "OP-240", "OP-22")
def test_what_was_signed_verifies(token, now):
    assert jwt.verify(token, typ="at+jwt", now=now) == CLAIMS
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    kid, _ = services.signing_key(now)
    assert header == {"alg": "RS256", "kid": kid, "typ": "at+jwt"}


def cause_of(token, now, typ="at+jwt"):
    with pytest.raises(jwt.BadToken) as caught:
        jwt.verify(token, typ=typ, now=now)
    return caught.value.cause


@pytest.mark.contract("OP-243", "OP-111", "TK-49")
class TestRefused:
    def test_another_kind(self, token, now):
        assert cause_of(token, now, typ="JWT") == "token_type"

    def test_altered_claims(self, token, now):
        header, _, signature = token.split(".")
        assert cause_of(f"{header}.{encode({'iss': 'evil'})}.{signature}", now) == "token_signature"

    def test_a_key_of_somebody_else(self, now):
        kid, _ = services.signing_key(now)
        foreign = RSAKey.generate_key(2048, auto_kid=False)
        header = {"alg": "RS256", "kid": kid, "typ": "at+jwt"}
        assert cause_of(jws.serialize_compact(header, b"{}", foreign), now) == "token_signature"
        header["kid"] = "0" * 32
        assert cause_of(jws.serialize_compact(header, b"{}", foreign), now) == "token_key_unknown"

    def test_no_algorithm(self, token, now):
        kid, _ = services.signing_key(now)
        unsigned = f"{encode({'alg': 'none', 'kid': kid, 'typ': 'at+jwt'})}.{token.split('.')[1]}."
        assert cause_of(unsigned, now) == "token_algorithm"

    def test_public_key_used_as_a_shared_secret(self, now):
        kid, key = services.signing_key(now)
        signed = f"{encode({'alg': 'HS256', 'kid': kid, 'typ': 'at+jwt'})}.{encode({})}"
        mac = hmac.digest(key.as_pem(private=False), signed.encode(), "sha256")
        forged = f"{signed}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
        assert cause_of(forged, now) == "token_algorithm"

    def test_critical_header(self, now):
        kid, _ = services.signing_key(now)
        header = f"{encode({'alg': 'RS256', 'kid': kid, 'typ': 'at+jwt', 'crit': ['exp'], 'exp': 1})}"
        assert cause_of(f"{header}.{encode({})}.{encode({})}", now) == "token_malformed"

    @pytest.mark.contract("OP-102", "OP-139", "OP-175", "OP-194")
    @pytest.mark.parametrize("name", ["alg", "kid", "typ", "crit", "b64", "jwk", "x5c", "cty"])
    @pytest.mark.parametrize("value", [None, 5, True, "", "x", [], [5], {}, {"a": []}], ids=repr)
    def test_headers_of_a_wrong_type(self, name, value, now):
        """No credential is needed to send one, so it must not be a fault of ours."""
        kid, _ = services.signing_key(now)
        header = encode({"alg": "RS256", "kid": kid, "typ": "at+jwt", name: value})
        assert cause_of(f"{header}.{encode({})}.{encode({})}", now).startswith("token_")

    def test_a_header_that_is_nested_without_end(self, now):
        for text in ("[" * 4000, '{"a":' * 1500):
            header = base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
            assert cause_of(f"{header}.e30.e30", now) == "token_malformed"

    @pytest.mark.parametrize("text", ["", ".", "..", "a.b.c", "e30.e30.e30", "W10.W10.W10", "x" * 9000, "é.é.é"])
    def test_what_is_no_token(self, text, now):
        assert cause_of(text, now) in ("token_malformed", "token_algorithm")

    def test_claims_that_are_no_object(self, now):
        kid, key = services.signing_key(now)
        header = {"alg": "RS256", "kid": kid, "typ": "at+jwt"}
        for payload in (b"[]", b"1", b"\xff", b"{"):
            assert cause_of(jws.serialize_compact(header, payload, key), now) == "token_malformed"


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(st.text(max_size=200), st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}"))
)
def test_any_text_is_refused_and_never_an_error(now, text):
    with pytest.raises(jwt.BadToken):
        jwt.verify(text, typ="at+jwt", now=now)
