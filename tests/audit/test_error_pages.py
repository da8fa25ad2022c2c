"""The id on an error page finds the request among the audit events, in full and as the list shows it."""

import re
from unittest.mock import patch

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.test import Client

from erpnet_identity.audit import events
from erpnet_identity.audit.context import Origin, enter, leave
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.audit.services import record
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/audit/auditevent/"


def not_found(browser):
    return browser.get("/nothing/here?password=hunter22")


def not_found_for_a_program(browser):
    return browser.get("/tableapi/nothing")


def wrong_host(browser):
    return browser.get("/", headers={"host": "backend:8000"})


def forged_form(browser):
    return browser.post("/id/signin", {"login": "maria"})


def too_many_fields(browser):
    return browser.get(f"/id/signin?{'x=1&' * 1001}")


def bad_request(browser):
    return browser.get("/id/connect/authorize?client_id=nobody")


def damaged(browser):
    return browser.get("/id/connect/authorize/resume?request=damaged")


def forbidden(browser):
    with patch("erpnet_identity.instance.changelog.releases", side_effect=PermissionDenied):
        return browser.get("/whats-new")


def failing(browser):
    with patch("erpnet_identity.instance.changelog.releases", side_effect=ZeroDivisionError):
        return browser.get("/whats-new")


ALL = [
    not_found, not_found_for_a_program, wrong_host, forged_form, too_many_fields, bad_request, damaged, forbidden,
    failing,
]  # fmt: skip


@pytest.mark.contract("AU-05", "AU-12")
@pytest.mark.parametrize("cause", ALL)
def test_the_id_finds_the_request(cause, admin_client):
    answer = cause(Client(enforce_csrf_checks=True, raise_request_exception=False))
    assert answer.status_code >= 400
    shown = re.search(r"[0-9a-f]{32}", answer.content.decode())[0]
    assert shown == answer["X-Correlation-Id"]
    if answer["Content-Type"].startswith("text/html"):
        assert "it finds the request in the audit events" in answer.content.decode()
    for typed in (shown, shown[:8], f" {shown[:8]} "):
        (event,) = admin_client.get(LIST, {"q": typed}).context["cl"].result_list
        assert event.correlation_id == shown
        assert event.cause
    assert "hunter22" not in str(event.detail)
    assert event.outcome == ("failure" if answer.status_code == 500 else "refused")


@pytest.mark.contract("AU-12")
def test_an_id_of_a_caller_is_found_by_its_beginning(admin_client):
    for correlation_id in ("nightly-Sync.42", "nightly-Sync.43", "ABCDEF0123"):
        token = enter(Origin(correlation_id))
        record(events.TOKEN_REFUSED, actor=events_actor(), client_id="x")
        leave(token)

    def found(term):
        return {event.correlation_id for event in admin_client.get(LIST, {"q": term}).context["cl"].result_list}

    assert found("nightly-") == {"nightly-Sync.42", "nightly-Sync.43"}
    assert found("nightly-Sync.43") == {"nightly-Sync.43"}
    assert found("ABCDEF01") == {"ABCDEF0123"}
    assert found("nightly") == set()


def events_actor():
    from erpnet_identity.audit.context import SYSTEM

    return SYSTEM


@pytest.mark.contract("AU-12")
def test_the_trail_says_who_was_signed_in():
    maria = UserFactory(login="maria")
    browser = Client()
    browser.force_login(maria)
    AuditEvent.objects.all()._raw_delete("default")
    browser.get("/nothing")
    event = AuditEvent.objects.get()
    assert (event.actor_name, event.user_login, event.detail["path"]) == ("maria", "maria", "/nothing")


@pytest.mark.contract("AU-11", "AU-12")
def test_pages_of_a_stranger_are_counted_and_those_of_a_person_written(settings, client):
    settings.STRANGER_EVENTS_PER_MINUTE = 3
    for _ in range(6):
        client.get("/nothing")
        client.get("/id/connect/authorize?client_id=nobody")
    assert AuditEvent.objects.count() == 3
    client.force_login(UserFactory())
    before = AuditEvent.objects.count()
    for _ in range(3):
        client.get("/nothing")
    assert AuditEvent.objects.count() == before + 3


def test_what_browsers_ask_by_themselves_leaves_nothing(client):
    client.get("/favicon.ico", headers={"Accept": "image/avif,image/webp,*/*"})
    client.get("/static/erp/nothing.css")
    client.get("/static/erp/nothing.css", headers={"Accept": "text/css,*/*;q=0.1"})
    assert not AuditEvent.objects.exists()
    # Somebody who opens such an address reads the id.
    answer = client.get("/static/erp/nothing.css", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert AuditEvent.objects.get().correlation_id == answer["X-Correlation-Id"]


@pytest.mark.contract("AU-05", "AU-12")
@pytest.mark.parametrize("cause", [not_found, wrong_host, failing])
def test_the_page_comes_without_its_event(cause):
    with patch("erpnet_identity.identity.error_audit.record_refusal", side_effect=OperationalError("gone")):
        answer = cause(Client(raise_request_exception=False))
    assert answer["X-Correlation-Id"] in answer.content.decode()


@pytest.mark.contract("IS-03")
@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("backend:8000", "The request names the host <strong>backend:8000</strong>."),
        # nginx names the upstream unless it is told otherwise, and Django takes no underscore for a host's.
        ("erp_backend", "The request names the host <strong>erp_backend</strong>."),
        ("<script>x", "<strong>&lt;script&gt;x</strong>"),
        ("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtYXJpYSJ9.c2ln", "<strong>***</strong>"),
        ("", "The request names no host."),
    ],
)
def test_an_unknown_host_is_named(sent, shown, caplog):
    browser = Client(SERVER_NAME="backend") if not sent else Client(headers={"host": sent})
    answer = browser.get("/id/signin")
    page = answer.content.decode()
    assert answer.status_code == 400
    assert shown in page
    assert "answers for <strong>127.0.0.1:8000</strong>" in page
    assert "ALLOWED_HOSTS" in page
    (line,) = [record.getMessage() for record in caplog.records if record.levelname in ("WARNING", "ERROR")]
    assert "'setting': 'ALLOWED_HOSTS'" in line
    assert "'host': " in line
    assert (sent if "<" not in sent and "eyJ" not in sent else "") in line
    assert "eyJ" not in caplog.text
    event = AuditEvent.objects.get()
    assert (event.cause, event.detail["setting"]) == ("host_unknown", "ALLOWED_HOSTS")
