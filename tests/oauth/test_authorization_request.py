"""What an authorization request must be, and where its errors go: to the person or to the application."""

import base64
from urllib.parse import urlencode, urlsplit

import jwt
import pytest
from django.test import Client

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.edge.policy import LEADING_AWAY
from erpnet_identity.tokens.models import Grant
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.support.relying_party import AUTHORIZE, FORM, answer_of

pytestmark = pytest.mark.django_db

ISSUER = "http://127.0.0.1:8000/id"


@pytest.fixture
def rp(relying_party, web_app, internal_user):
    """A web application at the browser of somebody who is signed in and has agreed to everything."""
    party = relying_party(web_app, user=internal_user, scope="openid profile read offline_access")
    party.answer()
    Grant.objects.all().delete()
    return party


@pytest.fixture
def spa(relying_party, public_app, internal_user):
    """A public application at the browser of somebody who is signed in and has agreed."""
    party = relying_party(public_app, user=internal_user, scope="openid")
    party.answer()
    Grant.objects.all().delete()
    return party


def causes():
    return list(AuditEvent.objects.filter(name="authorization.refused").values_list("cause", flat=True))


def assert_error_page(response, error, cause):
    """An error page: 400, no way off by itself, the code, the correlation id."""
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
    page = response.content.decode()
    assert error in page
    assert response.headers["X-Correlation-Id"] in page
    assert "http-equiv" not in page
    assert Grant.objects.count() == 0
    assert causes() == [cause]


def assert_refused(response, error, cause, *, mode="query", state="a state", redirect_uri=None, description=None):
    """An error response: at the redirect URI, in the mode of the request, with exactly these members."""
    address, used_mode, parameters = answer_of(response)
    assert (address, used_mode) == (redirect_uri or "https://web.example.com/callback", mode)
    assert parameters["error"] == error, parameters
    expected = {"error", "error_description", "iss"} | ({"state"} if state is not None else set())
    assert set(parameters) == expected
    assert parameters.get("state") == state
    assert parameters["iss"] == ISSUER
    shown = parameters["error_description"]
    assert shown.isascii()
    assert shown.isprintable()
    assert not set('"\\') & set(shown)
    if description:
        assert shown == description
    assert Grant.objects.count() == 0
    assert causes() == [cause]
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Referrer-Policy"] == ("strict-origin" if mode == "form_post" else "no-referrer")


