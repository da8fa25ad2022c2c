"""Whoever reads the database or the logs finds nothing that opens anything."""

import io
import logging
import logging.config

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from erpnet_identity.platform.request_log import LOGGER
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def written():
    """Every line of every logger, the finest ones too, in the form in which it is written."""
    root, requests = logging.getLogger(), logging.getLogger(LOGGER)
    configuration = logging.config.dictConfigClass(settings.LOGGING)
    formatters = configuration.config["formatters"]
    formatter = configuration.configure_formatter(formatters["structured"])
    of_request = configuration.configure_formatter(formatters["request"])
    buffer = io.StringIO()
    handler, of_requests = logging.StreamHandler(buffer), logging.StreamHandler(buffer)
    handler.setFormatter(formatter)
    of_requests.setFormatter(of_request)
    levels = root.level, requests.level
    root.addHandler(handler)
    requests.addHandler(of_requests)
    root.setLevel(logging.DEBUG)
    requests.setLevel(logging.DEBUG)
    yield buffer.getvalue
    root.removeHandler(handler)
    requests.removeHandler(of_requests)
    root.setLevel(levels[0])
    requests.setLevel(levels[1])


def everything_stored():
    """All rows of all tables as text; what sessions hold, decoded."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor)
        rows = []
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows += [str(row) for row in cursor.fetchall()]
    rows += [str(session.get_decoded()) for session in Session.objects.all()]
    assert {"tokens_grant", "tokens_accesstoken", "tokens_refreshtoken", "audit_auditevent"} <= set(tables)
    return "\n".join(rows)


@pytest.fixture(params=["body", "header"])
def secrets(request, relying_party, web_app, written, settings):
    """By name, all that was secret in a whole sign-in with everything that can go wrong."""
    by = request.param
    settings.REFRESH_TOKEN_REPEAT_SECONDS = 0  # a token that is used twice is then one thing more that goes wrong
    maria = UserFactory(login="maria", password="correct horse")
    party = relying_party(
        web_app, user=maria, scope="openid profile read offline_access", response_type="code id_token"
    )
    credentials = party.in_header if by == "header" else {}
    answer = party.answer()
    secrets = {"the code": answer["code"], "the ID token beside it": answer["id_token"]}
    guessed = {"code": "AB" * 32, "code_verifier": "guessed-" * 8, "client_secret": "guessed-secret-" * 3}
    secrets |= {f"guessed {name}": value for name, value in guessed.items()}
    for name, value in guessed.items():
        assert party.exchange(**{"code": answer["code"], name: value}).status_code == 400
    first = party.exchange(answer["code"], **credentials).json()
    second = party.refresh(first["refresh_token"], **credentials).json()
    for number, body in enumerate((first, second)):
        assert party.call_api(body["access_token"]) == 200
        assert party.userinfo(body["access_token"]).status_code == 200
        secrets |= {f"{name} {number}": body[name] for name in ("access_token", "refresh_token", "id_token")}
    guess = secrets["guessed refresh token"] = "CD" * 32
    assert party.refresh(guess, **credentials).status_code == 400
    assert party.refresh(first["refresh_token"], **credentials).status_code == 400
    assert party.exchange(answer["code"], **credentials).status_code == 400
    assert party.call_api(second["access_token"]) == 401
    secrets["the client secret"] = web_app.plain_secret
    secrets["the verifier"] = party.verifier
    secrets["the password"] = "correct horse"
    # A signed token is as good without its signature, where somebody else can make one.
    secrets |= {f"{name}: signature": value.split(".")[2] for name, value in secrets.items() if value.count(".") == 2}

    return secrets


@pytest.mark.contract("ID-60", "ID-251", "TK-58", "TA-55", "OP-138", "OP-154", "AU-02")
def test_a_whole_sign_in_leaves_no_secret_in_the_database(secrets):
    stored = everything_stored()
    assert "maria" in stored
    assert [name for name, value in secrets.items() if value in stored] == []


@pytest.mark.contract("ID-09", "TA-55", "OP-233")
def test_a_whole_sign_in_leaves_no_secret_in_the_logs(secrets, written):
    lines = written()
    assert "/id/connect/token" in lines
    assert [name for name, value in secrets.items() if value in lines] == []


TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2lnbmF0dXJl"
LINK = f"{'0a1b' * 8}-d2m3k9-{'9f8e' * 8}"
SECRETS = (TOKEN, TOKEN.rpartition(".")[2], LINK, LINK[-32:], "hunter22")


def refused_form(browser):
    """The form behind the link of a mail, sent without its form token."""
    assert browser.post(f"/id/password/reset/{LINK}", {"password1": "hunter22"}).status_code == 403
    return "Forbidden (CSRF cookie not set.)"


def wrong_host(browser):
    query = {"id_token_hint": TOKEN, "state": "hunter22"}
    assert browser.get("/id/connect/endsession", query, headers={"host": "evil.example"}).status_code == 400
    return "host=evil.example"


def token_as_host(browser):
    assert browser.get("/", headers={"host": TOKEN}).status_code == 400
    return "the host of a request is not one of this instance"


def too_many_fields(browser):
    address = f"/id/signin?code=hunter22&id_token_hint={TOKEN}&key={LINK}{'&x=1' * 1001}"
    assert browser.get(address).status_code == 400
    return "The number of GET/POST parameters exceeded"


def too_long_a_body(browser):
    content = f"password1=hunter22&x={'x' * 1024 * 1024}&id_token_hint={TOKEN}"
    answer = browser.post("/id/connect/endsession", content, content_type="application/x-www-form-urlencoded")
    assert answer.status_code in (400, 413)
    return "/id/connect/endsession"


def not_found(browser):
    assert browser.get(f"/nothing/{TOKEN}/{LINK}?password=hunter22").status_code == 404
    return "/nothing/"


@pytest.mark.contract("OP-233", "ID-09")
@pytest.mark.parametrize(
    "refuse", [refused_form, wrong_host, token_as_host, too_many_fields, too_long_a_body, not_found]
)
def test_a_request_that_is_refused_before_any_view(refuse, written):
    said = refuse(Client(enforce_csrf_checks=True))
    lines = written()
    assert said in lines
    assert [secret for secret in SECRETS if secret in lines + everything_stored()] == []


@pytest.mark.contract("OP-233", "ID-09")
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_server_error(method, written, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError({"password": "hunter22", "hint": TOKEN}, LINK)

    monkeypatch.setattr("erpnet_identity.identity.sessions.current", fail)
    browser = Client(raise_request_exception=False)
    address = f"/id/connect/endsession?id_token_hint={TOKEN}&state=hunter22"
    fields = {"password": "hunter22", "id_token_hint": TOKEN}
    answer = (
        browser.get(address) if method == "get" else browser.post("/id/signin?" + address.partition("?")[2], fields)
    )
    assert answer.status_code == 500
    lines = written()
    assert "Internal Server Error" in lines
    assert "ValueError" in lines
    assert [secret for secret in SECRETS if secret in lines + everything_stored()] == []


@pytest.mark.contract("AU-02", "ID-64")
@pytest.mark.parametrize("typed", ["correct horse battery", "hunter22@example.com", "Ünïcode-Паrola9"])
def test_a_password_in_the_field_for_the_login(typed, written, admin_client):
    """Nobody can read it in the trail; who knows it finds the attempt by looking for it."""
    browser = Client()
    assert browser.post("/id/signin", {"login": typed, "password": "maria"}).status_code == 200
    if "@" in typed:
        assert browser.post("/id/password/reset", {"email": typed}).status_code == 302
    assert typed not in everything_stored()
    assert typed not in written()
    found = admin_client.get("/admin/audit/auditevent/", {"q": typed.upper()}).context["cl"].result_list
    assert [event.detail["length"] for event in found] == [len(typed)] * (1 + ("@" in typed))
    assert len({event.actor_name for event in found}) == 1
    assert not admin_client.get("/admin/audit/auditevent/", {"q": "something else"}).context["cl"].result_list
