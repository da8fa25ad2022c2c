"""The instance's own name, logo and links: set by an administrator or by a manifest, shown on every page for people."""

import base64
import re

import pytest
from django.db import connection
from django.test import Client

from erpnet_identity import manifest
from erpnet_identity.audit.context import SYSTEM
from erpnet_identity.audit.models import AuditEvent
from erpnet_identity.manifest import ManifestError
from erpnet_identity.tenancy import logo
from erpnet_identity.tenancy.appearance import appearance
from erpnet_identity.tenancy.models import Instance, forget
from erpnet_identity.tenancy.services import update_instance

pytestmark = pytest.mark.django_db

PNG = b"\x89PNG\r\n\x1a\n" + b"a small picture"
LOGO = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
SHOWN = {
    "title": "Приятели & Sons",
    "logo": LOGO,
    "support_url": "mailto:help@example.com",
    "privacy_url": "https://example.com/privacy?a=1&b=2",
    "terms_url": "https://example.com/terms",
}
PATHS = ("/", "/whats-new", "/nowhere", "/id/signin", "/id/password/reset", "/id/connect/endsession")
FOR_ADMINISTRATORS = ("/manage", "/manage/appearance", "/id/", "/id/password/change")


@pytest.fixture
def dressed(db):
    update_instance(SHOWN, actor=SYSTEM)
    forget()
    appearance()  # as a process that has shown a page, or is warmed up


@pytest.mark.parametrize("path", [*PATHS, *FOR_ADMINISTRATORS])
def test_on_every_page(path, dressed, admin_client):
    client = Client()
    browser = admin_client if path in FOR_ADMINISTRATORS else client
    page = browser.get(path).content.decode()
    assert "Приятели &amp; Sons" in page
    assert 'href="mailto:help@example.com"' in page
    assert 'href="https://example.com/privacy?a=1&amp;b=2"' in page
    assert 'id="foot-terms"' in page
    (address,) = re.findall(r'<img src="([^"]+)"', page)
    picture = client.get(address)
    assert picture.content == PNG
    assert picture["Content-Type"] == "image/png"
    assert "immutable" in picture["Cache-Control"]
    assert not picture.cookies


def test_administration_has_the_name(dressed, admin_client):
    assert "Приятели &amp; Sons" in admin_client.get("/admin/").content.decode()


@pytest.mark.parametrize("path", PATHS)
def test_an_instance_that_has_set_nothing(path, client):
    page = client.get(path).content.decode()
    assert "ERP Identity" in page
    assert "brand-mark" in page
    assert "foot-" not in page
    assert client.get("/logo/0123456789abcdef").status_code == 404


def test_it_costs_one_statement_in_ten_seconds(dressed, client, django_assert_num_queries):
    appearance()
    with django_assert_num_queries(0):
        client.get("/id/signin")


def test_a_page_about_an_outage_asks_no_database(dressed, monkeypatch):
    appearance()

    def away(*args, **kwargs):
        raise AssertionError("the database was asked")

    monkeypatch.setattr(Instance.objects, "first", away)
    forget()
    assert appearance(may_ask=False).title == ""


def test_a_database_that_fails_costs_nothing_but_the_name(client, dressed):
    forget()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tenancy_instance RENAME TO gone")
    assert appearance().title == ""


class TestInTheInstanceManager:
    def test_set_and_changed(self, admin_client, administrator):
        response = admin_client.post("/manage/appearance", SHOWN)
        assert response.status_code == 303
        assert "Saved." in admin_client.get(response["Location"]).content.decode()
        stored = Instance.objects.get()
        assert {name: getattr(stored, name) for name in SHOWN} == SHOWN
        event = AuditEvent.objects.get(name="instance.updated")
        assert event.actor_name == administrator.login
        assert event.detail["changes"]["title"] == {"old": "", "new": SHOWN["title"]}
        assert LOGO not in str(event.detail)
        assert "image/png, 23 bytes" in event.detail["changes"]["logo"]["new"]
        response = admin_client.post("/manage/appearance", SHOWN)
        assert "set already" in admin_client.get(response["Location"]).content.decode()
        assert AuditEvent.objects.filter(name="instance.updated").count() == 1

    @pytest.mark.parametrize(
        ("name", "value", "why"),
        [
            ("support_url", "javascript:alert(1)", "https://"),
            ("privacy_url", "http://example.com", "https://"),
            ("terms_url", 'https://example.com/" onclick="x', "https://"),
            ("title", "Exa\u200bmple", "invisible"),
            ("logo", "https://example.com/logo.png", "data:image/png"),
            ("logo", "data:image/svg+xml;base64,PHN2Zz4=", "data:image/png"),
            ("logo", "data:image/png;base64,PHN2Zz4=", "no picture"),
            ("logo", "data:image/png;base64," + base64.b64encode(PNG + bytes(50_000)).decode(), "at most"),
        ],
    )
    def test_what_is_refused(self, name, value, why, admin_client):
        page = admin_client.post("/manage/appearance", {name: value}).content.decode()
        assert re.search(rf'id="id_{name}_error">[^<]*{re.escape(why)}', page)
        assert not Instance.objects.exists()


class TestInTheManifest:
    def test_out_and_in_again(self, dressed):
        text = manifest.export()
        Instance.objects.update(title="", logo="", support_url="", privacy_url="", terms_url="")
        manifest.apply(text.encode())
        stored = Instance.objects.get()
        assert {name: getattr(stored, name) for name in SHOWN} == SHOWN
        assert manifest.export() == text

    def test_what_is_refused(self):
        with pytest.raises(ManifestError, match=r"instance\.support_url"):
            manifest.apply(b"version: 1\ninstance: {support_url: 'javascript:x'}")


@pytest.mark.parametrize(
    ("kind", "beginning"), [("png", b"\x89PNG\r\n\x1a\n"), ("jpeg", b"\xff\xd8\xff\xe0"), ("webp", b"RIFF0000WEBP")]
)
def test_kinds_of_pictures(kind, beginning):
    found = logo.read(f"data:image/{kind};base64,{base64.b64encode(beginning).decode()}")
    assert (found.media_type, found.content) == (f"image/{kind}", beginning)