class TestWhoAsks:
    """Client and redirect URI come first; while they are in doubt the browser goes nowhere."""

    @pytest.mark.contract("ID-30", "ID-46", "ID-47", "ID-50", "ID-233", "OP-45", "TA-01")
    @pytest.mark.parametrize("client_id", ["nobody", "MY.APP/0", "my.app/0 ", "<script>", "a" * 300, "ä"])
    @pytest.mark.parametrize("prompt", [None, "none"])
    def test_unknown_client(self, client_id, prompt, rp):
        response = rp.authorize(client_id=client_id, prompt=prompt)
        assert_error_page(response, "unauthorized_client", "client_unknown")
        assert "<script>" not in response.content.decode()

    @pytest.mark.contract("OP-45", "ID-47", "OP-42")
    @pytest.mark.parametrize("client_id", [None, ""])
    def test_no_client(self, client_id, rp):
        assert_error_page(rp.authorize(client_id=client_id), "unauthorized_client", "client_id_missing")

    @pytest.mark.contract("ID-47", "TA-70", "TA-13", "TA-92", "ID-233")
    @pytest.mark.parametrize(
        ("changes", "cause"),
        [
            ({"is_enabled": False}, "application_disabled"),
            ({"client_type": "none"}, "sign_in_not_allowed"),
            ({"allows_internal_users": False}, "sign_in_not_allowed"),
        ],
    )
    def test_client_that_may_not(self, changes, cause, rp):
        for name, value in changes.items():
            setattr(rp.application, name, value)
        rp.application.save()
        response = rp.authorize()
        assert_error_page(response, "unauthorized_client", cause)
        # It looks like one that does not exist: no name, no address.
        assert rp.application.name not in response.content.decode()

    @pytest.mark.contract("ID-31", "ID-48", "ID-225", "OP-45", "OP-46", "TA-60", "OP-229")
    @pytest.mark.parametrize(
        "redirect_uri",
        [
            *("https://web.example.com/callback/", "https://web.example.com/callback?", "https://evil.example"),
            *("https://web.example.com/callback?a=1", "https://web.example.com/callback#", "/callback", "x"),
            *("https://web.example.com:443/callback", "http://web.example.com/callback", "javascript:alert(1)"),
            *("https://WEB.example.com/callback", "HTTPS://web.example.com/callback", " https://web.example.com/callback"),
            *("https://web.example.com/Callback", "https://u@web.example.com/callback", "https://web.example.com/x"),
            *("https://web.example.com/callback\r\nX: y", "https://web.example.com/%63allback"),
            # Registered for sign-out only.
            pytest.param("https://web.example.com/signed-out", marks=pytest.mark.contract("TA-64")),
        ],
    )  # fmt: skip
    def test_unregistered_redirect_uri(self, redirect_uri, rp):
        rp.application.post_logout_redirect_uris = "https://web.example.com/signed-out"
        rp.application.save()
        response = rp.authorize(redirect_uri=redirect_uri)
        assert_error_page(response, "invalid_redirect_uri", "redirect_uri_not_registered")

    @pytest.mark.contract("ID-48", "OP-48")
    @pytest.mark.parametrize("redirect_uri", [None, ""])
    def test_missing_redirect_uri(self, redirect_uri, rp):
        assert_error_page(rp.authorize(redirect_uri=redirect_uri), "invalid_redirect_uri", "redirect_uri_missing")

    def test_the_page_shows_the_address_as_text(self, rp):
        page = rp.authorize(redirect_uri="https://evil.example/?<b>\u202e").content.decode()
        assert 'id="error-address">https://evil.example/?&lt;b&gt;?</dd>' in page
        assert 'href="https://evil' not in page

    @pytest.mark.contract("OP-43", "OP-45")
    @pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
    def test_repeated(self, name, rp):
        twice = urlencode([*rp.request().items(), (name, rp.parameters[name])])
        assert_error_page(rp.client.get(f"{AUTHORIZE}?{twice}"), "invalid_request", "parameter_repeated")

    @pytest.mark.contract("OP-63")
    @pytest.mark.parametrize("extra", ["&state=%00", "&state=%FF%FE", "&x=%00", "&nonce=" + "n" * 9000, "&a=b" * 200])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_what_no_server_can_take(self, extra, method, rp):
        text = urlencode(rp.request(state=None, nonce=None)) + extra
        if method == "GET":
            response = rp.client.get(f"{AUTHORIZE}?{text}")
        else:
            response = rp.client.post(AUTHORIZE, text, content_type=FORM)
        assert_error_page(response, "invalid_request", "form_unreadable")

    @pytest.mark.contract("OP-44", "ID-51")
    def test_a_stranger_is_refused_before_anyone_signs_in(self, client, relying_party, web_app):
        rp = relying_party(web_app)
        refused = rp.authorize(redirect_uri="https://evil.example")
        assert_error_page(refused, "invalid_redirect_uri", "redirect_uri_not_registered")

    @pytest.mark.contract("TA-63", "OP-47", "CL-11")
    @pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
    def test_loopback_with_any_port(self, host, relying_party, internal_user):
        application = TrustedApplicationFactory(public=True, redirect_uris=f"http://{host}/cb")
        rp = relying_party(application, user=internal_user)
        page = rp.authorize(redirect_uri=f"http://{host}:51234/cb")
        assert answer_of(rp.answer_consent(page))[0] == f"http://{host}:51234/cb"
        assert rp.authorize(redirect_uri=f"http://{host}:51234/cb2").status_code == 400

    @pytest.mark.contract("TA-42", "CL-11", "OP-235")
    def test_own_scheme(self, relying_party, internal_user):
        application = TrustedApplicationFactory(public=True, redirect_uris="com.example.app:/oauth/callback")
        rp = relying_party(application, user=internal_user)
        page = rp.authorize()
        assert page.headers["Content-Security-Policy"] == LEADING_AWAY
        response = rp.answer_consent(page)
        assert response["Location"].startswith("com.example.app:/oauth/callback?code=")


def hybrid(changes, cause, *rows):
    """A case of a request with ``code id_token``, and the rows it proves."""
    return pytest.param(changes, cause, marks=pytest.mark.contract(*rows))


