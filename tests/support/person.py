"""A person at a browser who types a password, says yes, and comes back to the application that sent them.

Two browsers: ``Person`` speaks HTTP and reads forms; ``sign_in`` and ``allow`` do the same in a page of Playwright.
"""

import re
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import requests

from tests.support.relying_party import forms_of

PASSWORD = "correct horse battery"
PATIENCE = 30


def sign_in(page, user, password=PASSWORD):
    """Fill in the sign-in page that ``page`` shows or is about to show."""
    page.fill("#id_login", user.login)
    page.fill("#id_password", password)
    page.click("#signin-submit")


def allow(page):
    """Say yes on the consent page that ``page`` shows or is about to show."""
    page.click("#consent-allow")


@dataclass(frozen=True)
class Arrival:
    """How the browser comes to the application: with GET, or with a POST whose ``fields`` are those of the form."""

    method: str
    address: str
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def parameters(self):
        """What the application is told, wherever it stands; each exactly once."""
        if self.method == "POST":
            return self.fields
        parts = urlsplit(self.address)
        pairs = parse_qsl(parts.fragment or parts.query, keep_blank_values=True, strict_parsing=True)
        assert len(pairs) == len(dict(pairs)), pairs
        return dict(pairs)

    @property
    def body(self):
        """The form as a browser would send it."""
        return urlencode(self.fields)


class Person:
    """A browser without scripts, and whoever sits at it. ``met`` are the ids of the forms answered since ``go``."""

    def __init__(self, user, password=PASSWORD):
        self.user = user
        self.password = password
        self.browser = requests.Session()
        self.met = []

    def close(self):
        self.browser.close()

    def go(self, address, *, to):
        """Open ``address`` and answer our pages until the browser is sent to an address that begins with ``to``."""
        self.met = []
        return self._walk(self._get(address), to)

    def cancel(self, address, *, to):
        """Open ``address`` and press Cancel on the sign-in page (ID-65)."""
        self.met = []
        page = self._get(address)
        while page.is_redirect:
            page = self._get(urljoin(page.url, page.headers["Location"]))
        (link,) = re.findall(r'<a[^>]* id="signin-cancel" href="([^"]+)"', page.text)
        return self._walk(self._get(urljoin(page.url, unescape(link))), to)

    def _walk(self, response, to):
        for _ in range(12):
            if response.is_redirect:
                target = urljoin(response.url, response.headers["Location"])
                if target.startswith(to):
                    return Arrival("GET", target)
                response = self._get(target)
                continue
            assert response.status_code == 200, (response.status_code, response.url, response.text[:2000])
            attributes, fields = self._form(response)
            self.met.append(attributes["id"])
            target = urljoin(response.url, attributes.get("action") or response.url)
            if attributes["id"] == "form-post":
                assert target.startswith(to), target
                return Arrival("POST", target, fields)
            response = self.browser.post(
                target, {**fields, **self._answer(attributes["id"])}, allow_redirects=False, timeout=PATIENCE
            )
        raise AssertionError(f"never came to {to}, last page: {response.url}")

    def is_signed_in(self, issuer, application):
        """Whether the instance knows this browser, as an application finds out (ID-78)."""
        address = application.redirect_uri_list[0]
        question = {
            "client_id": application.client_id,
            "redirect_uri": address,
            "response_type": "code",
            "scope": "openid",
            "prompt": "none",
            "code_challenge": "a" * 43,
            "code_challenge_method": "S256",
        }
        answer = self.go(f"{issuer}/connect/authorize?{urlencode(question)}", to=address).parameters
        assert answer.get("error", "login_required") == "login_required", answer
        return "code" in answer

    def _get(self, address):
        return self.browser.get(address, allow_redirects=False, timeout=PATIENCE)

    def _form(self, response):
        found = [form for form in forms_of(response) if form[0].get("id") in ("signin", "consent", "form-post")]
        assert len(found) == 1, (response.url, response.text[:3000])
        return found[0]

    def _answer(self, form):
        if form == "signin":
            assert self.met.count("signin") == 1, "the sign-in was refused"
            return {"login": self.user.login, "password": self.password}
        return {"answer": "allow"}
