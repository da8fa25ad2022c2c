"""A service gets a token with its own credentials, or a documented refusal."""

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.oauth.client_authentication import MAX_COLONS, parse_basic
from erpnet_identity.tenancy.models import Instance
from erpnet_identity.tokens.models import AccessToken
from erpnet_identity.users.models import UserType
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.jwt import claims_of
from trusted_apps import services
from trusted_apps.models import ClientSecret
from trusted_apps.secrets import digest

pytestmark = pytest.mark.django_db

GRANT = {"grant_type": "client_credentials"}


def credentials(application):
    return {"client_id": application.client_id, "client_secret": application.plain_secret}


def basic(client_id, secret, *, encode=False):
    if encode:
        client_id, secret = quote(client_id, safe=""), quote(secret, safe="")
    return {"Authorization": "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()}


def assert_refused(response, error, description, status=400):
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Pragma"] == "no-cache"
    assert response.json() == {"error": error, "error_description": description}
    assert AccessToken.objects.count() == 0
    assert not AuditEvent.objects.filter(name="token.issued").exists()


def last_cause():
    event = AuditEvent.objects.filter(name="token.refused").latest("id")
    assert event.outcome == "refused"
    return event.cause


class TestSuccess:
    @pytest.mark.contract("ID-91", "ID-100", "ID-131", "OP-153", "OP-131", "OP-160", "ID-07", "TK-98")
    def test_the_answer(self, service_app, token_request):
        response = token_request(**GRANT, **credentials(service_app), scope="update read")
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "application/json"
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Pragma"] == "no-cache"
        body = response.json()
        assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
        assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "update read")

    @pytest.mark.contract(
        *(f"TK-{number:02}" for number in (20, 24, 25, 26, 27, 28, 37, 38, 39)), "OP-232", "OP-241", "OP-246"
    )
    def test_the_claims_and_no_others(self, service_app, service_token, settings):
        Instance.objects.create(name="ACME")
        claims = claims_of(service_token(service_app, "read"))
        issuer = settings.INSTANCE_URL + "/id"
        for name in ("aud", "iat", "nbf", "exp", "jti"):  # each has a test below
            assert claims.pop(name)
        assert claims == {
            "iss": issuer,
            "client_id": service_app.client_id,
            "sub": service_app.client_id,
            "scope": ["read"],
            "client_system_user": service_app.system_user.login,
            "client_system_user_type": "SystemUserNoLogin",
            "client_system_user_id": str(service_app.system_user.pk),
            "client_db": "ACME",
        }

    @pytest.mark.contract("TK-21", "TK-40", "TK-43", "OP-242")
    def test_the_audience(self, service_app, service_token, settings):
        audience = claims_of(service_token(service_app, "read"))["aud"]
        assert audience == ["DomainAPI", "TableAPI", "OLAP", "AppServer", f"{settings.INSTANCE_URL}/id/resources"]

    @pytest.mark.contract("TK-04", "TK-22")
    def test_the_times(self, service_app, service_token):
        claims = claims_of(service_token(service_app))
        assert claims["iat"] == claims["nbf"] == claims["exp"] - 3600

    @pytest.mark.contract("TK-07")
    def test_it_fits_into_a_header(self, service_app, service_token):
        Instance.objects.create(name="ACME")
        assert len(service_token(service_app, "read")) < 4096

    @pytest.mark.contract("TK-04")
    def test_lifetime_can_be_shortened(self, service_app, token_request, settings):
        settings.ACCESS_TOKEN_SECONDS = 600
        body = token_request(**GRANT, **credentials(service_app)).json()
        claims = claims_of(body["access_token"])
        assert body["expires_in"] == claims["exp"] - claims["iat"] == 600

    @pytest.mark.contract("ID-134", "TK-23")
    def test_each_request_gets_its_own_token(self, service_app, service_token):
        first, second = claims_of(service_token(service_app)), claims_of(service_token(service_app))
        assert re.fullmatch(r"[0-9A-F]{32}", first["jti"])
        assert first["jti"] != second["jti"]
        assert AccessToken.objects.filter(jti__in=[first["jti"], second["jti"]], revoked_at=None).count() == 2

    @pytest.mark.contract("OP-154", "OP-138", "ID-09", "TA-55")
    def test_nothing_stored_is_a_usable_token_or_secret(self, service_app, service_token):
        token = service_token(service_app)
        row = AccessToken.objects.get()
        event = AuditEvent.objects.get(name="token.issued")
        stored = json.dumps(
            [list(map(str, vars(thing).values())) for thing in (row, event, ClientSecret.objects.get())]
        )
        assert token not in stored
        assert token.split(".")[2] not in stored
        assert service_app.plain_secret not in stored
        assert event.token_id == row.jti == claims_of(token)["jti"]

    @pytest.mark.contract("AU-01", "AU-02", "AU-05", "ID-251")
    def test_the_trace(self, service_app, token_request):
        response = token_request(
            **GRANT, **credentials(service_app), headers={"X-Correlation-Id": "sync-42", "User-Agent": "curl/8"}
        )
        assert response.headers["X-Correlation-Id"] == "sync-42"
        event = AuditEvent.objects.get(name="token.issued")
        assert event.outcome == "success"
        assert (event.actor_kind, event.actor_name) == ("application", service_app.client_id)
        assert (event.client_id, event.user_login) == (service_app.client_id, service_app.system_user.login)
        assert (event.correlation_id, event.user_agent, event.address) == ("sync-42", "curl/8", "127.0.0.1")
        assert event.detail == {"grant_type": "client_credentials", "scope": "read update"}

    @pytest.mark.contract("TA-92", "TA-97", "TA-38", "ID-130")
    @pytest.mark.parametrize("internal", [True, False])
    def test_sign_in_flags_do_not_matter(self, internal, service_token):
        application = TrustedApplicationFactory(
            service=True, allows_internal_users=internal, system_user=UserFactory(user_type=UserType.INTERNAL)
        )
        assert claims_of(service_token(application))["client_system_user_type"] == "InternalUser"

    @pytest.mark.contract("TA-12", "ID-102", "OP-133")
    @pytest.mark.parametrize("encode", [True, False], ids=["encoded", "raw"])
    @pytest.mark.parametrize(
        "client_id",
        [
            *("my.trusted.app/first", "spa.example.com", "MYDEMOCLIENT", "a+b%2Fc"),
            *("urn:my:app", "a%3Ab:c", ":", "x:" * 7),
        ],
    )
    @pytest.mark.parametrize("secret", ["S3cr3t" * 6, "with+plus%41&colon:=" * 2, "кирилица" * 4])
    def test_basic_encoded_and_raw(self, client_id, secret, encode, token_request):
        application = TrustedApplicationFactory(service=True, client_id=client_id, secret=secret)
        response = token_request(**GRANT, headers=basic(application.client_id, secret, encode=encode))
        assert response.status_code == 200, response.content

    @pytest.mark.contract("ID-102")
    def test_an_id_with_colons_costs_one_look_up(self, token_request):
        """However many colons a stranger sends: no more statements, and no more comparisons than the first eight."""
        TrustedApplicationFactory(service=True, client_id="x:" * 9, secret="s" * 43)
        counts = set()
        for pair in ("a:b", "a:b:c", ":" * 9, ":" * 4000, "x:" * 9 + "s" * 43):
            header = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
            with CaptureQueriesContext(connection) as captured:
                assert token_request(**GRANT, headers=header).status_code in (400, 401)
            counts.add(len([query for query in captured if "trusted_apps_trustedapplication" in query["sql"]]))
            assert len(parse_basic(header["Authorization"])) <= MAX_COLONS + 1
        assert counts <= {0, 1}

    @pytest.mark.contract("ID-102", "ID-107")
    def test_the_secret_of_one_reading_is_not_that_of_another(self, token_request):
        """``a`` with the secret ``b:right`` and ``a:b`` with ``right`` are two applications and two secrets."""
        TrustedApplicationFactory(service=True, client_id="a", secret="b:wrong")
        TrustedApplicationFactory(service=True, client_id="a:b", secret="right")
        body = token_request(**GRANT, headers=basic("a:b", "right")).json()
        assert claims_of(body["access_token"])["client_id"] == "a:b"
        body = token_request(**GRANT, headers=basic("a", "b:wrong")).json()
        assert claims_of(body["access_token"])["client_id"] == "a"
        for pair in (("a", "right"), ("a:b:right", ""), ("a:b", "other")):
            assert token_request(**GRANT, headers=basic(*pair)).status_code in (400, 401)
        assert last_cause() in ("secret_wrong", "secret_missing")

    @pytest.mark.contract("OP-133", "ID-101", "ID-106")
    def test_scheme_in_any_case_and_the_same_id_in_the_body(self, service_app, token_request):
        header = basic(service_app.client_id, service_app.plain_secret)["Authorization"]
        for scheme in ("basic", "BASIC"):
            response = token_request(
                **GRANT, client_id=service_app.client_id, headers={"Authorization": scheme + header[5:]}
            )
            assert response.status_code == 200

    @pytest.mark.contract("ID-93", "OP-42")
    def test_charset_and_unknown_and_empty_parameters(self, service_app, token_request):
        for content_type in (
            "application/x-www-form-urlencoded; charset=UTF-8",
            'Application/X-WWW-Form-URLencoded;charset="utf-8"',
        ):
            response = token_request(
                **GRANT, **credentials(service_app), client_info="1", resource="x", state="", content_type=content_type
            )
            assert response.status_code == 200, response.content

    @pytest.mark.contract("TA-53")
    def test_several_secrets_overlap(self, service_app, token_request, administrator):
        from erpnet_identity.users.services import actor_for

        actor = actor_for(administrator)
        _, second = services.add_secret(service_app, actor=actor)
        for secret in (service_app.plain_secret, second):
            assert token_request(**GRANT, client_id=service_app.client_id, client_secret=secret).status_code == 200
        services.retire_secret(ClientSecret.objects.get(name="default"), actor=actor)
        response = token_request(**GRANT, **credentials(service_app))
        assert response.json()["error"] == "invalid_client"
        assert last_cause() == "secret_retired"
        assert token_request(**GRANT, client_id=service_app.client_id, client_secret=second).status_code == 200

    @pytest.mark.contract("TA-51", "TA-50")
    def test_documented_vector(self, token_request):
        application = TrustedApplicationFactory(service=True, client_id="ServiceDemoClient", secret=None, scope="read")
        ClientSecret.objects.create(application=application, secret_hash="T/AGymuI51LwjLeIFxRQXOs9IHnupDKs/ajhWODR2C4=")
        response = token_request(**GRANT, scope="DomainApi", headers=basic("ServiceDemoClient", "DEMO", encode=True))
        assert response.json()["scope"] == "DomainApi read"

    def test_last_use_is_remembered_coarsely(self, service_app, service_token, django_assert_num_queries):
        service_token(service_app)
        service_app.refresh_from_db()
        secret = ClientSecret.objects.get()
        first = secret.last_used
        assert service_app.last_used is not None
        assert timezone.now() - first < timedelta(seconds=30)
        service_token(service_app)
        secret.refresh_from_db()
        assert secret.last_used == first
        ClientSecret.objects.update(last_used=datetime(2020, 1, 1, tzinfo=UTC))
        service_token(service_app)
        secret.refresh_from_db()
        assert secret.last_used > first

    def test_number_of_statements(self, service_app, service_token, token_request):
        """At most 4 besides BEGIN and COMMIT on a warm process: the client; the token and its event, together where the
        database can."""
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        service_token(service_app)
        for request in ({**credentials(service_app)}, {"headers": basic(*credentials(service_app).values())}):
            with CaptureQueriesContext(connection) as captured:
                assert token_request(**GRANT, **request).status_code == 200
            statements = [
                query["sql"]
                for query in captured
                if not query["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"))
            ]
            assert len(statements) == (2 if connection.vendor == "postgresql" else 3), statements


