"""Administration has the Identity Server's door: one sign-in, one sign-out, one refusal, one page for a password."""

from datetime import UTC, datetime

import pytest
from django.template import Context, Template
from django.test import Client

from erpnet_identity.audit.models import AuditEvent
from tests.factories.users import UserFactory

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
INSIDE = ["/admin/", "/admin/users/user/?q=maria&type=Internal", "/admin/no/such/page/", "/admin/logout/"]


@pytest.mark.parametrize("address", INSIDE)
def test_a_stranger_signs_in_and_comes_back(client, address):
    UserFactory(login="boss", admin=True, password=PASSWORD)
    asked = client.get(address)
    assert asked.status_code == 302
    assert asked["Location"].startswith("/id/signin?next=")
    assert asked["Cache-Control"] == "no-store"
    done = client.post(asked["Location"], {"login": "boss", "password": PASSWORD})
    assert done["Location"] == address


def test_a_change_without_a_sign_in_is_not_made(client):
    answer = client.post("/admin/users/user/add/", {"login": "x"})
    assert (answer.status_code, answer["Location"]) == (303, "/id/signin?next=%2Fadmin%2Fusers%2Fuser%2Fadd%2F")


@pytest.mark.parametrize("wanted", ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)"])
def test_the_old_door_leads_to_the_new_one_and_never_away(client, wanted):
    UserFactory(login="boss", admin=True, password=PASSWORD)
    asked = client.get("/admin/login/", {"next": wanted})
    assert (asked.status_code, asked["Location"].partition("?")[0]) == (303, "/id/signin")
    done = client.post(asked["Location"], {"login": "boss", "password": PASSWORD})
    assert done["Location"] == "/id/"


@pytest.mark.contract("ID-64", "OP-234")
def test_the_old_door_checks_no_password_at_all(client, administrator):
    """It used to: without the limit per address, and three accounts were locked with fifteen requests."""
    answer = client.post("/admin/login/", {"username": administrator.login, "password": "correct horse"})
    assert answer.status_code == 303
    assert "sessionid" not in answer.cookies
    assert client.get("/admin/")["Location"].startswith("/id/signin")
    assert not AuditEvent.objects.exists()


@pytest.mark.contract("TA-48")
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_none_reads_who_is_signed_in_and_how_to_change_it(client, method):
    user = UserFactory(name="Jane Doe", login="jane", password=PASSWORD)
    client.post("/id/signin", {"login": "jane", "password": PASSWORD})
    answer = getattr(client, method)("/admin/users/user/")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert answer["Cache-Control"] == "no-store"
    assert "Jane Doe" in page
    assert "other=1" in page
    event = AuditEvent.objects.latest("id")
    assert (event.name, event.outcome, event.user_id) == ("administration.refused", "refused", str(user.pk))
    assert (event.cause, event.detail) == ("not_an_administrator", {"path": "/admin/users/user/"})
    assert client.get("/manage").content.decode().count("Administrators only") == page.count("Administrators only")


def test_switching_from_the_refusal_leads_back(client):
    client.force_login(UserFactory())
    UserFactory(login="boss", admin=True, password=PASSWORD)
    page = client.get("/admin/users/user/").content.decode()
    (switch,) = [part.partition('"')[0] for part in page.split('href="')[1:] if part.startswith("/id/signin")]
    done = client.post(switch.replace("&amp;", "&"), {"login": "boss", "password": PASSWORD})
    assert done["Location"] == "/admin/users/user/"
    assert client.get("/admin/users/user/").status_code == 200


@pytest.mark.parametrize("method", ["get", "post"])
def test_there_is_one_way_out(admin_client, method):
    assert getattr(admin_client, method)("/admin/logout/")["Location"] == "/id/connect/endsession"
    page = admin_client.get("/admin/").content.decode()
    assert "/id/connect/endsession" in page
    assert "/admin/logout/" not in page


@pytest.mark.contract("IS-43")
def test_the_own_password_has_one_page_which_asks_for_the_old_one(admin_client, administrator):
    own = f"/admin/users/user/{administrator.pk}/password/"
    for address in ("/admin/password_change/", "/admin/password_change/done/", own):
        for method in (admin_client.get, admin_client.post):
            assert method(address)["Location"] == "/id/password/change", address
    new = {"password1": "another long sentence", "password2": "another long sentence"}
    admin_client.post(own, new)
    before = administrator.password
    administrator.refresh_from_db()
    assert administrator.password == before
    assert "/admin/password_change/" not in admin_client.get("/admin/").content.decode()


def test_a_form_needs_its_token_here_too(administrator):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(administrator)
    assert strict.post("/admin/users/user/add/", {"login": "x"}).status_code == 403


def test_a_moment_is_written_as_everywhere_else():
    """Where no page says how: Django's own English is American."""
    moment = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    template = Template("{{ moment }} {{ moment|date }} {{ moment|time }} {{ moment|date:'SHORT_DATETIME_FORMAT' }}")
    assert template.render(Context({"moment": moment})) == "2026-03-02 09:05 2026-03-02 09:05 2026-03-02 09:05"
