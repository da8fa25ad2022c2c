"""The start page, the list of changes, and the answers when there is nothing to show."""

import json
import re
from urllib.parse import urljoin

import pytest
from django.db import OperationalError
from django.http import Http404
from django.test import Client
from django.urls import include, path
from django.utils import timezone

from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.instance import changelog, sites
from erpnet_identity.instance.views import errors
from erpnet_identity.operations.version import VERSION
from erpnet_identity.platform.session_store import SessionStore
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory

PAGES = ["/", "/whats-new"]


def _main(response):
    """The headings and links of the main part, in their order."""
    main = response.content.decode().partition("<main")[2].partition("</main>")[0]
    return ["".join(found) for found in re.findall(r'(<h1>[^<]+</h1>)|href="([^"]+)"|<(h2)', main)]


def fail(request):
    raise RuntimeError("what only the log may say")


def forbid(request):
    from django.core.exceptions import PermissionDenied

    raise PermissionDenied("what only the log may say")


def missing(request):
    raise Http404("what only the log may say")


def reject(request):
    from django.core.exceptions import BadRequest

    raise BadRequest("what only the log may say")


FAILING = {400: reject, 403: forbid, 404: missing, 500: fail}
urlpatterns = [
    *(path(f"page/{status}", view) for status, view in FAILING.items()),
    *(path(f"tools/{status}", view) for status, view in FAILING.items()),
    *(path(f"id/.well-known/{status}", view) for status, view in FAILING.items()),
    *(path(f"api/{status}", view) for status, view in FAILING.items()),
    path("", include("erpnet_identity.urls")),
]
handler400, handler403, handler404, handler500 = (
    errors.bad_request,
    errors.permission_denied,
    errors.not_found,
    errors.server_error,
)


@pytest.fixture
def failing(settings):
    """A browser, and addresses that fail in each way."""
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


@pytest.mark.django_db
class TestLanding:
    @pytest.mark.contract("IS-08", "IS-33")
    def test_version_whats_new_and_sites(self, client):
        response = client.get("/")
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        page = response.content.decode()
        assert VERSION in page
        assert 'href="/whats-new"' in page
        for site in sites.describe().sites:
            assert site.title in page
            assert f">{site.url}</" in page

    @pytest.mark.contract("IS-08")
    @pytest.mark.parametrize("who", ["stranger", "person", "administrator"])
    def test_it_leads_with_sign_in_and_every_link_leads_to_a_page(self, client, who, settings):
        if who != "stranger":
            client.force_login(UserFactory(name="Maria Petrova", is_admin=who == "administrator"))
        response = client.get("/")
        page = response.content.decode()
        assert response.headers["Cache-Control"] == "no-store"
        assert VERSION in page
        if who == "stranger":
            assert _main(response)[:3] == ["<h1>Sign in</h1>", "/id/signin", "h2"]
        else:
            assert _main(response)[:2] == ["<h1>You are signed in</h1>", "/id/"]
            assert "<strong>Maria Petrova</strong>" in page
            assert 'href="/id/connect/endsession"' in page
        links = re.findall(r'<a [^>]*href="([^"#]+)"', page)
        published = sites.describe().sites
        assert all(f">{site.url}</" in page for site in published)
        assert {site.url for site in published if site.has_pages} | {"/whats-new"} <= set(links)
        for link in links:
            answer = client.get(urljoin("/", link.removeprefix(settings.INSTANCE_URL)), follow=True)
            assert answer.headers["Content-Type"].startswith("text/html"), link
            assert answer.status_code == (403 if who == "person" and "/manage" in link else 200), link

    @pytest.mark.parametrize("address", PAGES)
    def test_it_says_who_is_signed_in(self, client, address):
        """Also in the head of every other page; and nobody else is shown a copy."""
        person = UserFactory(name="Maria <Petrova>", login="maria.petrova")
        client.force_login(person)
        response = client.get(address)
        page = response.content.decode()
        assert "Signed in as <strong>Maria &lt;Petrova&gt;</strong>" in page
        assert 'href="/id/connect/endsession"' in page
        assert "/id/signin" not in page
        assert response.headers["Cache-Control"] == "no-store"
        IdentitySession.objects.update(ended_at=timezone.now())
        page = client.get(address).content.decode()
        assert "Maria" not in page
        assert "/id/signin" in page

    @pytest.mark.parametrize("is_admin", [True, False])
    def test_administrators_are_led_on(self, client, is_admin):
        client.force_login(UserFactory(is_admin=is_admin))
        page = client.get("/").content.decode()
        assert ('href="/admin/"' in page) is is_admin
        assert ('id="landing-manage"' in page) is is_admin

    @pytest.mark.contract("IS-09")
    def test_nothing_else(self, client):
        UserFactory(login="jane.unlisted", name="Jane Unlisted")
        TrustedApplicationFactory(client_id="unlisted.app/one", name="Unlisted app")
        page = client.get("/").content.decode()
        for word in ("unlisted", "admin", "sqlite", "DEBUG", "python", "django"):
            assert word.lower() not in page.lower()

    @pytest.mark.contract("IS-01")
    def test_one_query_and_no_session(self, client, django_assert_num_queries):
        with django_assert_num_queries(1):
            response = client.get("/")
        assert "Set-Cookie" not in response.headers

    @pytest.mark.contract("IS-05")
    def test_shows_what_does_not_work(self, client, monkeypatch):
        def away():
            raise OperationalError("host=db.internal")

        monkeypatch.setattr(sites, "database_name", away)
        response = client.get("/")
        assert response.status_code == 200
        assert "Not working" in response.content.decode()
        assert "db.internal" not in response.content.decode()

    @pytest.mark.contract("IS-05")
    @pytest.mark.parametrize("address", PAGES)
    def test_without_a_database_nobody_is_known(self, client, monkeypatch, address):
        client.force_login(UserFactory(name="Maria Petrova"))

        def away(*arguments):
            raise OperationalError("host=db.internal")

        monkeypatch.setattr(SessionStore, "_get_session_from_db", away)
        response = client.get(address)
        assert response.status_code == 200
        assert "/id/signin" in response.content.decode()
        assert "Maria" not in response.content.decode()


