"""The token endpoint refuses what it cannot understand: clearly, in JSON, and without writing a token."""

import json
import string
from urllib.parse import quote_plus, urlencode

import pytest
from django.core.cache import cache
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.oauth import client_authentication as guessing
from erpnet_identity.platform import throttle
from erpnet_identity.tokens.models import AccessToken
from tests.conftest import FORM
from tests.factories.trusted_apps import TrustedApplicationFactory

pytestmark = pytest.mark.django_db

TOKEN = "/id/connect/token"


def assert_invalid_request(response, description, status=400):
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.json() == {"error": "invalid_request", "error_description": description}
    assert AccessToken.objects.count() == 0


@pytest.fixture
def good(service_app):
    return urlencode(
        {
            "grant_type": "client_credentials",
            "client_id": service_app.client_id,
            "client_secret": service_app.plain_secret,
        }
    )


class TestBody:
    @pytest.mark.contract("ID-93", "OP-130")
    @pytest.mark.parametrize(
        "content_type", ["application/json", "multipart/form-data; boundary=x", "text/plain", "", "form", "a/b;c=d"]
    )
    def test_other_content_types(self, content_type, good, token_request):
        assert_invalid_request(
            token_request(good, content_type=content_type),
            "The content type must be application/x-www-form-urlencoded",
        )

    @pytest.mark.contract("ID-93")
    def test_json_instead_of_a_form(self, token_request):
        body = json.dumps({"grant_type": "client_credentials"})
        assert_invalid_request(
            token_request(body, content_type="application/json"),
            "The content type must be application/x-www-form-urlencoded",
        )
        assert_invalid_request(token_request(body), "Missing grant_type")

    def test_other_charsets(self, good, token_request):
        assert_invalid_request(token_request(good, content_type=f"{FORM}; charset=utf-16"), "The charset must be UTF-8")

    @pytest.mark.contract("ID-93", "OP-139", "OP-43")
    @pytest.mark.parametrize(
        "repeated", ["grant_type=client_credentials", "scope=read&scope=read", "x=1&x=2", "client_id="]
    )
    def test_repeated_parameter(self, repeated, good, token_request):
        assert_invalid_request(token_request(f"{good}&{repeated}"), "A parameter is repeated")

    @pytest.mark.contract("OP-132", "ID-93")
    @pytest.mark.parametrize("body", ["&", "&&&", "grant_type=", "scope=read"])
    def test_missing_grant_type(self, body, token_request):
        assert_invalid_request(token_request(body), "Missing grant_type")

    @pytest.mark.contract("OP-139", "OP-63")
    @pytest.mark.parametrize(
        ("extra", "description"),
        [
            ("&scope=a%00b", "A parameter contains a NUL character"),
            ("&a%00=b", "A parameter contains a NUL character"),
            ("&scope=%ff%fe", "A parameter is not valid UTF-8"),
            ("&scope=%ed%a0%80", "A parameter is not valid UTF-8"),
            ("&scope=" + "x" * 9000, "A parameter is too long"),
            ("&" + "&".join(f"p{number}=" for number in range(101)), "The request has too many parameters"),
            ("&scope=" + "x" * 70_000, "The request body is too large"),
            ("&scope=" + "x" * 2_000_000, "The request body is too large"),
        ],
    )
    def test_unstorable_and_too_much(self, extra, description, good, token_request):
        assert_invalid_request(token_request(good + extra), description)

    @pytest.mark.contract("OP-139")
    def test_ten_kilobyte_values_in_every_place(self, token_request):
        for name in ("grant_type", "client_id", "client_secret", "scope"):
            fields = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "x", "scope": "read"}
            assert token_request(urlencode({**fields, name: "x" * 8000})).status_code == 400

    def test_stray_percent_signs_are_taken_as_they_are(self, token_request):
        response = token_request("grant_type=100%&x=%zz")
        assert response.json()["error_description"] == "Unsupported grant type: 100%"


class TestMethod:
    @pytest.mark.contract("ID-94", "OP-130")
    @pytest.mark.parametrize("method", ["get", "head", "put", "patch", "delete", "trace"])
    def test_only_post(self, method, client):
        response = getattr(client, method)(TOKEN)
        assert response.status_code == 405
        assert response.headers["Allow"] == "POST, OPTIONS"
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"

    @pytest.mark.contract("ID-94", "OP-130")
    def test_parameters_in_the_address_are_ignored(self, good, client):
        response = client.post(f"{TOKEN}?{good}", "&", content_type=FORM)
        assert_invalid_request(response, "Missing grant_type")
        ignored = client.post(f"{TOKEN}?scope=nonsense&client_id=x&%00=%ff", good, content_type=FORM)
        assert ignored.status_code == 200

    def test_cookies_mean_nothing(self, good, admin_client):
        response = admin_client.post(TOKEN, good, content_type=FORM)
        assert response.status_code == 200
        assert not response.cookies
        assert admin_client.post(TOKEN, "grant_type=client_credentials", content_type=FORM).status_code == 400


