"""Which language a page speaks, and what that says to caches, to programs and to the next request."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import translation

from erpnet_identity.edge.language import COOKIE, LanguageMiddleware, choose_language, follow_wish

PAGE = "/whats-new"
HEADINGS = {"en": "What’s new", "bg": "Новости", "de": "Neuerungen"}


def language_of(response):
    (language,) = [code for code, heading in HEADINGS.items() if f"<h1>{heading}</h1>" in response.content.decode()]
    assert f'<html lang="{language}">' in response.content.decode()
    assert response.headers["Content-Language"] == language
    return language


@pytest.mark.contract("ID-43", "OP-58")
@pytest.mark.parametrize(
    ("tags", "language"),
    [
        ("bg", "bg"), ("de-AT", "de"), ("BG-bg", "bg"), ("de_DE", "de"), ("fr bg de", "bg"), ("fr-CA  de", "de"),
        ("en-US", "en"), ("", None), ("fr", None), ("bgr", None), ("-", None), ("../de", None), ("b" * 4000, None),
    ],
)  # fmt: skip
def test_the_first_supported_tag(tags, language):
    assert choose_language(tags) == language


@pytest.mark.contract("ID-43", "OP-58")
@pytest.mark.parametrize(
    ("query", "cookie", "accepted", "language"),
    [
        ("", "", "", "en"),
        ("", "", "fr, *", "en"),
        ("", "", "fr;q=1, de-AT;q=0.9, bg;q=0.5", "de"),
        ("", "", "bg;q=0.5, de;q=0.9", "de"),
        ("", "", "de;q=0, bg", "bg"),
        ("", "", "de;q=0", "en"),
        ("", "", "de;q=0.000, *", "en"),
        ("", "bg", "de", "bg"),
        ("", "xx", "de", "de"),
        ("?ui_locales=fr+de", "", "bg", "de"),
        ("?ui_locales=fr+de", "bg", "", "bg"),
        ("?ui_locales=fr", "bg", "de", "bg"),
        ("?language=en&ui_locales=de", "bg", "de", "en"),
        ("?language=xx&ui_locales=de", "", "bg", "de"),
        ("?language=", "bg", "de", "bg"),
    ],
)
def test_the_order_of_wishes(client, query, cookie, accepted, language):
    if cookie:
        client.cookies[COOKIE] = cookie
    response = client.get(PAGE + query, headers={"Accept-Language": accepted})
    assert language_of(response) == language


def test_a_choice_is_remembered(client):
    response = client.get(f"{PAGE}?language=bg", headers={"Accept-Language": "de"})
    cookie = response.cookies[COOKIE]
    assert cookie.value == "bg"
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "Lax"
    assert cookie["path"] == "/"
    assert not cookie["secure"]
    assert cookie["max-age"] > 30 * 86400
    assert language_of(client.get(PAGE, headers={"Accept-Language": "de"})) == "bg"


def test_the_cookie_is_secure_where_cookies_are(client, settings):
    settings.SESSION_COOKIE_SECURE = True
    assert client.get(f"{PAGE}?language=bg").cookies[COOKIE]["secure"] is True


@pytest.mark.parametrize("query", ["", "?ui_locales=bg", "?language=xx"])
def test_nothing_else_is_remembered(client, query):
    response = client.get(PAGE + query, headers={"Accept-Language": "de"})
    assert COOKIE not in response.cookies


@pytest.fixture
def public_page():
    """``public_page(address)``: what the middleware makes of an answer that every cache may keep."""
    middleware = LanguageMiddleware(lambda request: HttpResponse(headers={"Cache-Control": "public, max-age=10"}))

    def get(address):
        request = RequestFactory().get(address)
        request.is_machine = False
        return middleware(request)

    return get


def test_caches_keep_the_languages_apart(public_page):
    vary = public_page(PAGE).headers["Vary"]
    assert "Accept-Language" in vary
    assert "Cookie" in vary
    assert "public" in public_page(PAGE).headers["Cache-Control"]
    # An application's wish gives way to what the person once chose.
    assert "Cookie" in public_page(f"{PAGE}?ui_locales=bg").headers["Vary"]
    assert "Vary" not in public_page(f"{PAGE}?language=bg").headers, "the address alone decides"


def test_no_cache_keeps_a_cookie_for_others(public_page):
    control = public_page(f"{PAGE}?language=bg").headers["Cache-Control"]
    assert "public" not in control
    assert "private" in control


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/tools/ver", "/id/.well-known/openid-configuration", "/health/live"])
def test_programs_have_no_language(client, address):
    response = client.get(f"{address}?language=bg", headers={"Accept-Language": "de"})
    assert response.status_code == 200
    assert "Content-Language" not in response.headers
    assert "Accept-Language" not in response.headers.get("Vary", "")
    assert COOKIE not in response.cookies


@pytest.mark.django_db
def test_administration_stays_english(admin_client):
    admin_client.cookies[COOKIE] = "bg"
    page = admin_client.get("/admin/?language=de").content.decode()
    assert '<html lang="en"' in page
    assert "Administration" in page


@pytest.mark.parametrize("accepted", ["de", "bg"])
def test_error_pages_speak_it_too(client, accepted):
    page = client.get("/nothing", headers={"Accept-Language": accepted}).content.decode()
    assert {"de": "Unter dieser Adresse gibt es nichts", "bg": "На този адрес няма нищо"}[accepted] in page


@pytest.mark.django_db
def test_a_refused_form_speaks_it_too(client):
    client.handler.enforce_csrf_checks = True
    page = client.post(PAGE, headers={"Accept-Language": "de"}).content.decode()
    assert "Dieses Formular ist nicht mehr gültig" in page


def test_the_next_request_of_the_thread_starts_anew(client):
    client.get(f"{PAGE}?language=bg")
    assert translation.get_language() == "en"


def test_also_after_a_failure():
    def fail(request):
        assert translation.get_language() == "bg"
        raise RuntimeError

    request = RequestFactory().get("/?language=bg")
    request.is_machine = False
    with pytest.raises(RuntimeError):
        LanguageMiddleware(fail)(request)
    assert translation.get_language() == "en"


@pytest.mark.contract("ID-43", "OP-58")
@pytest.mark.parametrize(
    ("address", "wish", "language"),
    [("/", "fr de", "de"), ("/?language=bg", "de", "bg"), ("/?language=xx", "de", "de"), ("/", "fr", "en")],
)
def test_a_view_follows_a_wish_that_only_it_can_read(address, wish, language):
    def view(request):
        follow_wish(request, wish)
        return HttpResponse("")

    request = RequestFactory().get(address)
    request.is_machine = False
    assert LanguageMiddleware(view)(request).headers["Content-Language"] == language
    spoken = request.LANGUAGE_CODE
    assert spoken == language


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/preview/signin", "/", "/whats-new", "/nothing"])
def test_the_menu_keeps_the_address(client, settings, address):
    settings.ROOT_URLCONF = "tests.support.pages_preview"
    page = client.get(f"{address}?request=a%26b&language=bg").content.decode()
    assert 'href="?request=a%26b&amp;language=de" lang="de" hreflang="de"' in page
    assert 'lang="bg" hreflang="bg" aria-current="true"' in page