class TestWhatIsAsked:
    """Everything else is told to the application, before anyone is asked anything."""

    @pytest.mark.contract("ID-32", "ID-236", "OP-51", "OP-70", "OP-71", "OP-72")
    @pytest.mark.parametrize(
        ("response_type", "error", "cause"),
        [
            (None, "invalid_request", "response_type_missing"),
            ("", "invalid_request", "response_type_missing"),
            ("none", "unsupported_response_type", "response_type_unsupported"),
            ("code code2", "unsupported_response_type", "response_type_unsupported"),
        ],
    )
    def test_response_type(self, response_type, error, cause, rp):
        assert_refused(rp.authorize(response_type=response_type), error, cause)

    @pytest.mark.contract("ID-45", "OP-52", "OP-70")
    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("request", "eyJhbGciOiJub25lIn0.e30."),
            ("request_uri", "https://rp.example/r"),
            ("registration", "{}"),
        ],
    )
    def test_parameters_that_are_not_supported(self, name, value, rp):
        assert_refused(rp.authorize(**{name: value}), f"{name}_not_supported", f"{name}_not_supported")

    @pytest.mark.contract("ID-236", "OP-53")
    def test_a_response_mode_that_does_not_exist(self, rp):
        assert_refused(rp.authorize(response_mode="web_message"), "invalid_request", "response_mode")

    @pytest.mark.contract("OP-75", "ID-49")
    def test_too_long_a_nonce(self, rp):
        assert_refused(rp.authorize(nonce="n" * 513), "invalid_request", "nonce_too_long")

    @pytest.mark.contract("OP-52")
    @pytest.mark.parametrize("changes", [{}, {"response_mode": "query"}, {"response_type": "code id_token"}])
    def test_a_request_object_is_refused_the_way_it_asks_for(self, changes, rp):
        claims = {
            "response_mode": "form_post", "state": "another", "redirect_uri": "https://evil.example/", "client_id": "x",
            "scope": "sec", "prompt": "none",
        }  # fmt: skip
        response = rp.authorize(**changes, request=jwt.encode(claims, "x" * 32))
        address, mode, answer = answer_of(response)
        # Nothing else in it is believed.
        assert (address, mode) == (rp.parameters["redirect_uri"], "form_post")
        assert (answer["error"], answer["state"]) == ("request_not_supported", rp.parameters["state"])

    @pytest.mark.contract("OP-52")
    @pytest.mark.parametrize(
        ("asked", "changes", "mode"),
        [
            ("fragment", {}, "fragment"),
            ("fragment", {"response_mode": "form_post"}, "fragment"),
            ("query", {"response_mode": "form_post"}, "query"),
            ("query", {"response_type": "code id_token"}, "fragment"),
            ("query", {"response_type": "code id_token", "response_mode": "form_post"}, "form_post"),
            ("web_message", {"response_mode": "fragment"}, "fragment"),
        ],
    )
    def test_by_any_way_that_may_be_used(self, asked, changes, mode, rp):
        claims = {"response_mode": asked, "response_type": "code id_token"}
        response = rp.authorize(**changes, request=jwt.encode(claims, "x" * 32))
        assert_refused(response, "request_not_supported", "request_not_supported", mode=mode)

    @pytest.mark.contract("OP-52")
    @pytest.mark.parametrize(
        "text",
        [
            *(
                jwt.encode({"response_mode": mode}, "x" * 32)
                for mode in ("query", "web_message", ["form_post"], {"form_post": 1}, None)
            ),
            *("form_post", "a.b", "..", "a.Zm9ybV9wb3N0.c", "a.e30.c", "a.\u0436.c", "a.!!!.c", "a.b.c.d.e"),
            "a." + base64.urlsafe_b64encode(b"[" * 5000).decode() + ".c",
        ],
    )
    def test_any_other_request_object_is_refused_as_always(self, text, rp):
        assert_refused(rp.authorize(request=text), "request_not_supported", "request_not_supported")

    @pytest.mark.contract("ID-14", "OP-70", "OP-77", "OP-224")
    @pytest.mark.parametrize(
        "response_type", ["token", "id_token", "id_token token", "code token", "code id_token token"]
    )
    def test_types_that_carry_tokens_are_refused_in_the_fragment(self, response_type, rp):
        response = rp.authorize(response_type=response_type)
        assert_refused(response, "unsupported_response_type", "response_type_unsupported", mode="fragment")

    @pytest.mark.contract("ID-32", "OP-70")
    @pytest.mark.parametrize("response_type", ["code id_token", "id_token code", "id_token  code"])
    @pytest.mark.parametrize(
        ("changes", "cause"),
        [
            hybrid({"nonce": None}, "nonce_missing", "ID-36", "OP-74", "CL-35"),
            hybrid({"nonce": ""}, "nonce_missing", "ID-36", "OP-74"),
            hybrid({"scope": "profile read"}, "openid_missing", "ID-37", "OP-54"),
            hybrid({"response_mode": "query"}, "response_mode", "ID-33", "OP-53", "CL-40"),
            hybrid({"scope": None}, "openid_missing", "ID-37", "OP-54"),
        ],
    )
    def test_hybrid_refusals_are_in_the_fragment(self, response_type, changes, cause, rp):
        response = rp.authorize(response_type=response_type, **changes)
        assert_refused(response, "invalid_request", cause, mode="fragment")

    @pytest.mark.contract("OP-70", "ID-49")
    @pytest.mark.parametrize("mode", ["query", "fragment", "form_post"])
    def test_errors_take_the_mode_that_was_asked_for(self, mode, rp):
        assert_refused(rp.authorize(response_mode=mode, prompt="never"), "invalid_request", "prompt_unknown", mode=mode)

    @pytest.mark.contract("OP-51", "OP-70")
    def test_form_post_without_response_type(self, rp):
        response = rp.authorize(response_mode="form_post", response_type=None)
        assert_refused(response, "invalid_request", "response_type_missing", mode="form_post")

    @pytest.mark.contract("ID-45", "OP-43")
    @pytest.mark.parametrize(
        "name", ["response_type", "scope", "state", "nonce", "prompt", "max_age", "code_challenge", "login_hint"]
    )
    def test_repeated(self, name, rp):
        pairs = [*rp.request(prompt="none", max_age="60", login_hint="x").items()]
        twice = urlencode([*pairs, (name, dict(pairs)[name])])
        assert_refused(rp.client.get(f"{AUTHORIZE}?{twice}"), "invalid_request", "parameter_repeated")

    @pytest.mark.contract("ID-34", "ID-229", "OP-55", "TK-88", "TK-96", "TK-102", "TK-104")
    @pytest.mark.parametrize(
        ("scope", "description"),
        [
            ("openid write", "Invalid scope: write (there is no scope write)"),
            ("openid sec", "Invalid scope: sec"),
            ("openid sec write", "Invalid scope: sec write (there is no scope write)"),
            ("openid address phone", "Invalid scope: address phone (there is no scope address phone)"),
            ("OpenID read", "Invalid scope: OpenID (there is no scope OpenID)"),
            ("openid,read", "Invalid scope: openid,read (there is no scope openid,read)"),
            ('openid "x\\y"', "Invalid scope: ?x?y? (there is no scope ?x?y?)"),
            ("openid ü", "Invalid scope: ? (there is no scope ?)"),
        ],
    )
    def test_scope_that_may_not_be_had(self, scope, description, rp):
        response = rp.authorize(scope=scope)
        cause = "scope_unknown" if "there is no scope" in description else "scope_not_allowed"
        assert_refused(response, "invalid_scope", cause, description=description)

    @pytest.mark.contract("ID-229")
    def test_a_scope_that_this_application_may_not_have(self, rp):
        rp.application.scope = "read"
        rp.application.save()
        refused = {"error": "invalid_scope", "cause": "scope_not_allowed", "description": "Invalid scope: update"}
        assert_refused(rp.authorize(scope="openid update"), **refused)

    def test_very_many_scopes_that_do_not_exist(self, rp):
        response = rp.authorize(scope=" ".join(f"scope{number}" for number in range(700)))
        description = answer_of(response)[2]["error_description"]
        assert len(description) <= 1000
        assert "(there is no scope scope0 " in description

    @pytest.mark.contract("TK-91", "TA-47")
    def test_no_scope_and_nothing_registered(self, rp):
        rp.application.scope = ""
        rp.application.save()
        assert_refused(rp.authorize(scope=None), "invalid_scope", "scope_empty")

    @pytest.mark.contract("ID-38", "ID-39", "ID-235", "OP-220", "OP-221", "CL-61")
    @pytest.mark.parametrize(
        ("changes", "cause"),
        [
            ({"code_challenge": None, "code_challenge_method": None}, "pkce_missing"),
            ({"code_challenge": None}, "pkce_missing"),
            ({"code_challenge_method": None}, "pkce_plain"),
            ({"code_challenge_method": "plain"}, "pkce_plain"),
            ({"code_challenge_method": "s256"}, "pkce_plain"),
            ({"code_challenge": "c" * 42}, "pkce_malformed"),
            ({"code_challenge": "c" * 129}, "pkce_malformed"),
            ({"code_challenge": "c" * 42 + "+"}, "pkce_malformed"),
        ],
    )
    @pytest.mark.parametrize("signed_in", [True, False])
    def test_pkce(self, changes, cause, signed_in, spa):
        if not signed_in:
            spa.client.logout()
        response = spa.authorize(**changes)
        assert_refused(response, "invalid_request", cause, redirect_uri="https://spa.example.com/callback")

    @pytest.mark.contract("ID-38", "OP-220", "OP-223")
    def test_pkce_with_the_hybrid_type(self, spa):
        response = spa.authorize(
            response_type="code id_token", response_mode="form_post", code_challenge=None, code_challenge_method=None
        )
        uri = "https://spa.example.com/callback"
        assert_refused(response, "invalid_request", "pkce_missing", mode="form_post", redirect_uri=uri)

    @pytest.mark.contract("ID-40", "OP-93", "OP-97")
    @pytest.mark.parametrize(
        ("prompt", "cause"),
        [
            ("create", "prompt_unknown"),
            ("login nonsense", "prompt_unknown"),
            ("none login", "prompt_none_with_others"),
            ("consent none", "prompt_none_with_others"),
        ],
    )
    def test_prompt(self, prompt, cause, rp):
        assert_refused(rp.authorize(prompt=prompt), "invalid_request", cause)

    @pytest.mark.contract("ID-41", "OP-98")
    @pytest.mark.parametrize("max_age", ["-1", "1.5", "soon", "0x10", "1e3", "٣", "9" * 11])
    def test_max_age_that_is_no_number(self, max_age, rp):
        assert_refused(rp.authorize(max_age=max_age), "invalid_request", "max_age_malformed")

    @pytest.mark.contract("ID-35")
    def test_longest_state(self, rp):
        assert rp.answer(state="s" * 2048)["state"] == "s" * 2048
        Grant.objects.all().delete()
        response = rp.authorize(state="s" * 2049)
        assert_refused(response, "invalid_request", "state_too_long", state="s" * 2049)

    @pytest.mark.contract("OP-71", "OP-73", "ID-35")
    def test_no_state_in_no_state_out(self, rp):
        assert_refused(rp.authorize(state=None, prompt="x"), "invalid_request", "prompt_unknown", state=None)

    @pytest.mark.contract("OP-102")
    @pytest.mark.parametrize("hint", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyMCJ9.", "é"])
    def test_hint_that_is_no_token_of_ours(self, hint, rp):
        _, _, parameters = answer_of(rp.authorize(id_token_hint=hint))
        assert parameters["error"] == "invalid_request"
        assert Grant.objects.count() == 0

    @pytest.mark.contract("OP-102", "OP-118")
    def test_an_access_token_is_no_hint(self, rp):
        token = rp.tokens()["access_token"]
        assert rp.answer(id_token_hint=token)["error"] == "invalid_request"


class TestWhatIsTaken:
    """Requests that are right although they look odd."""

    @pytest.mark.contract("ID-45", "OP-42", "OP-57", "CL-12", "CL-27", "CL-21")
    def test_parameters_that_change_nothing(self, rp):
        odd = {
            "approval_prompt": "auto", "schema": "openid", "client_info": "1", "x-client-SKU": "MSAL",
            "display": "popup", "ui_locales": "xx fr-CA bg", "claims_locales": "de", "login_hint": "somebody",
            "acr_values": "1 2 idp:nothing", "response_mode": "", "prompt": "", "max_age": "", "resource": "https://a.b",
        }  # fmt: skip
        assert set(rp.answer(**odd)) == {"code", "state", "iss"}

    @pytest.mark.contract("CL-12", "OP-105")
    def test_approval_prompt_does_not_skip_consent(self, relying_party, web_app, internal_user):
        response = relying_party(web_app, user=internal_user).authorize(approval_prompt="auto")
        assert b'id="consent"' in response.content

    @pytest.mark.contract("OP-41", "OP-50", "TK-98", "TK-102")
    def test_order_and_spaces_make_no_difference(self, rp):
        parameters = rp.request(scope="  read   openid profile ", response_type="id_token  code")
        address = f"{AUTHORIZE}?{urlencode(list(reversed(parameters.items())))}"
        _, mode, answer = answer_of(rp.client.get(address))
        assert mode == "fragment"
        assert set(answer) == {"code", "id_token", "state", "iss"}
        assert rp.exchange(answer["code"]).json()["scope"] == "read openid profile"

    @pytest.mark.contract("ID-52", "CL-52", "CL-61")
    def test_unencoded_characters(self, rp):
        text = "&".join(f"{name}={value}" for name, value in rp.request(state="a:b/c?d", nonce="n").items())
        assert "redirect_uri=https://" in text
        _, _, answer = answer_of(rp.client.get(f"{AUTHORIZE}?{text.replace(' ', '%20')}"))
        assert answer["state"] == "a:b/c?d"

    @pytest.mark.contract("OP-40", "ID-69")
    def test_post_is_get(self, rp):
        response = rp.client.post(AUTHORIZE, urlencode(rp.request(state="ü +&=%")), content_type=FORM)
        assert response.status_code == 303
        assert urlsplit(response["Location"]).path == AUTHORIZE
        _, mode, answer = answer_of(rp.client.get(response["Location"]))
        assert mode == "query"
        assert answer["state"] == "ü +&=%"
        assert rp.exchange(answer["code"]).status_code == 200

    @pytest.mark.contract("OP-40", "OP-45")
    def test_post_is_checked_at_once(self, rp):
        response = rp.client.post(AUTHORIZE, urlencode(rp.request(client_id="nobody")), content_type=FORM)
        assert_error_page(response, "unauthorized_client", "client_unknown")

    @pytest.mark.contract("OP-40")
    def test_post_needs_no_form_token(self, rp):
        strict = Client(enforce_csrf_checks=True)
        assert strict.post(AUTHORIZE, urlencode(rp.request()), content_type=FORM).status_code == 303

    @pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
    def test_post_of_something_else(self, content_type, rp):
        response = rp.client.generic("POST", AUTHORIZE, urlencode(rp.request()), content_type=content_type)
        assert_error_page(response, "invalid_request", "form_unreadable")

    @pytest.mark.parametrize("method", ["put", "delete", "patch"])
    def test_other_methods(self, method, rp):
        assert getattr(rp.client, method)(AUTHORIZE).status_code == 405

    @pytest.mark.contract("OP-73", "OP-75")
    @pytest.mark.parametrize(
        "value",
        ["a+b c%20d%zz&=#", "  around  ", "Ünïcödé ☃ 𝄞", "'\"<>&;", "x" * 1024, "\r\n\t", "{}", "%00", "code=1&iss=x"],
    )  # fmt: skip
    def test_state_and_nonce_come_back_unchanged(self, value, rp):
        nonce = value[:512]
        answer = rp.answer(state=value, nonce=nonce)
        assert answer["state"] == value
        id_token = rp.exchange(answer["code"]).json()["id_token"]
        assert jwt.decode(id_token, options={"verify_signature": False})["nonce"] == nonce

    @pytest.mark.contract("OP-73")
    def test_a_percent_sign_that_encodes_nothing(self, rp):
        address = f"{AUTHORIZE}?{urlencode(rp.request(state=None))}&state=%zz%"
        assert answer_of(rp.client.get(address))[2]["state"] == "%zz%"

    @pytest.mark.contract("OP-49", "OP-226", "ID-58", "TA-61")
    @pytest.mark.parametrize(
        ("mode", "expected"),
        [
            ("query", "https://web.example.com/cb?tenant=1&x=%20&code="),
            ("fragment", "https://web.example.com/cb?tenant=1&x=%20#code="),
        ],
    )
    def test_registered_query_is_kept(self, mode, expected, rp):
        uri = "https://web.example.com/cb?tenant=1&x=%20"
        rp.application.redirect_uris = uri
        rp.application.save()
        response = rp.authorize(redirect_uri=uri, response_mode=mode)
        assert response["Location"].startswith(expected)

    @pytest.mark.contract("TA-15", "TA-62")
    def test_any_registered_address_will_do(self, rp):
        rp.application.redirect_uris = "https://a.example/cb\nhttps://b.example/cb"
        rp.application.save()
        for uri in ("https://a.example/cb", "https://b.example/cb"):
            assert answer_of(rp.authorize(redirect_uri=uri))[0] == uri


def test_nobody_can_fill_the_trail(relying_party, web_app, settings):
    settings.STRANGER_EVENTS_PER_MINUTE = 3
    rp = relying_party(web_app)
    for _ in range(5):
        assert rp.authorize(client_id="nobody").status_code == 400
        assert rp.answer(prompt="none")["error"] == "login_required"
    assert len(causes()) == 3
    # Another address is heard.
    rp.client.get(AUTHORIZE, rp.request(client_id="nobody"), REMOTE_ADDR="192.0.2.7")
    assert len(causes()) == 4