@pytest.mark.contract("IS-08", "IS-26")
def test_whats_new_shows_every_change(client):
    page = client.get("/whats-new").content.decode()
    assert changelog.releases()[0].changes
    for release in changelog.releases():
        assert release.title in page
        assert page.count("<li>") >= len(release.changes)


@pytest.mark.django_db
@pytest.mark.parametrize("address", [*PAGES, "/nothing"])
def test_a_page_needs_nothing_but_its_style_sheets(client, address):
    response = client.get(address)
    page = response.content.decode()
    assert "<script" not in page
    assert "style=" not in page
    sheets = re.findall(r'<link rel="(?:stylesheet|icon)" href="([^"]+)"', page)
    assert len(sheets) == 3
    size = 0
    for sheet in sheets:
        file = client.get(sheet)
        assert file.status_code == 200
        size += sum(len(part) for part in file.streaming_content)
        file.close()
    assert size <= 17 * 1024
    if address != "/whats-new":  # grows with every version
        assert size + len(response.content) <= 20 * 1024


@pytest.mark.parametrize("method", ["post", "put", "delete"])
@pytest.mark.parametrize("address", PAGES)
def test_pages_are_for_reading(client, address, method):
    assert getattr(client, method)(address).status_code == 405


class TestErrors:
    @pytest.mark.contract("AU-05")
    @pytest.mark.parametrize("status", FAILING)
    def test_a_page_with_the_correlation_id(self, failing, status):
        response = failing.get(f"/page/{status}", headers={"X-Correlation-Id": "abc-123"})
        assert response.status_code == status
        page = response.content.decode()
        assert "abc-123" in page
        assert f"Error {status}" in page
        assert "what only the log may say" not in page
        assert response.headers["Cache-Control"] == "no-store"
        assert "script-src" in response.headers["Content-Security-Policy"]

    @pytest.mark.contract("AU-05")
    @pytest.mark.parametrize("status", FAILING)
    @pytest.mark.parametrize("folder", ["tools", "id/.well-known", "api"])
    def test_programs_never_get_a_page(self, failing, folder, status):
        response = failing.get(f"/{folder}/{status}", headers={"X-Correlation-Id": "abc-123"})
        assert response.status_code == status
        text = response.content.decode()
        assert "<" not in text
        assert "abc-123" in text
        assert "what only the log may say" not in text

    @pytest.mark.contract("API-16", "CL-78")
    def test_the_api_answers_in_the_shape_that_clients_survive(self, failing):
        error = json.loads(failing.get("/api/500").content)["error"]
        assert type(error["code"]) is int
        assert set(error) == {"message", "code", "type", "info", "messageFormat", "parameters"}

    def test_the_protocol_endpoints_answer_in_the_shape_of_oauth(self, failing):
        content = json.loads(failing.get("/id/.well-known/500").content)
        assert set(content) == {"error", "error_description"}
        assert content["error"] == "server_error"

    @pytest.mark.django_db
    def test_a_form_that_is_out_of_date(self):
        response = Client(enforce_csrf_checks=True).post("/id/signin", {"login": "x"})
        assert response.status_code == 403
        assert "This form is out of date" in response.content.decode()

    def test_an_address_that_does_not_exist(self, client):
        response = client.get("/no/such/<script>address")
        assert response.status_code == 404
        assert "<script>" not in response.content.decode()
        assert response.headers["X-Correlation-Id"] in response.content.decode()
