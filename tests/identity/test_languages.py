"""Nobody meets an English sentence on a page in their own language: not in a refusal, not in a rule for passwords, not
in a mail, and not where only administrators go in. What administrators do there is English."""

from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.template import Template
from django.test import Client
from django.test.signals import template_rendered
from django.test.utils import override_settings
from django.utils import timezone, translation

from erpnet_identity.edge.browser import SessionMiddleware
from erpnet_identity.edge.paths import is_machine
from erpnet_identity.identity import throttle
from erpnet_identity.identity.mail import flush
from erpnet_identity.identity.models import IdentitySession
from erpnet_identity.tenancy.models import Instance
from erpnet_identity.users.models import User
from tests.architecture.test_routes import routes
from tests.factories.trusted_apps import TrustedApplicationFactory
from tests.factories.users import UserFactory
from tests.identity.conftest import PASSWORD, Person
from tests.identity.test_forms_can_be_sent import LINK
from tests.support.pages_preview import APPLICATION, LONG_APPLICATION, LONG_PERSON, MARIA, PAGES
from tests.support.relying_party import AUTHORIZE, END_SESSION, form_of
from tests.support.spoken import english_in, language_of, spoken
from tests.tools import translations

pytestmark = pytest.mark.django_db
LANGUAGES = ["bg", "de"]
OURS = {"Origin": "http://testserver"}
LOGIN, NAME, MAIL = "maria-petrova", "Мария Петрова", "m.petrova@example.com"
KNOWN = (LOGIN, NAME, MAIL, "Boss", "boss")
BAD_PASSWORDS = ["", "short", "password1", LOGIN, "Петрова Мария", MAIL, "x" * 2000]
WEAK_PASSWORDS = ["tulip-field", "the Maria-petrova of 123"]


class Walk:
    """Everybody who may come, at browsers that ask for one language. ``seen`` are the pages by what led to them."""

    def __init__(self, language, mails, settings):
        self.language, self.mails, self.settings = language, mails, settings
        self.seen = {}
        self.maria = UserFactory(login=LOGIN, name=NAME, email=MAIL, password=PASSWORD)
        self.boss = UserFactory(login="boss", name="Boss", admin=True, password=PASSWORD)
        self.shop = TrustedApplicationFactory(web=True, name="Магазин", owner="Пример", client_id="example.com/shop")

    def somebody(self, user=None):
        person = Person()
        person.browser.defaults["HTTP_ACCEPT_LANGUAGE"] = self.language
        person.browser.raise_request_exception = False
        if user is not None:
            person.browser.force_login(user)
        return person

    def see(self, name, response, status=None):
        """Note a page. Returns it."""
        assert name not in self.seen, name
        assert status in (None, response.status_code), (name, response.status_code, response.content.decode()[:3000])
        assert response["Content-Type"].startswith("text/html"), (name, response)
        assert response["Content-Language"] == self.language, name
        self.seen[name] = response.content.decode()
        return response


def walk_start(walk):
    person = walk.somebody()
    walk.see("start", person.open("/"), 200)
    with patch("erpnet_identity.instance.sites.database_name", side_effect=OperationalError):
        walk.see("start, not working", person.open("/"), 200)
    walk.see("what's new", person.open("/whats-new"), 200)
    walk.see("nothing there", person.open("/nothing"), 404)
    Instance.objects.update_or_create(
        defaults={
            "support_url": "https://example.com/a",
            "privacy_url": "https://example.com/b",
            "terms_url": "https://example.com/c",
        }
    )
    walk.see("start, with rules", person.open("/"), 200)


def walk_sign_in(walk):
    person = walk.somebody()
    page = walk.see("sign in", person.open("/id/signin"), 200)
    for name, typed in {
        "empty": {},
        "wrong": {"login": LOGIN, "password": "wrong"},
        "long": {"login": "x" * 999, "password": "y" * 2000},
    }.items():
        walk.see(f"sign in, {name}", person.submit(page, "signin", **typed), 200)
    with patch.object(throttle, "person_must_wait", return_value=95):
        walk.see("sign in, too often", person.submit(page, "signin", login=LOGIN, password="x"), 429)
    waiting = person.follow(person.at(walk.shop).authorize())
    walk.see("sign in for an application", waiting, 200)
    community = UserFactory(login="c", name="Мария Петрова", user_type=1, password=PASSWORD)
    stranger = walk.somebody(community)
    walk.see("an account that is not for it", stranger.at(walk.shop).authorize())
    person.browser.cookies.clear()
    walk.see("sign in, stale", stale(person, "/id/signin", login=LOGIN), 403)
    walk.see("sign in, forged", person.browser.post("/id/signin", {"login": LOGIN}), 403)


