"""The server says what it can do, and nothing else."""

import re

import jwt
import pytest
from django.test import Client, override_settings

from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of, header_of
from tests.support.relying_party import answer_of
from trusted_apps import scopes

ADDRESSES = (
    "/id/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server/id",
    "/id/.well-known/oauth-authorization-server",
)


@pytest.mark.django_db
class TestDocument:
    @pytest.mark.contract("ID-10", "ID-16", "OP-01", "OP-270", "OP-271")
    @pytest.mark.parametrize("address", ADDRESSES)
    def test_readable_by_everybody_at_every_address(self, address, client):
        response = client.get(address)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.json() == client.get(ADDRESSES[0]).json()

    @pytest.mark.contract("ID-02", "ID-11", "OP-02", "OP-04")
    def test_addresses_follow_the_configuration_and_not_the_request(self, client, settings):
        settings.ALLOWED_HOSTS = ["*"]
        document = client.get(ADDRESSES[0], HTTP_HOST="internal:9000").json()
        assert document["issuer"] == "http://127.0.0.1:8000/id"
        addresses = [value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))]
        assert addresses
        assert all(address.startswith(document["issuer"] + "/") for address in addresses)

    @pytest.mark.contract(
        *("ID-12", "ID-13", "ID-14", "ID-15", "CL-01", "CL-17", "IS-16"),
        *("OP-02", "OP-03", "OP-05", "OP-06", "OP-08", "OP-09", "OP-10", "OP-290"),
    )
    def test_the_members(self, client):
        issuer = "http://127.0.0.1:8000/id"
        profile = [
            "name",
            "preferred_username",
            "email",
            "email_verified",
            "locale",
            "id",
            "user_type",
            "is_admin",
            "db",
        ]
        assert client.get(ADDRESSES[0]).json() == {
            "issuer": issuer,
            "authorization_endpoint": f"{issuer}/connect/authorize",
            "token_endpoint": f"{issuer}/connect/token",
            "userinfo_endpoint": f"{issuer}/connect/userinfo",
            "end_session_endpoint": f"{issuer}/connect/endsession",
            "jwks_uri": f"{issuer}/.well-known/openid-configuration/jwks",
            "response_types_supported": ["code", "code id_token"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "grant_types_supported": ["authorization_code", "client_credentials", "refresh_token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access", "read", "update"],
            "claims_supported": ["sub", *profile, "sid", "auth_time", "acr", "amr", "idp"],
            "acr_values_supported": ["urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
            "code_challenge_methods_supported": ["S256"],
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "ui_locales_supported": ["en", "bg", "de"],
            "authorization_response_iss_parameter_supported": True,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
            "claims_parameter_supported": True,
        }

    @pytest.mark.contract("ID-12", "OP-07", "OP-09")
    def test_addresses_that_are_named_answer_and_others_do_not_exist(self, client):
        for name, value in client.get(ADDRESSES[0]).json().items():
            if name.endswith(("_endpoint", "_uri")):
                assert client.get(value.removeprefix("http://127.0.0.1:8000")).status_code in (200, 400, 401, 405), name
        for name in ("revocation", "introspect", "register", "deviceauthorization", "par", "checksession"):
            for method in ("GET", "POST"):
                assert client.generic(method, f"/id/connect/{name}").status_code == 404

    @pytest.mark.contract("OP-11")
    def test_scopes_and_locales_are_well_formed(self, client):
        document = client.get(ADDRESSES[0]).json()
        assert all(re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", name) for name in document["scopes_supported"])
        assert all(re.fullmatch(r"[a-z]{2,3}(-[A-Z]{2})?", tag) for tag in document["ui_locales_supported"])

    @pytest.mark.contract("OP-12")
    def test_cacheable_and_without_a_query(self, client, django_assert_num_queries):
        client.get("/id/.well-known/openid-configuration/jwks")
        for address in (*ADDRESSES, "/id/.well-known/openid-configuration/jwks"):
            with django_assert_num_queries(0):
                response = client.get(address)
            assert response.headers["Cache-Control"] == "public, max-age=3600"
            again = client.get(address, headers={"If-None-Match": response.headers["ETag"]})
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["Access-Control-Allow-Origin"] == "*"

    def test_other_methods(self, client):
        for address in (*ADDRESSES, "/id/.well-known/openid-configuration/jwks"):
            assert client.head(address).status_code == 200
            assert client.options(address).status_code == 204
            refused = client.post(address)
            assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD, OPTIONS")


@pytest.mark.django_db
@pytest.mark.contract("OP-07", "ID-12")
class TestEachAdvertisedValue:
    """Asks for every value of every list, and for at least one that is not in it."""

    @pytest.fixture
    def document(self, client):
        return client.get(ADDRESSES[0]).json()

    @pytest.fixture
    def person(self, db):
        return UserFactory(name="Мария", email="maria@example.com", email_confirmed=True, password="correct horse")

    @pytest.fixture
    def rp(self, relying_party, web_app, person):
        return relying_party(web_app, user=person, scope="openid")

    @pytest.mark.contract("ID-14", "OP-77")
    def test_response_types(self, document, rp):
        for value in document["response_types_supported"]:
            assert set(rp.answer(response_type=value)) - {"state", "iss"} == set(value.split())
        for value in ("token", "id_token", "id_token token", "code token", "code id_token token", "none", "x"):
            assert rp.answer(response_type=value)["error"] == "unsupported_response_type"

    @pytest.mark.contract("OP-53")
    def test_response_modes(self, document, rp):
        rp.answer()
        for value in document["response_modes_supported"]:
            _, mode, answer = answer_of(rp.authorize(response_mode=value))
            assert (mode, "code" in answer) == (value, True)
        for value in ("jwt", "query.jwt", "web_message", "QUERY"):
            assert rp.answer(response_mode=value)["error"] == "invalid_request"

    @pytest.mark.contract("OP-132", "ID-90")
    def test_grant_types(self, document, rp, service_app, token_request):
        first = rp.tokens(scope="openid offline_access")
        answers = {
            "authorization_code": rp.exchange(rp.code()),
            "refresh_token": rp.refresh(first["refresh_token"]),
            "client_credentials": token_request(
                grant_type="client_credentials",
                client_id=service_app.client_id,
                client_secret=service_app.plain_secret,
            ),
        }
        assert sorted(answers) == sorted(document["grant_types_supported"])
        assert {response.status_code for response in answers.values()} == {200}
        for value in (
            *("implicit", "password", "urn:ietf:params:oauth:grant-type:device_code"),
            *("urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:openid:params:grant-type:ciba"),
        ):
            assert rp.post_token(grant_type=value, **rp.credentials).json()["error"] == "unsupported_grant_type"

    @pytest.mark.contract("ID-15", "OP-55", "TK-88")
    def test_scopes(self, document, rp):
        for value in document["scopes_supported"]:
            granted = f"openid {value}" if value != "openid" else value
            assert rp.tokens(scope=granted)["scope"] == granted
        for value in ("address", "phone", "sec", "OpenID", "DomainAPI"):
            assert rp.answer(scope=f"openid {value}")["error"] == "invalid_scope"

    @pytest.mark.contract("OP-05")
    def test_claims(self, document, rp):
        tokens = rp.tokens(scope="openid profile email", acr_values=" ".join(document["acr_values_supported"]))
        carried = set(claims_of(tokens["id_token"])) | set(rp.userinfo(tokens["access_token"]).json())
        protocol = {"iss", "aud", "iat", "nbf", "exp", "nonce", "at_hash", "s_hash"}
        assert carried - protocol == set(document["claims_supported"])
        asked = '{"userinfo": {"phone_number": null, "address": null, "birthdate": {"essential": true}}}'
        tokens = rp.tokens(claims=asked)
        assert set(rp.userinfo(tokens["access_token"]).json()) == {"sub"}

    @pytest.mark.contract("OP-59")
    def test_acr_values(self, document, rp):
        for value in document["acr_values_supported"]:
            assert claims_of(rp.tokens(acr_values=value)["id_token"])["acr"] == value
        for value in ("phr", "urn:mace:incommon:iap:silver", document["acr_values_supported"][0].upper()):
            assert "acr" not in claims_of(rp.tokens(acr_values=value)["id_token"])

    @pytest.mark.contract("OP-112")
    def test_subject_types(self, document, rp, relying_party):
        assert document["subject_types_supported"] == ["public"]
        other = relying_party(TrustedApplicationFactory(web=True), scope="openid")
        first, second = (claims_of(party.tokens()["id_token"]) for party in (rp, other))
        assert first["sub"] == second["sub"]
        assert first["aud"] != second["aud"]

    @pytest.mark.contract("OP-111", "OP-03", "OP-22")
    def test_signing_algorithms(self, document, rp, client):
        keys = jwt.PyJWKSet.from_dict(client.get(f"{ADDRESSES[0]}/jwks").json())
        answer = rp.answer(response_type="code id_token")
        for token in (answer["id_token"], rp.exchange(answer["code"]).json()["id_token"]):
            header = header_of(token)
            assert [header["alg"]] == document["id_token_signing_alg_values_supported"]
            jwt.decode(token, keys[header["kid"]], algorithms=["RS256"], audience=rp.application.client_id)

    @pytest.mark.contract("CL-02", "OP-134", "OP-141")
    def test_client_authentication_methods(self, document, rp, relying_party, person):
        public = relying_party(
            TrustedApplicationFactory(public=True), user=person, browser=Client(), scope="openid profile"
        )
        answers = {
            "client_secret_basic": rp.exchange(rp.code(), **rp.in_header),
            "client_secret_post": rp.exchange(rp.code()),
            "none": public.exchange(public.code(), client_secret=None),
        }
        assert sorted(answers) == sorted(document["token_endpoint_auth_methods_supported"])
        assert {response.status_code for response in answers.values()} == {200}
        assertion = {
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({"sub": rp.application.client_id}, "x" * 32),
        }
        refused = rp.exchange(rp.code(), client_secret=None, **assertion)
        assert refused.json()["error"] == "invalid_client"

    @pytest.mark.contract("OP-08", "OP-221")
    def test_pkce_methods(self, document, rp):
        for value in document["code_challenge_methods_supported"]:
            assert "code" in rp.answer(code_challenge_method=value)
        for value in ("plain", "s256", "S512", None):
            assert rp.answer(code_challenge_method=value)["error"] == "invalid_request"

    @pytest.mark.contract("ID-40", "OP-97")
    def test_prompts(self, document, rp):
        rp.answer()
        shows = {
            "none": lambda response: "code" in answer_of(response)[2],
            "login": lambda response: response.status_code == 302 and "/id/signin?" in response["Location"],
            "consent": lambda response: b'id="consent"' in response.content,
            "select_account": lambda response: response.status_code == 302 and "/id/account?" in response["Location"],
        }
        assert sorted(shows) == sorted(document["prompt_values_supported"])
        for value, is_right in shows.items():
            assert is_right(rp.authorize(prompt=value)), value
        for value in ("create", "Login", "none login"):
            assert rp.answer(prompt=value)["error"] == "invalid_request"

    @pytest.mark.contract("OP-58", "ID-43")
    def test_languages(self, document, rp):
        def language(**parameters):
            return re.search(r'<html lang="([^"]*)"', rp.authorize(**parameters).content.decode()).group(1)

        for value in document["ui_locales_supported"]:
            assert language(ui_locales=value) == value
        assert language(ui_locales="fr xx") == "en"
        assert language(ui_locales="fr de bg") == "de"

    @pytest.mark.contract("OP-06", "OP-52", "OP-60", "OP-61")
    def test_flags(self, document, rp):
        assert document["claims_parameter_supported"] is True
        tokens = rp.tokens(claims='{"userinfo": {"name": null}}')
        assert rp.userinfo(tokens["access_token"]).json()["name"] == "Мария"
        for name in ("request", "request_uri"):
            assert document[f"{name}_parameter_supported"] is False
            assert rp.answer(**{name: "x"})["error"] == f"{name}_not_supported"
        assert rp.answer(registration="{}")["error"] == "registration_not_supported"

    @pytest.mark.contract("OP-02", "OP-226", "OP-290")
    def test_issuer_of_every_answer_and_token(self, document, rp):
        assert document["authorization_response_iss_parameter_supported"] is True
        answer = rp.answer(response_type="code id_token")
        tokens = rp.exchange(answer["code"]).json()
        issuers = [answer["iss"], rp.answer(scope="x")["iss"], rp.answer(response_type="x", state=None)["iss"]]
        issuers += [
            claims_of(token)["iss"] for token in (answer["id_token"], tokens["id_token"], tokens["access_token"])
        ]
        assert set(issuers) == {document["issuer"]}

    def test_scopes_that_are_not_advertised_are_those_that_are_not_for_everybody(self, document):
        assert set(scopes.MEANING) - set(document["scopes_supported"]) == {"sec", "DomainApi"}


@pytest.mark.contract("OP-04", "ID-03", "OP-231")
class TestTransport:
    @pytest.fixture
    def https(self):
        with override_settings(
            HTTPS_ONLY=True, INSTANCE_URL="https://erp.example.net", ISSUER="https://erp.example.net/id"
        ):
            yield

    def test_plain_http_is_refused_to_programs_and_redirected_for_people(self, https, client):
        response = client.post("/id/connect/token")
        body = {"error": "invalid_request", "error_description": "HTTPS is required."}
        assert (response.status_code, response.json()) == (403, body)
        assert response.headers["Content-Type"] == "application/json"
        error = client.get("/api/domain/odata/Crm_Sales_Customers").json()["error"]
        assert (error["code"], error["message"]) == (403, "HTTPS is required.")
        assert set(error) == {"message", "code", "type", "info", "messageFormat", "parameters"}
        assert client.get("/tools/ver").content == b"HTTPS is required."
        assert response.headers["X-Correlation-Id"]
        page = client.get("/admin/?a=b")
        assert (page.status_code, page.headers["Location"]) == (302, "https://erp.example.net/admin/?a=b")

    def test_only_a_trusted_proxy_may_say_that_it_was_https(self, https, client, settings):
        from ipaddress import ip_network

        header = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
        assert client.get(ADDRESSES[0], headers=header).status_code == 403
        settings.TRUSTED_PROXIES = [ip_network("127.0.0.0/8")]
        response = client.get(ADDRESSES[0], headers=header)
        assert response.status_code == 200
        document = response.json()
        addresses = [value for name, value in document.items() if name.endswith(("_endpoint", "_uri", "issuer"))]
        assert len(addresses) == 6
        assert all(address.startswith("https://erp.example.net/id") for address in addresses)
        assert "max-age=" in response.headers["Strict-Transport-Security"]

    def test_https_itself(self, https, client):
        assert client.get(ADDRESSES[0], secure=True).status_code == 200
