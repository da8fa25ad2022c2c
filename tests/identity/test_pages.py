"""The pages as they leave the server: small, escaped, tied together."""

import re
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.template.loader import render_to_string

from erpnet_identity.bootstrap import BASE_DIR
from tests.support.pages_preview import FORM_POST, MARIA, PAGES

pytestmark = pytest.mark.django_db

VOID = {"meta", "link", "input", "path", "rect", "circle", "br", "img"}
LIMIT = 20 * 1024
ATTACK = "\"><script>alert('x')</script>"


class Elements(HTMLParser):
    """Every element of a page with its attributes, and whether all of them are closed in order."""

    def __init__(self, page):
        super().__init__()
        self.found, self.open = [], []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def ids(self):
        return [attributes["id"] for _, attributes in self.found if "id" in attributes]

    def named(self, name):
        (element,) = [attributes for _, attributes in self.found if attributes.get("id") == name]
        return element


@pytest.fixture
def page(client, settings):
    """``page(name)``: one page of the preview."""
    settings.ROOT_URLCONF = "tests.support.pages_preview"

    def get(name):
        return client.get(f"/preview/{name}").content.decode()

    return get


def test_the_style_sheets_are_small():
    folder = settings.STATICFILES_DIRS[0] / "erp"
    assert sum((folder / name).stat().st_size for name in ("tokens.css", "site.css")) <= LIMIT
    assert sum((folder / name).stat().st_size for name in ("password.js", "form-post.js")) <= 3 * 1024


@pytest.mark.contract("OP-343")
@pytest.mark.parametrize("name", [*PAGES, "form-post"])
def test_well_formed_and_tied_together(page, name):
    elements = Elements(page(name))
    assert elements.open == []
    ids = elements.ids()
    assert len(ids) == len(set(ids))
    for _, attributes in elements.found:
        for reference in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            assert set((attributes.get(reference) or "").split()) <= set(ids), attributes
    promised = PAGES.get(name, FORM_POST)
    assert "data-outcome" in elements.named(promised.outcome)
    assert [tag for tag, _ in elements.found].count("h1") == 1
    assert [tag for tag, _ in elements.found].count("main") == 1


@pytest.mark.contract("OP-343")
def test_the_documentation_names_every_id_and_every_outcome(page):
    documented = set(re.findall(r"`([^`\s]+)`", (BASE_DIR / "docs" / "pages.md").read_text(encoding="utf-8")))
    used, outcomes = set(), set()
    for name, promised in {**PAGES, "form-post": FORM_POST}.items():
        elements = Elements(page(name))
        used.update(elements.ids())
        if not promised.template.endswith("error.html"):
            outcomes.add(elements.named(promised.outcome)["data-outcome"])
    generated = {name for name in used if name.endswith(("_error", "_helptext"))}
    assert sorted(used - generated - documented) == []
    assert sorted(outcomes - documented) == []


@pytest.mark.contract("ID-68")
@pytest.mark.parametrize("name", PAGES)
def test_every_form_of_ours_carries_its_token(page, name):
    html = page(name)
    forms = re.findall(r'<form [^>]*method="post".*?</form>', html, re.DOTALL)
    assert len(forms) == html.count("<form ")
    assert all("csrfmiddlewaretoken" in form for form in forms)


@pytest.mark.contract("ID-64", "OP-343")
def test_a_refused_sign_in_is_tied_to_its_fields(page):
    elements = Elements(page("signin-failed"))
    for name in ("id_login", "id_password"):
        field = elements.named(name)
        assert field["aria-invalid"] == "true"
        assert "signin-outcome" in field["aria-describedby"].split()
    assert elements.named("id_login")["value"] == "maria.petrova"
    assert "value" not in elements.named("id_password")
    assert "autofocus" in elements.named("id_password")


@pytest.mark.contract("ID-57", "OP-76")
def test_form_post_escapes_what_it_carries():
    html = render_to_string(
        "oauth/form_post.html", {"action": f"https://shop.example.com/?a=1&b={ATTACK}", "parameters": {ATTACK: ATTACK}}
    )
    elements = Elements(html)
    (hidden,) = [attributes for tag, attributes in elements.found if tag == "input"]
    assert hidden == {"type": "hidden", "name": ATTACK, "value": ATTACK}
    assert elements.named("form-post")["action"] == f"https://shop.example.com/?a=1&b={ATTACK}"
    assert [tag for tag, _ in elements.found].count("script") == 1
    assert "csrfmiddlewaretoken" not in html


@pytest.mark.contract("ID-50")
@pytest.mark.parametrize("template", ["oauth/error.html", "oauth/consent.html", "identity/signin.html"])
def test_nothing_is_echoed_unescaped(template):
    shown = next(page for page in PAGES.values() if page.template == template)
    context = {
        **shown.context(),
        **dict.fromkeys(("error", "description", "correlation_id", "host", "scope_text", "redirect_uri"), ATTACK),
        **dict.fromkeys(("request_token", "next", "cancel_url", "switch_url"), ATTACK),
    }
    html = render_to_string(template, context)
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_the_mail_is_plain_text():
    context = {"host": "erp.example.com", "password_reset_url": "https://erp.example.com/id/x?a=1&b=2", "user": MARIA}
    text = render_to_string("identity/email/password_reset.txt", context)
    subject = render_to_string("identity/email/password_reset_subject.txt", context)
    assert "https://erp.example.com/id/x?a=1&b=2" in text
    assert "Maria Petrova" in text
    assert subject.strip() == "Choose a new password for erp.example.com"
    assert "<" not in text
    assert "&amp;" not in text