def walk_application(walk):
    person = walk.somebody(walk.maria)
    party = person.at(walk.shop, scope="openid profile email read update offline_access")
    page = walk.see("consent", party.authorize(), 200)
    walk.see("consent, once more", person.follow(party.answer_consent(page, shown="x")), 200)
    party.answer_consent(page)
    walk.see("consent again", party.authorize(prompt="consent"), 200)
    walk.see("back by a form", party.authorize(response_mode="form_post"), 200)
    walk.see("another account?", person.follow(party.authorize(prompt="select_account")), 200)
    again = walk.see("sign in again", person.follow(party.authorize(prompt="login")), 200)
    walk.see("sign in again, wrong", person.submit(again, "signin", login=LOGIN, password="x"), 200)
    walk.see("sign out?", person.open(END_SESSION), 200)
    signed_out = person.submit(person.open(f"{END_SESSION}?post_logout_redirect_uri=https://example.com/x"), "signout")
    walk.see("signed out", person.browser.get(signed_out["Location"]), 200)
    walk.see("nobody to sign out", walk.somebody().open(END_SESSION), 200)


def walk_requests_that_stop(walk):
    person = walk.somebody()
    rp = person.at(walk.shop)
    walk.see("unknown application", person.open(f"{AUTHORIZE}?client_id=example.com/none"), 400)
    walk.see("unknown address", rp.authorize(redirect_uri="https://example.com/evil"), 400)
    walk.see("damaged request", person.open(f"{AUTHORIZE}/resume?request=damaged"), 400)
    walk.see("lost sign-in context", person.follow(person.open("/id/signin?request=damaged")))
    walk.see("sign-out that cannot be read", person.open(f"{END_SESSION}?state=1&state=2"), 400)


def walk_passwords(walk):
    stranger = walk.somebody()
    page = walk.see("reset", stranger.open("/id/password/reset"), 200)
    for typed in ("", "nobody", f"{'x' * 300}@example.com"):
        walk.see(f"reset of {typed[:7]!r}", stranger.submit(page, "reset", email=typed), 200)
    with patch.object(throttle, "reset_must_wait", return_value=95):
        walk.see("reset, too often", stranger.submit(page, "reset", email=MAIL), 429)
    walk.see("reset, sent", stranger.follow(stranger.submit(page, "reset", email=MAIL)), 200)
    flush()
    link = LINK.search(walk.mails()[-1].body)[1]
    key = walk.see("new password", stranger.open(link), 200)
    new_passwords(walk, stranger, key, "reset-key")
    typed = {"password1": "a new long sentence", "password2": "a new long sentence"}
    walk.see("new password, chosen", stranger.follow(stranger.submit(key, "reset-key", **typed)), 200)
    walk.see("new password, once more", stranger.open(link), 200)

    walk.maria.refresh_from_db()
    person = walk.somebody(walk.maria)
    page = walk.see("change", person.open("/id/password/change"), 200)
    new_passwords(walk, person, page, "change", oldpassword="wrong")
    with patch.object(throttle, "seconds_to_wait", return_value=7200):
        walk.see("change, too often", person.submit(page, "change"), 429)
    walk.see("changed", person.open("/id/password/changed"), 200)
    walk.see("account", person.open("/id/"), 200)
    walk.see("change, stale", stale(person, "/id/password/change"), 403)


def new_passwords(walk, person, page, form, **typed):
    """Everything that a rule objects to."""
    for strong in (False, True):
        walk.settings.STRONG_PASSWORDS = strong
        walk.see(f"{form}, strong: {strong}", person.open(page.wsgi_request.path), 200)
        for bad in BAD_PASSWORDS + (WEAK_PASSWORDS if strong else []):
            refused = person.submit(page, form, **typed, password1=bad, password2=bad)
            walk.see(f"{form}, strong: {strong}, {bad[:20]!r}", refused, 200)
        walk.see(
            f"{form}, strong: {strong}, twice", person.submit(page, form, **typed, password1="a", password2="b"), 200
        )
    walk.settings.STRONG_PASSWORDS = False


def stale(person, address, **typed):
    """A form of ours with a token that is void."""
    return person.browser.post(address, {**typed, "csrfmiddlewaretoken": "x" * 64}, headers=OURS)


@contextmanager
def failing(target, error):
    with patch(target, side_effect=error):
        yield