class TestScopesGranted:
    def check(self, requested, granted, application, token_request):
        """Ask for ``requested``, None for no parameter: answer and token say ``granted``."""
        fields = {} if requested is None else {"scope": requested}
        body = token_request(**GRANT, **credentials(application), **fields).json()
        assert body["scope"] == granted
        assert claims_of(body["access_token"])["scope"] == granted.split()

    @pytest.mark.contract("TK-86", "TK-87", "TK-98", "TK-102")
    @pytest.mark.parametrize(
        ("requested", "granted"), [("read", "read"), ("update read", "update read"), ("read  read", "read")]
    )
    def test_what_was_asked_for(self, requested, granted, service_app, token_request):
        self.check(requested, granted, service_app, token_request)

    @pytest.mark.contract("TK-90", "ID-132")
    @pytest.mark.parametrize("requested", [None, ""])
    def test_without_any_all_of_the_application(self, requested, service_app, token_request):
        self.check(requested, "read update", service_app, token_request)

    @pytest.mark.contract("TK-93", "TK-94", "TK-95")
    @pytest.mark.parametrize(
        ("requested", "granted"), [("DomainApi", "DomainApi read update"), ("DomainApi read", "DomainApi read")]
    )
    def test_domainapi_means_nothing(self, requested, granted, service_app, token_request):
        self.check(requested, granted, service_app, token_request)

    @pytest.mark.contract("TK-89", "TK-97", "TK-104", "ID-133", "OP-160")
    @pytest.mark.parametrize(
        ("requested", "granted"),
        [("openid profile read", "read"), ("offline_access DomainApi email", "DomainApi read update")],
    )
    def test_protocol_scopes_are_left_out(self, requested, granted, service_app, token_request):
        self.check(requested, granted, service_app, token_request)


