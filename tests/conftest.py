"""The few fixtures everyone may ask for."""

import os
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client

from erpnet_identity.audit import events, unauthenticated
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions import presence, request_limits
from erpnet_identity.keys import services as keys
from erpnet_identity.platform import throttle
from erpnet_identity.tenancy import models as tenancy
from erpnet_identity.users import equal_work
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.support.chance import VARIABLE, choose_seed
from tests.support.page_rules import broken_rules
from tests.support.relying_party import RelyingParty

pytest_plugins = ["tests.tools.contract_report", "tests.tools.openid_table"]

FORM = "application/x-www-form-urlencoded"


def pytest_configure():
    choose_seed()  # workers inherit it


def pytest_report_header():
    return f"{VARIABLE}={choose_seed()}"


def pytest_xdist_auto_num_workers(config):
    """The whole suite takes every processor. What somebody picks runs in one process: it is there at once, prints as it
    goes and can be stepped through."""
    option = config.option
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    picked = option.keyword or option.markexpr or option.collectonly or option.openid_table or option.coverage_table
    if not whole or picked or option.capture == "no":
        return 0
    return None if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else processors()


def processors():
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def pytest_collection_modifyitems(items):
    # Browser and live-server tests flush the database; they come last so that the others stay fast.
    items.sort(key=lambda item: item.get_closest_marker("django_db") is None and "live_server" in item.fixturenames)


def missing_service(reason):
    """Skip a test whose service this machine lacks; in CI (``REQUIRE_SERVICES=1``) that is a failure."""
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"REQUIRE_SERVICES=1 and {reason}")
    pytest.skip(reason)


@pytest.fixture
def postgresql():
    """For tests of real concurrency."""
    if connection.vendor != "postgresql":
        missing_service("this needs PostgreSQL: set TEST_DATABASE_URL=postgres://…")


@pytest.fixture(autouse=True)
def _fresh_process():
    """What a process remembers between requests does not leak from one test into the next."""
    cache.clear()
    throttle.forget_all()
    unauthenticated.forget_all()
    presence.forget_all()
    request_limits.forget_all()
    tenancy.forget()
    keys.forget_ring()
    equal_work.in_use.forget()
    yield
    keys.forget_ring()
    tenancy.forget()


@pytest.fixture(autouse=True)
def _every_page_keeps_the_rules(monkeypatch):
    """Over all pages that any test opens: those that are written tomorrow, too."""
    ask, found = Client.request, []

    def request(self, **environ):
        response = ask(self, **environ)
        found.extend(broken_rules(response, environ.get("PATH_INFO", "/")))
        return response

    monkeypatch.setattr(Client, "request", request)
    yield
    assert found == []


@pytest.fixture(scope="session")
def signing_key_row():
    """One key pair for the whole run: making one takes a tenth of a second."""
    return {}


@pytest.fixture(autouse=True)
def _one_signing_key(signing_key_row, monkeypatch):
    make = keys.rsa.generate_private_key

    def generate(**kwargs):
        if "key" not in signing_key_row:
            signing_key_row["key"] = make(**kwargs)
        return signing_key_row["key"]

    monkeypatch.setattr(keys.rsa, "generate_private_key", generate)


@pytest.fixture
def system_user(db):
    return UserFactory(system=True)


@pytest.fixture
def internal_user(db):
    return UserFactory()


@pytest.fixture
def community_user(db):
    return UserFactory(community=True)


@pytest.fixture
def administrator(db):
    return UserFactory(admin=True, password="correct horse")


@pytest.fixture
def admin_client(client, administrator):
    """A browser of a signed-in administrator. What signing in leaves in the trail is not what such tests look at."""
    client.force_login(administrator)
    AuditEvent.objects.filter(name=events.USER_SIGNED_IN, user_id=str(administrator.pk))._raw_delete("default")
    return client


@pytest.fixture
def service_app(db):
    """TA-92: confidential, may act as a service, scope ``read update``."""
    return TrustedApplicationFactory(service=True)


@pytest.fixture
def token_request(client):
    """``token_request(grant_type=…, client_id=…)`` posts a form to the token endpoint."""

    def request(body=None, *, headers=None, content_type=FORM, **fields):
        data = body if body is not None else urlencode(fields)
        return client.post("/id/connect/token", data, content_type=content_type, headers=headers)

    return request


@pytest.fixture
def service_token(token_request):
    """``service_token(application, scope="read")`` is an access token, got over HTTP."""

    def get(application, scope=None):
        fields = {"client_id": application.client_id, "client_secret": application.plain_secret}
        if scope is not None:
            fields["scope"] = scope
        response = token_request(grant_type="client_credentials", **fields)
        assert response.status_code == 200, response.content
        return response.json()["access_token"]

    return get


@pytest.fixture
def web_app(db):
    """TA-90: confidential, internal users sign in, scope ``read update``."""
    return TrustedApplicationFactory(web=True)


@pytest.fixture
def public_app(db):
    """TA-91: public, internal users sign in with PKCE, scope ``read update``."""
    return TrustedApplicationFactory(public=True)


@pytest.fixture
def relying_party(client):
    """``relying_party(application, user=…, **parameters)``: the application at a browser, signed in as ``user``."""

    def make(application, *, user=None, browser=None, **parameters):
        browser = browser or client
        if user is not None:
            browser.force_login(user)
        return RelyingParty(browser, application, **parameters)

    return make