def walk_errors(walk):
    person = walk.somebody()
    walk.see("too many fields", person.open(f"/id/signin?{'x=1&' * 1001}"), 400)
    walk.see("unknown host", person.browser.get("/", headers={"host": "wrong.example.com"}), 400)
    walk.see("no host", person.browser.get("/", SERVER_NAME="", headers={"host": "<"}), 400)
    for name, error, status in (("forbidden", PermissionDenied, 403), ("fault", ZeroDivisionError, 500),
                                ("outage", OperationalError, 503)):  # fmt: skip
        with failing("erpnet_identity.instance.changelog.releases", error):
            walk.see(name, person.open("/whats-new"), status)
        # Where no language has been activated yet, or where it was given up again.
        with patch.object(SessionMiddleware, "process_request", side_effect=error):
            walk.see(f"{name}, early", person.open("/whats-new"), status)
        with patch.object(SessionMiddleware, "process_response", side_effect=error):
            walk.see(f"{name}, late", person.open("/whats-new"), status)
    walk.settings.HTTPS_ONLY = True
    walk.see("proxy", person.browser.get("/", headers={"X-Forwarded-Proto": "https"}), 403)
    walk.see("silent proxy", person.browser.get("/", headers={"Sec-Fetch-Site": "none"}), 403)
    walk.settings.HTTPS_ONLY = False
    with override_settings(
        INSTANCE_URL="https://example.com/departments/north", FORCE_SCRIPT_NAME="/departments/north"
    ):
        walk.see("outside the path", person.open("/id/signin"), 404)


def walk_refusals_of_administration(walk):
    maria, boss = walk.somebody(walk.maria), walk.somebody(walk.boss)
    for address in ("/admin/", "/admin/users/user/", "/admin/nothing/", "/manage", "/manage/sessions"):
        walk.see(f"{address} of a person", maria.open(address), 403)
        walk.see(f"{address} of a person, a change", maria.browser.post(address), 403)
        walk.see(f"{address}, forged", boss.browser.post(address), 403)
        walk.see(f"{address}, stale", stale(boss, address, login="x", password1="y", password2="z"), 403)
        walk.see(f"{address}, stale, of nobody", stale(walk.somebody(), address, password1="y"), 403)
        walk.see(f"{address}, too many fields", boss.open(f"{address}?{'x=1&' * 1001}"), 400)
        walk.see(f"{address}, unknown host", boss.browser.get(address, headers={"host": "a.example.com"}), 400)
        signing_in = walk.somebody()
        walk.see(f"{address} of nobody", signing_in.follow(signing_in.open(address)), 200)
    walk.see("/admin/, nothing there", boss.open("/admin/nothing/"), 404)
    walk.see("/admin/, no such application", boss.open("/admin/trusted_apps/trustedapplication/x/history/"), 404)
    walk.see("/admin/, a list in a window", boss.open("/admin/users/user/?_popup=1"), 400)
    walk.see("/manage, nothing there", boss.open("/manage/nothing"), 404)
    for address, target in (("/admin/users/user/", "erpnet_identity.users.admin.UserAdmin.get_queryset"),
                            ("/manage", "erpnet_identity.manage.views.home.pool_figures")):  # fmt: skip
        for name, error, status in (("forbidden", PermissionDenied, 403), ("fault", ZeroDivisionError, 500),
                                    ("outage", OperationalError, 503)):  # fmt: skip
            with failing(target, error):
                walk.see(f"{address}, {name}", boss.open(address), status)
    IdentitySession.objects.update(auth_time=timezone.now() - timedelta(hours=1))
    for address, form in (("/admin/users/user/add/", "user_form"), ("/manage/licenses", "slots")):
        fields = form_of(boss.open(address), id=form)[1]
        asked = walk.see(f"{address}, confirm", boss.browser.post(address, {**fields, "slots": "5"}), 200)
        _, carried = form_of(asked, id="confirmation")
        wrong = {**carried, "confirmation-password": "wrong"}
        walk.see(f"{address}, confirm, wrong", boss.browser.post(address, wrong), 200)
        with patch.object(throttle, "person_must_wait", return_value=40):
            walk.see(f"{address}, confirm, too often", boss.browser.post(address, wrong), 429)


WALKS = [
    walk_start, walk_sign_in, walk_application, walk_requests_that_stop, walk_passwords, walk_errors,
    walk_refusals_of_administration,
]  # fmt: skip


@pytest.fixture
def walked(mails, settings):
    """``walked(language, *walks)``: the pages that were seen, and the templates they are made of."""

    def go(language, *walks):
        walk, used = Walk(language, mails, settings), set()

        def note(template, **kwargs):
            used.add(template.name)

        template_rendered.connect(note)
        try:
            for each in walks:
                each(walk)
        finally:
            template_rendered.disconnect(note)
        return walk, used

    return go