class TestThrottle:
    def fail(self, token_request, times, client_id="my.app/x", **kwargs):
        body = urlencode({"grant_type": "client_credentials", "client_id": client_id, "client_secret": "wrong"})
        return [token_request(body, **kwargs).status_code for _ in range(times)]

    @pytest.fixture(autouse=True)
    def _one_window(self, monkeypatch):
        monkeypatch.setattr(throttle.time, "time", lambda: 1_772_442_000.0 + 12)
        monkeypatch.setattr(guessing, "PAUSE", 0)

    @pytest.mark.contract("ID-95", "OP-234")
    def test_twenty_failures_a_minute_then_429(self, service_app, good, token_request):
        assert self.fail(token_request, 21) == [400] * 20 + [429]
        body = "grant_type=client_credentials&client_id=my.app/x&client_secret=wrong"
        response = token_request(body)
        assert response.status_code == 429
        assert response.headers["Retry-After"] == "48"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.json()["error"] == "temporarily_unavailable"
        # The trail is not filled by whoever is being slowed down.
        assert AuditEvent.objects.filter(name="token.refused").count() == 20

    @pytest.mark.contract("ID-95")
    @pytest.mark.parametrize("how", ["other clients", "the same client", "broken headers"])
    def test_a_right_secret_passes_whatever_others_did(self, how, service_app, good, token_request):
        if how == "broken headers":
            headers = {"Authorization": "Basic x"}
            codes = [token_request("grant_type=client_credentials", headers=headers).status_code for _ in range(25)]
            assert codes == [401] * 20 + [429] * 5
        else:
            self.fail(token_request, 25, service_app.client_id if how == "the same client" else "x")
        assert token_request(good).status_code == 200

    @pytest.mark.contract("ID-95")
    def test_a_guess_waits_and_a_right_one_passes_all_the_same(self, token_request, monkeypatch):
        """A short secret could be guessed. One after another is looked at, each after a pause."""
        weak = TrustedApplicationFactory(service=True, secret="DEMO")
        body = {"grant_type": "client_credentials", "client_id": weak.client_id, "client_secret": "DEMO"}
        pauses = []
        monkeypatch.setattr(guessing.time, "sleep", pauses.append)
        self.fail(token_request, 20, weak.client_id)
        assert pauses == []
        assert token_request(urlencode(body)).status_code == 200
        assert pauses == [guessing.PAUSE]
        other = TrustedApplicationFactory(service=True, secret="DEMO")
        assert token_request(urlencode({**body, "client_id": other.client_id})).status_code == 200
        assert len(pauses) == 1, "nobody failed there"

    @pytest.mark.contract("ID-95")
    def test_guesses_do_not_wait_side_by_side(self, good, service_app, token_request):
        """They would hold every thread. A secret that cannot be guessed does not wait behind them."""
        self.fail(token_request, 20, service_app.client_id)
        with guessing._turn:
            assert self.fail(token_request, 1, service_app.client_id) == [429]
            assert token_request(good).status_code == 200

    @pytest.mark.contract("ID-95", "OP-234")
    def test_per_client_from_many_addresses(self, service_app, good, client):
        body = urlencode(
            {"grant_type": "client_credentials", "client_id": service_app.client_id, "client_secret": "wrong"}
        )
        codes = [
            client.post(TOKEN, body, content_type=FORM, REMOTE_ADDR=f"198.51.100.{number}").status_code
            for number in range(22)
        ]
        assert codes == [400] * 20 + [429] * 2
        # Nobody can lock an app out by failing in its name.
        assert client.post(TOKEN, good, content_type=FORM, REMOTE_ADDR="203.0.113.9").status_code == 200

    def test_successes_are_not_counted(self, good, token_request):
        assert {token_request(good).status_code for _ in range(30)} == {200}

    @pytest.mark.contract("ID-95")
    def test_workers_count_together(self, service_app, token_request):
        """Another worker counts where this one stopped."""
        assert self.fail(token_request, 20) == [400] * 20
        throttle.forget_all()
        assert self.fail(token_request, 2) == [429, 429]

    def test_addresses_are_not_remembered_without_end(self, monkeypatch):
        monkeypatch.setattr(throttle, "MOST_BLOCKED", 3)
        counted = throttle.Throttle("test", warn=print)
        for number in range(5):
            counted.block(f"192.0.2.{number}")
        assert len(counted._blocked) <= 3
        assert counted.is_blocked("192.0.2.4")

    def test_a_right_answer_asks_no_cache(self, good, token_request, monkeypatch):
        def used(*args, **kwargs):
            raise AssertionError("the cache was asked")

        token_request(good)
        monkeypatch.setattr(throttle, "cache", type("Used", (), {"get": used, "add": used, "incr": used})())
        assert token_request(good).status_code == 200

    @pytest.mark.contract("OPS-03")
    def test_goes_on_without_a_cache(self, service_app, good, token_request, monkeypatch):
        def away(*args, **kwargs):
            raise ConnectionError("no cache")

        monkeypatch.setattr(throttle, "cache", type("Away", (), {"get": away, "add": away, "incr": away})())
        assert token_request(good).status_code == 200
        assert self.fail(token_request, 30) == [400] * 30


