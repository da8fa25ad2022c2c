"""While the database is away every address says so in the words of its callers, and says it once to the log (OPS-14).

``tests/flows/test_outages.py`` really stops it; here is what every kind of address answers.
"""

import json
import logging
import sqlite3
from urllib.parse import urlencode

import pytest
import redis
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.test import Client

from erpnet_identity.edge import outages
from tests.factories.users import UserFactory
from tests.support.full_disk import full_disk

pytestmark = pytest.mark.django_db

SECRET = "connection failed: host=db.internal password=hunter2"


@pytest.fixture(autouse=True)
def _warn_again():
    outages.forget_warnings()
    yield
    outages.forget_warnings()


@pytest.fixture
def browser():
    return Client(raise_request_exception=False)


@pytest.fixture
def away(monkeypatch):
    """From now on no statement is answered."""

    def go():
        def fail(*args, **kwargs):
            raise OperationalError(SECRET)

        monkeypatch.setattr(CursorWrapper, "execute", fail)
        monkeypatch.setattr(BaseDatabaseWrapper, "_cursor", fail)

    yield go
    monkeypatch.undo()


def post_token(browser, fields):
    return browser.post("/id/connect/token", urlencode(fields), content_type="application/x-www-form-urlencoded")


def refused(response):
    assert response.status_code == 503, response.content
    assert response["Retry-After"] == str(outages.RETRY_AFTER)
    assert response["Cache-Control"] == "no-store"
    assert response["X-Correlation-Id"]
    assert "hunter2" not in response.content.decode()
    return response