@pytest.mark.contract("ID-43", "TA-48")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", WALKS)
def test_no_page_for_people_is_english(language, way, walked):
    walk, _ = walked(language, way)
    assert len(walk.seen) > 4
    for name, page in walk.seen.items():
        assert language_of(page) == language, (name, page[:500])
        assert english_in(page, language, KNOWN) == [], (name, spoken(page))


def test_every_template_was_met(walked):
    """A new page is walked to as well."""
    _, used = walked("de", *WALKS)
    folder = translations.ROOT / "templates"
    ours = {path.relative_to(folder).as_posix() for path in translations.templates()}
    assert ours - used == set()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("locale", ["", "en"])
def test_a_mail_is_in_the_language_of_its_reader(language, locale, person, maria, mails):
    User.objects.filter(pk=maria.pk).update(locale=language)
    person.submit(person.open("/id/password/reset", **{"Accept-Language": locale}), "reset", email=maria.email)
    (message,) = mails()
    for text in (message.subject, message.body):
        assert english_in(text, language, ("maria", "Maria")) == [], text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_no_state_of_a_page_is_english(language, name, client, settings):
    settings.ROOT_URLCONF = "tests.support.pages_preview"
    people = [MARIA, LONG_PERSON]
    known = [text for person in people for text in (person.name, person.login, person.email)]
    known += [text for app in (APPLICATION, LONG_APPLICATION) for text in (app.name, app.owner)]
    known += ["Contoso Entra ID", "com.example.shop:", "2001:db8:85a3::8a2e:370:7334"]
    page = client.get(f"/preview/{name}", headers={"Accept-Language": language}).content.decode()
    assert english_in(page, language, known) == [], spoken(page)


def _addresses():
    """Every address for people, whatever it takes in it."""
    for pattern, _ in routes():
        parts = [f"{'1' if 'int' in part else 'x'}" if part.startswith("<") else part for part in pattern.split("/")]
        address = "/".join(parts)
        if not is_machine(address) and not set(address) & set("(^$\\"):
            yield address


ADDRESSES = sorted(set(_addresses()))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("who", ["nobody", "person", "administrator"])
def test_whatever_is_asked_for(language, who, mails, settings):
    """All addresses, with all kinds of input: what is shown is in the person's language, and in English what only
    administrators see."""
    walk = Walk(language, mails, settings)
    browser = walk.somebody({"person": walk.maria, "administrator": walk.boss}.get(who)).browser
    assert {"/", "/id/signin", "/admin/users/user/", "/manage/sessions", "/whats-new"} <= set(ADDRESSES)
    shown = 0
    for address in ADDRESSES:
        for response in (
            browser.get(address),
            browser.get(f"{address}?next=//x&request=x&page=x&q=%00"),
            browser.post(address, {"password1": "x"}),
            browser.post(address, {"password1": "x", "csrfmiddlewaretoken": "x" * 64}, headers=OURS),
        ):
            if not response.get("Content-Type", "").startswith("text/html") or not response.content:
                continue
            page = response.content.decode()
            is_theirs = who == "administrator" and address.startswith(("/admin", "/manage"))
            expected = "en" if is_theirs and response.status_code == 200 else language
            assert response["Content-Language"] == language_of(page) == expected, (address, response.status_code)
            if expected != "en":
                assert english_in(page, language, KNOWN) == [], (address, spoken(page))
                shown += 1
    assert shown > 20


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_check_finds_english(language):
    page = Template("{% load i18n %}<html lang='xx'><p>{% translate 'Sign in' %}</p><p lang='en'>The list</p>"
                    "<p class='mono'>read</p><i title='{{ title }}'></i></html>")  # fmt: skip
    context = SimpleNamespace(title="Enter the password")
    from django.template import Context

    with translation.override(language):
        html = page.render(Context({"title": context.title}))
    assert english_in(html, language) in (["Enter", "the", "password"], ["the", "password"])
    assert english_in("Das Passwort ist dem login zu ähnlich.", "de") == ["login"]
    assert english_in("Паролата прилича на login.", "bg") == ["login"]
    with translation.override(language):
        assert english_in(Template("{% load i18n %}{% translate 'Sign in' %}").render(Context()), language) == []


def test_administration_stays_english_where_it_answers():
    boss = Client(headers={"Accept-Language": "de"})
    boss.force_login(UserFactory(admin=True))
    for address in ("/admin/", "/admin/users/user/add/", "/manage", "/manage/sessions"):
        response = boss.get(address)
        assert response["Content-Language"] == language_of(response.content.decode()) == "en"
        assert "Passwort" not in response.content.decode()