class TestScopesRefused:
    def check(self, registered, requested, named, cause, token_request):
        """An application with the scopes ``registered`` asks for ``requested``, None for no parameter, in vain."""
        application = TrustedApplicationFactory(service=True, scope=registered)
        fields = {} if requested is None else {"scope": requested}
        response = token_request(**GRANT, **credentials(application), **fields)
        assert_refused(response, "invalid_scope", f"Invalid scope: {named}")
        assert last_cause() == cause

    @pytest.mark.contract("ID-244", "ID-229", "TK-88", "TK-96", "OP-55")
    @pytest.mark.parametrize(
        ("registered", "requested", "named"),
        [("read", "update", "update"), ("read", "read update sec", "update sec"), ("read update", "sec", "sec")],
    )
    def test_not_registered(self, registered, requested, named, token_request):
        self.check(registered, requested, named, "scope_not_allowed", token_request)

    @pytest.mark.contract("ID-229", "TK-102", "TK-104", "OP-55")
    @pytest.mark.parametrize(
        ("requested", "named"),
        [
            ("Read", "Read (there is no scope Read)"),
            ("read,update", "read,update (there is no scope read,update)"),
            ("address", "address (there is no scope address)"),
            ('x"y\\zé', "x?y?z? (there is no scope x?y?z?)"),
        ],
    )
    def test_no_scope_of_that_name(self, requested, named, token_request):
        self.check("read", requested, named, "scope_unknown", token_request)

    @pytest.mark.contract("TK-100")
    def test_nothing_but_protocol_scopes(self, token_request):
        self.check("read", "openid profile", "openid profile", "scope_not_allowed", token_request)

    @pytest.mark.contract("TK-91", "TA-47")
    @pytest.mark.parametrize(
        ("registered", "requested", "named", "cause"),
        [
            ("", None, "the application has no scope", "scope_empty"),
            ("openid", "DomainApi", "the application has no scope", "scope_empty"),
            ("", "read", "read", "scope_not_allowed"),
        ],
    )
    def test_an_application_without_resource_scopes(self, registered, requested, named, cause, token_request):
        self.check(registered, requested, named, cause, token_request)