@pytest.mark.contract("OPS-14")
@pytest.mark.parametrize(
    "fields",
    [
        {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"},
        {"grant_type": "authorization_code", "client_id": "x", "code": "y"},
        {"grant_type": "refresh_token", "client_id": "x", "refresh_token": "y"},
        {"grant_type": "nonsense"},
    ],
)
def test_oauth(browser, away, fields):
    away()
    content = refused(post_token(browser, fields)).json()
    assert content["error"] == "temporarily_unavailable"
    assert "Correlation id" in content["error_description"]


@pytest.mark.contract("OPS-14")
def test_userinfo(browser, away, relying_party, web_app, internal_user):
    token = relying_party(web_app, user=internal_user).tokens(scope="openid")["access_token"]
    away()
    response = refused(browser.get("/id/connect/userinfo", headers={"Authorization": f"Bearer {token}"}))
    assert response.json()["error"] == "temporarily_unavailable"


@pytest.mark.contract("OPS-14", "API-16")
def test_the_api(browser, away, service_app, service_token):
    token = service_token(service_app, "read")
    away()
    response = refused(
        browser.get("/api/domain/odata/Crm_Sales_Customers", headers={"Authorization": f"Bearer {token}"})
    )
    error = response.json()["error"]
    assert list(error) == ["message", "code", "type", "info", "messageFormat", "parameters"]
    assert (error["code"], error["type"]) == (503, "ServiceUnavailable")


@pytest.mark.contract("OPS-14")
@pytest.mark.parametrize("path", ["/id/", "/id/signin", "/id/connect/authorize?client_id=x", "/admin/", "/manage"])
def test_people(browser, away, path):
    browser.force_login(UserFactory(admin=True))
    away()
    response = browser.get(path)
    if response.status_code == 200:
        pytest.skip("this page needs nothing of the database")
    page = refused(response).content.decode()
    assert "Back in a moment" in page
    assert 'id="error-again"' in page
    assert "Content-Security-Policy" in response.headers


@pytest.mark.contract("OPS-14")
def test_a_form_is_not_offered_again_as_a_link(browser, away):
    """Following it would ask for the page and not send the form."""
    away()
    page = refused(browser.post("/id/connect/authorize", {"client_id": "x"})).content.decode()
    assert "Back in a moment" in page
    assert "error-again" not in page


@pytest.mark.contract("OPS-14")
def test_a_session_that_cannot_be_stored(browser, monkeypatch):
    """It fails in a middleware, after the view has answered."""
    from erpnet_identity.platform.session_store import SessionStore

    user = UserFactory(password="correct horse")
    page = browser.get("/id/signin")
    assert page.status_code == 200

    def fail(*args, **kwargs):
        raise OperationalError(SECRET)

    monkeypatch.setattr(SessionStore, "save", fail)
    monkeypatch.setattr(SessionStore, "create", fail)
    response = browser.post("/id/signin", {"login": user.login, "password": "correct horse"})
    assert "Back in a moment" in refused(response).content.decode()


@pytest.mark.contract("OPS-14")
def test_one_warning_and_no_traceback(browser, away, caplog):
    away()
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            refused(post_token(browser, {"grant_type": "client_credentials", "client_id": "x"}))
            refused(browser.get("/id/connect/authorize?client_id=x"))
    assert len(caplog.records) == 1
    assert "the database is not available" in caplog.text
    assert all(record.exc_info is None for record in caplog.records)


def test_a_fault_of_ours_is_still_one(browser, monkeypatch, caplog):
    def fail(*args, **kwargs):
        raise KeyError("a bug")

    monkeypatch.setattr(CursorWrapper, "execute", fail)
    with caplog.at_level(logging.WARNING):
        response = post_token(browser, {"grant_type": "client_credentials", "client_id": "x"})
    assert response.status_code == 500
    assert response.json()["error"] == "server_error"
    assert any(record.exc_info for record in caplog.records)


@pytest.mark.contract("OPS-14")
def test_what_needs_the_cache_is_refused_like_that(browser, monkeypatch):
    """Nothing does (OPS-03); whatever one day will is answered calmly."""
    from erpnet_identity.manage.views import home

    def fail(**kwargs):
        raise redis.ConnectionError("Error 111 connecting to cache.internal:6379")

    monkeypatch.setattr(home, "pool_figures", fail)
    browser.force_login(UserFactory(admin=True))
    assert "cache.internal" not in refused(browser.get("/manage")).content.decode()


@pytest.mark.contract("OPS-03")
def test_a_cache_that_takes_no_writes_stops_nobody(service_app, service_token, client, monkeypatch, settings):
    """A replica, a full one: it answers, and refuses."""
    settings.SESSION_RPM = 600
    for name in ("add", "set", "incr"):

        def fail(*args, **kwargs):
            raise redis.exceptions.ReadOnlyError("You can't write against a read only replica.")

        monkeypatch.setattr(cache, name, fail)
    token = service_token(service_app, "read")
    api = client.get("/api/domain/odata/Crm_Sales_Customers", headers={"Authorization": f"Bearer {token}"})
    assert api.status_code == 200
    wrong = {"grant_type": "client_credentials", "client_id": service_app.client_id, "client_secret": "wrong"}
    assert post_token(client, wrong).status_code == 400


@pytest.mark.contract("OPS-14")
@pytest.mark.django_db(transaction=True)
def test_sqlite_is_locked_for_too_long(browser, caplog):
    if connection.vendor != "sqlite":
        pytest.skip("this is about SQLite")
    with connection.cursor() as cursor:
        patience = cursor.execute("PRAGMA busy_timeout").fetchone()[0]
        cursor.execute("PRAGMA busy_timeout = 50")
    other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        response = refused(post_token(browser, {"grant_type": "client_credentials", "client_id": "x"}))
    finally:
        other.close()
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {patience}")
    assert response.json()["error"] == "temporarily_unavailable"
    assert "locked" in caplog.text
    assert post_token(browser, {"grant_type": "client_credentials", "client_id": "x"}).status_code == 400


@pytest.mark.contract("OPS-14")
@pytest.mark.django_db(transaction=True)
def test_sqlite_is_full(browser, service_app, caplog):
    if connection.vendor != "sqlite":
        pytest.skip("this is about SQLite")
    body = {
        "grant_type": "client_credentials",
        "client_id": service_app.client_id,
        "client_secret": service_app.plain_secret,
    }
    assert post_token(browser, body).status_code == 200
    with full_disk():
        # Each writes a row and an event, until there is no room for them.
        responses = [post_token(browser, body) for _ in range(40)]
    assert {response.status_code for response in responses} <= {200, 503}
    assert json.loads(refused(responses[-1]).content)["error"] == "temporarily_unavailable"
    assert "full" in caplog.text
