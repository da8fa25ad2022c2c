"""The Instance Manager lets administrators in and nobody else, at every address that it has."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import get_resolver

from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.erp_sessions.models import ErpSession, License, ReservedSeat
from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.manage import urls
from tests.factories.users import UserFactory
from tests.support.live import live_session

pytestmark = pytest.mark.django_db
NEEDS_KEY = re.compile(r"<uuid:session_id>")
KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"
# Walked from what is mounted and not from a list, so that an address that comes later is looked at as well.
(MOUNTED,) = [entry for entry in get_resolver().url_patterns if getattr(entry, "urlconf_module", None) is urls]
ADDRESSES = sorted("/manage" + NEEDS_KEY.sub(KEY, str(entry.pattern)) for entry in MOUNTED.url_patterns)
PAGES = ["/manage", "/manage/sessions", "/manage/licenses", "/manage/reservations", "/manage/appearance"]


@pytest.fixture
def holder(db):
    """Somebody with a reserved seat."""
    return ReservedSeat.objects.create(user=UserFactory(login="holder")).user


@pytest.fixture
def stored(holder):
    """A pool, a seat and a session, and what they are at a later moment."""
    License.objects.create(slots=20)
    live_session(holder, pk=KEY)

    def state():
        return (
            list(License.objects.values_list()),
            list(ReservedSeat.objects.values_list("user", flat=True)),
            list(ErpSession.objects.values_list("pk", "closed_at")),
            AuditEvent.objects.exclude(
                name__in=["user.signed_in", "administration.refused", "request.refused"]
            ).count(),
        )

    return state


def everything(client, address, holder):
    """Every method, and every form of the site sent to the address."""
    for method in ("get", "head", "post", "put", "delete", "options"):
        yield method, getattr(client, method)(address)
    for data in ({"slots": "3"}, {"login": UserFactory().login}, {"remove": str(holder.pk)}):
        yield "post", client.post(address, data)


def test_every_address_is_walked():
    assert {*PAGES, "/manage/", f"/manage/sessions/{KEY}/end", "/manage/sessions/close-all/"} <= set(ADDRESSES)
    assert not [address for address in ADDRESSES if "<" in address], "give this test a value for the parameter"


@pytest.mark.contract("IS-80")
@pytest.mark.parametrize("address", ADDRESSES)
def test_a_stranger_is_sent_to_sign_in(client, address, stored, holder):
    before = stored()
    for method, response in everything(client, address, holder):
        assert response.status_code == (303 if method == "post" else 302), method
        target = urlsplit(response.headers["Location"])
        assert target.path == "/id/signin"
        # As the site itself writes it: it answers with and without a slash at the end.
        assert parse_qs(target.query) == {"next": [address.rstrip("/")]}
        assert response.headers["Cache-Control"] == "no-store"
        assert b"holder" not in response.content
    assert stored() == before


@pytest.mark.contract("IS-80")
@pytest.mark.parametrize("kind", [{}, {"community": True}], ids=["internal", "community"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_everybody_else_is_refused(client, address, kind, stored, holder):
    client.force_login(UserFactory(name="Jane Doe", **kind))
    before = stored()
    for method, response in everything(client, address, holder):
        assert response.status_code == 403, method
        assert response.headers["Cache-Control"] == "no-store"
        assert b"holder" not in response.content
        if method != "head":
            page = response.content.decode()
            assert "Administrators only" in page
            assert "Jane Doe" in page
    assert stored() == before


@pytest.mark.contract("IS-80")
@pytest.mark.parametrize("change", [{"is_admin": False}, {"is_active": False}])
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_administrator_who_is_none_any_more(admin_client, administrator, address, change, stored, holder):
    for name, value in change.items():
        setattr(administrator, name, value)
    administrator.save()
    before = stored()
    for _, response in everything(admin_client, address, holder):
        assert response.status_code in (302, 303, 403)
    assert stored() == before


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_sign_in_that_was_ended_from_outside(admin_client, address, stored, holder):
    IdentitySession.objects.update(ended_at="2025-01-01T00:00:00Z")
    before = stored()
    for _, response in everything(admin_client, address, holder):
        assert response.headers["Location"].startswith("/id/signin")
    assert stored() == before


@pytest.mark.contract("IS-80")
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_administrator_gets_in(admin_client, address, stored):
    response = admin_client.get(address)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert admin_client.put(address).status_code == 405


@pytest.mark.contract("IS-95")
@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_is_changed_without_the_token_of_a_form(administrator, address, stored, holder):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(administrator)
    before = stored()
    for method, response in everything(browser, address, holder):
        if method == "post":
            assert response.status_code == 403
            assert "This form is out of date" in response.content.decode()
    assert stored() == before


@pytest.mark.contract("IS-95")
@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_is_changed_by_looking(admin_client, address, stored):
    before = stored()
    admin_client.get(address, {"slots": "3", "remove": "x", "q": "a"})
    assert stored() == before


@pytest.mark.parametrize("wanted", ["/manage", "/manage/sessions?q=a%26b&show=shared&page=2"])
def test_signing_in_leads_to_the_page_that_was_wanted(client, administrator, wanted):
    sign_in = client.get(wanted).headers["Location"]
    (onward,) = parse_qs(urlsplit(sign_in).query)["next"]
    form = {"login": administrator.login, "password": "correct horse", "next": onward}
    response = client.post("/id/signin", form)
    assert response.headers["Location"] == wanted
    assert client.get(wanted).status_code == 200


def test_somebody_else_can_sign_in_instead(client, internal_user):
    client.force_login(internal_user)
    page = client.get("/manage").content.decode()
    assert 'href="/id/signin?next=%2Fmanage&amp;other=1"' in page


@pytest.mark.parametrize("address", PAGES)
def test_in_english_whatever_the_browser_speaks(admin_client, address):
    response = admin_client.get(address, headers={"Accept-Language": "de"})
    page = response.content.decode()
    assert '<html lang="en">' in page
    assert "Version <span" in page
    assert "hreflang" not in page


@pytest.mark.contract("OP-230")
@pytest.mark.parametrize("address", PAGES)
def test_nothing_is_loaded_but_our_own_few_files(admin_client, address):
    response = admin_client.get(address)
    page = response.content.decode()
    assert "style=" not in page
    assert page.count("<script") == page.count("<script src=") == 1
    files = re.findall(r'<(?:script|link)[^>]* (?:src|href)="([^"]+)"', page)
    assert len(files) == 5
    size = 0
    for file in files:
        content = admin_client.get(file)
        assert content.status_code == 200
        size += sum(len(part) for part in content.streaming_content)
        content.close()
    assert size <= 40 * 1024


def test_an_address_that_does_not_exist(admin_client):
    assert admin_client.get("/manage/nothing").status_code == 404
    assert admin_client.get("/manager").status_code == 404


def test_links_there_and_back(admin_client):
    assert 'href="/manage"' in admin_client.get("/admin/").content.decode()
    for address in PAGES:
        page = admin_client.get(address).content.decode()
        for target in (*PAGES, "/admin/", "/admin/users/user/", "/admin/trusted_apps/trustedapplication/"):
            assert f'href="{target}"' in page
        assert page.count(f'href="{address}" aria-current="page"') == 1