INVALID_CLIENT = ("invalid_client", "Invalid client_id or client_secret")


class TestClientRefused:
    """Who the caller is not is told to nobody but the trail (ID-107, DR-02)."""

    def change(self, application, cause):
        """Break one thing about a working application; returns the credentials to send."""
        sent = credentials(application)
        secret = ClientSecret.objects.get()
        match cause:
            case "client_unknown":
                sent["client_id"] += "x"
            case "client_case":
                sent["client_id"] = sent["client_id"].upper()
            case "secret_wrong":
                sent["client_secret"] += "x"
            case "secret_hash_sent":
                sent["client_secret"] = digest(application.plain_secret)
            case "secret_expired":
                ClientSecret.objects.update(expires=timezone.now())
            case "secret_retired":
                ClientSecret.objects.update(disabled_at=timezone.now())
            case "secret_not_registered":
                secret.delete()
            case "application_disabled":
                application.is_enabled = False
            case "client_type_none":
                application.client_type = "none"
            case "secret_from_public_client":
                application.client_type = "public"
        application.save()
        return sent

    # Beside each cause the rows that speak of it alone.
    CAUSES = {
        "client_unknown": ("TA-01", "ID-233"),
        "client_case": ("TA-03", "TA-31"),
        "secret_wrong": (),
        "secret_hash_sent": ("TA-52",),
        "secret_expired": (),
        "secret_retired": (),
        "secret_not_registered": ("TA-34",),
        "application_disabled": ("TA-70", "ID-233"),
        "client_type_none": ("TA-13",),
        "secret_from_public_client": ("ID-104", "OP-137"),
    }

    @pytest.mark.contract("ID-105", "ID-107", "ID-226", "ID-240", "OP-136", "DR-05")
    @pytest.mark.parametrize(
        "cause", [pytest.param(cause, marks=pytest.mark.contract(*rows)) for cause, rows in CAUSES.items()]
    )
    def test_one_answer_for_every_cause(self, cause, service_app, token_request):
        sent = self.change(service_app, cause)
        in_body = token_request(**GRANT, **sent)
        assert_refused(in_body, *INVALID_CLIENT, status=400)
        assert "WWW-Authenticate" not in in_body.headers
        assert last_cause() == ("client_unknown" if cause == "client_case" else cause)

        in_header = token_request(**GRANT, headers=basic(*sent.values()))
        assert_refused(in_header, *INVALID_CLIENT, status=401)
        assert in_header.headers["WWW-Authenticate"].startswith('Basic realm="')

    @pytest.mark.contract("DR-02", "OP-136")
    def test_answers_differ_in_nothing_but_the_correlation_id(self, token_request):
        seen = set()
        for cause in self.CAUSES:
            ClientSecret.objects.all().delete()
            sent = self.change(TrustedApplicationFactory(service=True), cause)
            response = token_request(**GRANT, **sent)
            headers = {name: value for name, value in response.headers.items() if name != "X-Correlation-Id"}
            seen.add((response.status_code, response.content, tuple(sorted(headers.items()))))
        assert len(seen) == 1

    @pytest.mark.contract("OP-136")
    def test_every_cause_costs_the_same_statements(self, token_request, django_assert_num_queries):
        for cause in self.CAUSES:
            ClientSecret.objects.all().delete()
            sent = self.change(TrustedApplicationFactory(service=True), cause)
            with django_assert_num_queries(2):  # look-up and event
                token_request(**GRANT, **sent)

    @pytest.mark.contract("TA-50", "TA-14")
    def test_hash_of_the_right_secret_is_not_the_secret(self, service_app, token_request):
        stored = ClientSecret.objects.get().secret_hash
        response = token_request(**GRANT, client_id=service_app.client_id, client_secret=stored)
        assert_refused(response, *INVALID_CLIENT)

    @pytest.mark.contract("ID-242", "ID-108")
    def test_one_of_the_two_missing(self, service_app, token_request):
        assert_refused(token_request(**GRANT, client_id="x"), "invalid_request", "Missing client_secret")
        assert_refused(
            token_request(**GRANT, client_id="x", client_secret=""), "invalid_request", "Missing client_secret"
        )
        assert_refused(token_request(**GRANT, headers=basic("x", "")), "invalid_request", "Missing client_secret")
        assert_refused(token_request(**GRANT, client_secret="x"), "invalid_request", "Missing client_id")
        assert_refused(token_request(**GRANT, headers=basic("", "x")), "invalid_request", "Missing client_id")

    @pytest.mark.contract("ID-243", "ID-108")
    def test_both_missing(self, token_request):
        description = "Client credentials are invalid or missing"
        assert_refused(token_request(**GRANT), "invalid_grant", description)
        assert_refused(token_request(**GRANT, headers=basic("", "")), "invalid_grant", description)

    @pytest.mark.contract("OP-137", "ID-104")
    def test_public_client_without_secret(self, token_request):
        application = TrustedApplicationFactory(public=True)
        response = token_request(**GRANT, client_id=application.client_id)
        assert_refused(response, "invalid_request", "Missing client_secret")

    @pytest.mark.contract("OP-135", "ID-106")
    def test_two_credentials(self, service_app, token_request):
        description = "Only one way of client authentication may be used"
        header = basic(service_app.client_id, service_app.plain_secret)
        twice = token_request(**GRANT, **credentials(service_app), headers=header)
        assert_refused(twice, "invalid_request", description)
        other = token_request(**GRANT, client_id="other", headers=header)
        assert_refused(other, "invalid_request", description)
        assert last_cause() == "secret_sent_twice"

    @pytest.mark.contract("ID-105", "OP-139")
    @pytest.mark.parametrize(
        "header", ["Basic", "Basic ", "Basic !!!", "Basic YQ==", "Basic /w==", "Basic AAA6", "Bearer x", "Digest a=b"]
    )
    def test_unreadable_header(self, header, token_request):
        response = token_request(**GRANT, headers={"Authorization": header})
        assert_refused(response, *INVALID_CLIENT, status=401)
        assert last_cause() == "basic_header_malformed"