class TestCrossOrigin:
    @pytest.mark.contract("ID-08", "OP-140")
    def test_registered_origins_may_read_answers_and_errors(self, good, token_request):
        TrustedApplicationFactory(public=True, redirect_uris="https://spa.example.com/callback")
        for body, status in ((good, 200), ("grant_type=x", 400)):
            response = token_request(body, headers={"Origin": "https://spa.example.com"})
            assert response.status_code == status
            assert response.headers["Access-Control-Allow-Origin"] == "https://spa.example.com"
            assert response.headers["Vary"] == "Origin"
            assert "Access-Control-Allow-Credentials" not in response.headers

    @pytest.mark.contract("ID-08", "OP-140")
    @pytest.mark.parametrize(
        "origin",
        [
            "https://spa.example.co",
            "https://spa.example.com.evil.net",
            "http://spa.example.com",
            "null",
            "https://",
            "x",
        ],
    )
    def test_other_origins_may_not(self, origin, good, token_request):
        TrustedApplicationFactory(public=True, redirect_uris="https://spa.example.com/callback")
        TrustedApplicationFactory(public=True, redirect_uris="https://off.example.com/callback", is_enabled=False)
        for sent in (origin, "https://off.example.com"):
            response = token_request(good, headers={"Origin": sent})
            assert "Access-Control-Allow-Origin" not in response.headers

    @pytest.mark.contract("ID-95")
    @pytest.mark.parametrize("origin", ["https://evil.test", "null", "https://evil.test:443", "x", "file://"])
    def test_a_page_of_nobody_we_know_is_refused_before_it_counts(self, origin, service_app, good, token_request):
        wrong = good.replace(service_app.plain_secret, "x")
        for body in (wrong, good, "grant_type=x", b"\xff"):
            response = token_request(body, headers={"Origin": origin})
            assert response.status_code == 400
            assert response.json()["error"] == "invalid_request"
        for _ in range(25):
            token_request(wrong, headers={"Origin": origin})
        assert token_request(wrong).status_code == 400, "nothing was counted"
        assert token_request(good).status_code == 200
        assert AuditEvent.objects.filter(cause="origin_not_registered").exists()

    @pytest.mark.contract("ID-95")
    def test_our_own_origin_is_not_foreign(self, good, token_request, settings):
        assert token_request(good, headers={"Origin": settings.INSTANCE_URL}).status_code == 200

    @pytest.mark.contract("ID-08", "OP-140")
    def test_preflight(self, client):
        TrustedApplicationFactory(public=True, redirect_uris="https://spa.example.com/callback")
        response = client.options(
            TOKEN, headers={"Origin": "https://spa.example.com", "Access-Control-Request-Method": "POST"}
        )
        assert response.status_code == 204
        assert response.headers["Access-Control-Allow-Origin"] == "https://spa.example.com"
        assert response.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"
        assert response.headers["Access-Control-Allow-Methods"] == "POST"


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(["", "\x00", "client_credentials", "password", "read", "DomainApi", "a" * 9000, "'; --", "%s", "­"]),
    st.text(alphabet=string.printable, max_size=300),
)


@pytest.mark.contract("OP-139", "OP-344")
class TestAnything:
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        fields=st.lists(
            st.tuples(
                st.one_of(st.sampled_from(["grant_type", "client_id", "client_secret", "scope", "resource"]), HOSTILE),
                HOSTILE,
            ),
            max_size=8,
        ),
        authorization=st.one_of(st.none(), st.text(alphabet=string.printable[:95], max_size=80)),
    )
    def test_fields(self, fields, authorization, service_app, client):
        body = "&".join(
            f"{quote_plus(name, errors='surrogatepass')}={quote_plus(value, errors='surrogatepass')}"
            for name, value in fields
        )
        self.check(client, body.encode(), {"Authorization": authorization} if authorization is not None else {})

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(body=st.one_of(st.binary(max_size=300), st.binary(max_size=60).map(lambda tail: b"grant_type=" + tail)))
    def test_bytes(self, body, client):
        self.check(client, body, {})

    def check(self, client, body, headers):
        cache.clear()
        throttle.forget_all()
        tokens = AccessToken.objects.count()
        response = client.post(TOKEN, body, content_type=FORM, headers=headers)
        answer = json.loads(response.content)
        assert response.status_code in (400, 401)
        assert set(answer) == {"error", "error_description"}
        assert all(" " <= character <= "~" and character not in '"\\' for character in answer["error_description"])
        assert AccessToken.objects.count() == tokens
