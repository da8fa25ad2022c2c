"""The pages of sign-in, consent, sign-out and passwords in a real browser: readable by everybody, in every size,
scheme and language, with and without scripts."""

from itertools import pairwise

import pytest

from erpnet_identity.edge.language import COOKIE
from tests.support.browser import accessibility_violations, overflow
from tests.support.pages_preview import FORM_POST, PAGES
from tests.support.targets import small_targets

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LANGUAGES = ("en", "bg", "de")
WIDTHS = (1920, 1280, 1024, 768, 450, 320)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = {"runOnly": TAGS, "rules": {"target-size": {"enabled": True}}, "preload": False}
# Between them they show every component, so that the dark scheme is measured on these only.
EVERY_COLOUR = {
    "signin-failed", "signin-providers", "select-account", "consent-long", "consent-unverified", "error-client", "home",
    "sign-out", "password-change-refused", "error-404",
}  # fmt: skip
CONTRAST = {"runOnly": ["color-contrast"], "preload": False}
FAMILIES = {
    family: [name for name, page in PAGES.items() if page.template.startswith(prefixes)]
    for family, prefixes in {
        "sign-in": ("identity/signin",),
        "accounts": ("identity/select", "identity/wrong", "identity/home", "identity/too_many"),
        "consent": ("oauth/consent",),
        "passwords": ("identity/password",),
        "sign-out": ("oauth/sign", "oauth/error"),
        "errors": ("4", "5", "instance/stale"),
    }.items()
}
STOP = """() => {
    const stop = document.activeElement;
    const box = stop.getBoundingClientRect();
    return {
        name: stop.id || stop.textContent.trim(), left: box.left, middle: box.top + scrollY + box.height / 2,
        isSeen: getComputedStyle(stop).outlineStyle !== "none", isPage: stop === document.body,
    };
}"""
LARGE_TYPE = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("html { font-size: 200% }");
    document.adoptedStyleSheets = [sheet];
}"""
CUT = "all => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent.trim())"


@pytest.fixture
def preview(open_page, settings):
    """``preview(name, **options)``: a page of the preview in a browser."""
    settings.ROOT_URLCONF = "tests.support.pages_preview"

    def show(name, **options):
        page = open_page(**options)
        if PAGES.get(name, FORM_POST).status >= 400:
            # The browser itself complains of an answer that is an error.
            page.watched.problems = _Except("Failed to load resource")
        page.goto(f"/preview/{name}")
        return page

    return show


class _Except(list):
    """Problems, but for those with this text."""

    def __init__(self, text):
        super().__init__()
        self.text = text

    def append(self, problem):
        if self.text not in problem:
            super().append(problem)


def violations(page, options=AXE):
    return accessibility_violations(page, options)


def keeps_its_promises(page, promised, language):
    """OP-343: the outcome in the title, the heading and an element with a stable id; one primary button."""
    assert page.get_attribute("html", "lang") == language
    assert page.title().startswith(page.inner_text("h1"))
    assert page.title().endswith("ERP Identity")
    assert page.inner_text(f"#{promised.outcome}").strip()
    assert page.get_attribute(f"#{promised.outcome}", "data-outcome")
    buttons = page.locator("main .button:not(.button-quiet)")
    assert buttons.evaluate_all("all => all.map((button) => button.id)") == list(promised.primary)


def fits(page):
    """Nothing is wider than the window, nothing is cut off."""
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert overflow(page) == 0, width
        assert page.locator(".button, .badge, h1, .plain").evaluate_all(CUT) == [], width
        assert small_targets(page) == [], width


def reads_in_order(page, promised):
    """The Tab key goes down the page, row by row, and every stop can be seen."""
    page.evaluate("document.activeElement.blur()")
    page.mouse.click(2, 2)
    stops = []
    while len(stops) < 40:
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop["isPage"]:
            break
        stops.append(stop)
    assert all(stop["isSeen"] for stop in stops), stops
    for before, after in pairwise(stops):
        is_same_row = abs(before["middle"] - after["middle"]) < 20
        direction = "left" if is_same_row else "middle"
        assert after[direction] > before[direction], (before, after)
    names = [stop["name"] for stop in stops]
    assert [name for name in names if name in promised.primary] == list(promised.primary)
    assert names[-3:] == ["English", "Български", "Deutsch"]


def test_every_page_is_looked_at():
    assert set(PAGES) >= EVERY_COLOUR
    assert sorted(name for names in FAMILIES.values() for name in names) == sorted(PAGES)


@pytest.mark.contract("OP-343", "OP-58", "OP-342")
@pytest.mark.parametrize("family", FAMILIES)
def test_everybody_can_use_it(preview, family):
    for name in FAMILIES[family]:
        promised = PAGES[name]
        page = preview(name)
        assert page.evaluate("document.activeElement.id") == promised.focus, name
        assert violations(page) == [], name
        if name in EVERY_COLOUR:
            page.emulate_media(color_scheme="dark")
            assert violations(page, CONTRAST) == [], name
        reads_in_order(page, promised)
        for language in LANGUAGES:
            page.goto(f"/preview/{name}?ui_locales={language}")
            keeps_its_promises(page, promised, language)
            fits(page)
        page.close()


@pytest.mark.contract("OP-58")
def test_a_small_window_shows_the_button(preview):
    page = preview("signin", viewport={"width": 450, "height": 500})
    for name in ("signin", "signin-failed", "signin-again", "sign-out", "select-account"):
        for language in LANGUAGES:
            page.goto(f"/preview/{name}?ui_locales={language}")
            box = page.locator(f"#{PAGES[name].primary[0]}").bounding_box()
            assert box["y"] + box["height"] <= 500, (name, language)
            assert overflow(page) == 0


@pytest.mark.contract("ID-81")
def test_allow_and_deny_weigh_the_same(preview):
    page = preview("consent")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        sizes, looks = set(), set()
        for name in PAGES["consent"].primary:
            button = page.locator(f"#{name}")
            box = button.bounding_box()
            sizes.add((round(box["width"]), round(box["height"]), round(box["y"])))
            looks.add(
                button.evaluate(
                    "b => [(s => [s.color, s.backgroundColor, s.borderColor, s.font])(getComputedStyle(b))].join()"
                )
            )
        assert len(sizes) == len(looks) == 1


class TestPassword:
    def test_it_can_be_looked_at(self, preview):
        page = preview("signin")
        page.fill("#id_password", "correct horse")
        button = page.get_by_role("button", name="Show: Password")
        button.focus()
        page.keyboard.press("Enter")
        assert page.get_attribute("#id_password", "type") == "text"
        assert page.input_value("#id_password") == "correct horse"
        page.get_by_role("button", name="Hide: Password").click()
        assert page.get_attribute("#id_password", "type") == "password"

    def test_it_is_hidden_before_it_is_sent(self, preview):
        page = preview("signin")
        page.fill("#id_password", "correct horse")
        page.click(".reveal")
        page.evaluate("document.getElementById('signin').addEventListener('submit', (event) => event.preventDefault())")
        page.click("#signin-submit")
        assert page.get_attribute("#id_password", "type") == "password"

    def test_each_field_has_its_own_button(self, preview):
        page = preview("password-change")
        assert page.locator(".reveal").count() == 3
        page.locator(".reveal").nth(1).click()
        kinds = page.locator(".secret input").evaluate_all("all => all.map((one) => one.type)")
        assert kinds == ["password", "text", "password"]

    @pytest.mark.contract("OP-342")
    def test_without_scripts_there_is_none(self, preview):
        page = preview("signin", java_script_enabled=False)
        assert page.locator(".reveal").count() == 0
        page.fill("#id_password", "correct horse")


@pytest.mark.contract("ID-57", "OP-76", "OP-342")
class TestFormPost:
    SENT = FORM_POST.context()["parameters"]

    def received(self, page):
        page.wait_for_url("**/received")
        return dict(line.split("=", 1) for line in page.inner_text("body").splitlines())

    def test_it_is_sent_without_anybody(self, preview):
        page = preview("form-post")
        assert self.received(page) == self.SENT
        # Going back leads past the page that sent the code.
        assert page.evaluate("history.length") <= 2

    def test_without_scripts_the_button_sends_it(self, preview):
        page = preview("form-post", java_script_enabled=False)
        assert page.is_visible("#form-post-continue")
        assert page.is_visible("noscript p")
        page.click("#form-post-continue")
        assert self.received(page) == self.SENT

    def test_its_page_is_like_the_others(self, open_page, settings):
        settings.ROOT_URLCONF = "tests.support.pages_preview"
        page = open_page()
        page.route("**/form-post.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
        page.goto("/preview/form-post")
        assert violations(page) == []
        page.emulate_media(color_scheme="dark")
        assert violations(page, CONTRAST) == []
        keeps_its_promises(page, FORM_POST, "en")
        fits(page)


class TestLanguages:
    def test_a_choice_holds(self, preview):
        page = preview("signin", locale="bg-BG")
        assert page.inner_text("h1") == "Вход"
        page.goto("/preview/signin?request=abc")
        page.click("text=Deutsch")
        assert page.inner_text("h1") == "Anmelden"
        assert "request=abc" in page.url
        (cookie,) = [cookie for cookie in page.context.cookies() if cookie["name"] == COOKIE]
        assert cookie["value"] == "de"
        page.goto("/preview/consent")
        assert page.inner_text("h1") == "Shop sync bittet um Zugriff"

    @pytest.mark.parametrize("address", ["/", "/whats-new"])
    def test_the_start_page_speaks_them_all(self, preview, address):
        page = preview("signin")
        for language in LANGUAGES:
            page.goto(f"{address}?language={language}")
            assert page.get_attribute("html", "lang") == language
            fits(page)
            assert violations(page) == []


def test_twice_as_large_type_stays_on_the_page(preview):
    """WCAG 1.4.4: a reader who asks the browser for larger type."""
    page = preview("signin", viewport={"width": 640, "height": 800})
    for name in ("signin-long", "consent-long", "home"):
        page.goto(f"/preview/{name}")
        page.evaluate(LARGE_TYPE)
        assert overflow(page) == 0, name