# Which rows speak of one type of account alone.
ROWS_OF_TYPES = {UserType.VIRTUAL: ["ID-177"], UserType.APPLICATION: ["ID-179"]}


class TestGrantRefused:
    DESCRIPTION = "The client is not authorized to use this grant type"

    @pytest.mark.contract("ID-241", "ID-130")
    @pytest.mark.parametrize(
        ("change", "cause"),
        [
            pytest.param(
                {"allows_service": False}, "grant_not_allowed", marks=pytest.mark.contract("ID-227", "TA-90", "OP-132")
            ),
            ({"system_user": None}, "system_user_missing"),
            pytest.param(
                {"system_user__is_active": False}, "system_user_inactive", marks=pytest.mark.contract("TA-38", "ID-190")
            ),
            *(
                pytest.param(
                    {"system_user__user_type": kind},
                    "system_user_type",
                    marks=pytest.mark.contract("TA-38", *ROWS_OF_TYPES.get(kind, [])),
                )
                for kind in UserType
                if kind not in (UserType.INTERNAL, UserType.SYSTEM)
            ),
        ],
    )
    def test_unauthorized_client(self, change, cause, token_request):
        application = TrustedApplicationFactory(service=True)
        for name, value in change.items():
            target, field = (application.system_user, name.split("__")[1]) if "__" in name else (application, name)
            setattr(target, field, value)
            target.save()
        assert_refused(token_request(**GRANT, **credentials(application)), "unauthorized_client", self.DESCRIPTION)
        assert last_cause() == cause

    @pytest.mark.contract("ID-90", "ID-245", "OP-132", "OP-161", "OP-225", "OP-310")
    @pytest.mark.parametrize(
        "grant",
        ["password", "implicit", "CLIENT_CREDENTIALS", "urn:ietf:params:oauth:grant-type:device_code", "x" * 50],
    )
    def test_unsupported(self, grant, service_app, token_request):
        response = token_request(grant_type=grant, **credentials(service_app))
        assert_refused(response, "unsupported_grant_type", f"Unsupported grant type: {grant}")

    @pytest.mark.contract("ID-246")
    def test_order_of_checks(self, token_request):
        wrong = {"client_id": "nobody", "client_secret": "wrong", "scope": "wrong"}
        assert token_request(grant_type="x", **wrong).json()["error"] == "unsupported_grant_type"
        assert token_request(**GRANT, **wrong).json()["error"] == "invalid_client"
        application = TrustedApplicationFactory(service=True, allows_service=False)
        both = {**credentials(application), "scope": "wrong"}
        assert token_request(**GRANT, **both).json()["error"] == "unauthorized_client"
        application.allows_service = True
        application.save()
        assert token_request(**GRANT, **both).json()["error"] == "invalid_scope"
