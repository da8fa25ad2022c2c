"""The Instance Manager in a real browser: for everybody, in every size, with and without scripts, and always fresh."""

from datetime import timedelta

import pytest
from django.utils import timezone

from erpnet_identity.erp_sessions.models import ErpSession, License, ReservedSeat
from erpnet_identity.identity.models import IdentitySession
from tests.factories.users import UserFactory
from tests.support import manage_preview
from tests.support.browser import accessibility_violations, overflow
from tests.support.live import live_session
from tests.support.targets import small_targets, stops

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTHS = (1920, 1280, 1201, 1080, 1024, 768, 450, 320)
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = {"runOnly": TAGS, "rules": {"target-size": {"enabled": True}}, "preload": False}
CONTRAST = {"runOnly": ["color-contrast"], "preload": False}
PAGES = ("/manage", "/manage/sessions", "/manage/licenses", "/manage/reservations", "/manage/appearance")
PAGES += ("/manage/sessions/close-all",)
CUT = "all => all.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent.trim())"
LARGE_TYPE = """() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("html { font-size: 200% }");
    document.adoptedStyleSheets = [sheet];
}"""
# Longer than the page waits before it asks again.
FRESH = 8_000


def violations(page, options=AXE):
    return accessibility_violations(page, options)


def refreshed(page):
    """Wait until the page has taken over another answer."""
    before = page.inner_text("#live-time")
    page.wait_for_function("(text) => document.getElementById('live-time').innerText !== text", arg=before)


@pytest.fixture
def busy(db):
    """A pool with people in it."""
    License.objects.create(slots=10)
    holder = ReservedSeat.objects.create(user=UserFactory(name="Anna Holder", login="anna")).user
    return [live_session(UserFactory(name="Maria Petrova", login="maria"), opened=5), live_session(holder, opened=90)]


@pytest.fixture
def preview(open_page, settings):
    settings.ROOT_URLCONF = "tests.support.pages_preview"

    def show(name, **options):
        page = open_page(**options)
        page.goto(f"/manage/preview/{name}")
        return page

    return show


@pytest.mark.contract("IS-83", "IS-88", "IS-89", "IS-90")
@pytest.mark.parametrize("name", [name for name in manage_preview.pages() if name != "forbidden"])
def test_everybody_can_use_it(preview, name):
    page = preview(name)
    assert violations(page) == []
    for details in page.locator("details summary").all():
        details.click()
    assert violations(page) == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert overflow(page) == 0, width
        assert page.locator(".button, .badge, .tag, h1, h2, dd, .bar a").evaluate_all(CUT) == [], width
        assert small_targets(page) == [], width
        if width in (768, 320):
            assert violations(page) == [], width
    page.set_viewport_size({"width": 1280, "height": 800})
    page.emulate_media(color_scheme="dark")
    assert violations(page, CONTRAST) == []
    page.set_viewport_size({"width": 640, "height": 800})
    page.evaluate(LARGE_TYPE)
    assert overflow(page) == 0


@pytest.mark.contract("IS-80")
def test_somebody_else_reads_why_not(open_page, internal_user):
    page = open_page(internal_user)
    page.goto("/manage/licenses")
    assert page.inner_text("h1") == "Administrators only"
    assert violations(page) == []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert overflow(page) == 0, width
    page.watched.problems = [problem for problem in page.watched.problems if "403" not in problem]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("address", PAGES)
def test_by_keyboard(open_page, administrator, busy, address, width):
    """The first stop leads past the navigation; every stop can be seen and lies within the window."""
    page = open_page(administrator, viewport={"width": width, "height": 800})
    page.goto(address)
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "Skip to the content"
    found = stops(page)
    for stop in found:
        assert stop["isOutlined"], stop
        assert stop["isSeen"], stop
    places = [stop["place"] for stop in found]
    assert places == sorted(places)
    names = [stop["text"] for stop in found]
    assert names[1:7] == ["ERP Identity", "Sign out", "Home", "Sessions", "Licenses", "Reservations"]


class TestFresh:
    """What is shown follows what is, and nothing that a person is doing is disturbed."""

    @pytest.mark.contract("IS-90")
    def test_sessions_come_and_go(self, open_page, administrator, busy):
        page = open_page(administrator)
        page.goto("/manage/sessions")
        first, second = busy
        page.focus(f"#end-{second.pk}")
        page.fill("#id_q", "something half ty")
        page.evaluate("window.untouched = true")
        row = page.locator(f"#session-{second.pk}")
        row.evaluate("(row) => { row.mark = 'the same row' }")

        ErpSession.objects.filter(pk=first.pk).update(closed_at=timezone.now())
        newest = live_session(UserFactory(name="Georgi Ivanov"))
        page.wait_for_selector(f"#session-{newest.pk}", timeout=FRESH)
        assert page.locator(f"#session-{first.pk}").count() == 0
        ids = page.locator("tbody tr").evaluate_all("all => all.map((row) => row.id)")
        assert ids == [f"session-{newest.pk}", f"session-{second.pk}"]
        assert row.evaluate("(row) => row.mark") == "the same row"
        assert page.input_value("#id_q") == "something half ty"
        assert page.evaluate("document.activeElement.id") == "id_q"
        assert page.evaluate("window.untouched"), "the page was loaded anew"

    def test_the_focus_stays(self, open_page, administrator, busy):
        page = open_page(administrator)
        page.goto("/manage/sessions")
        first, second = busy
        page.focus(f"#end-{second.pk}")
        newest = live_session(UserFactory(name="Georgi Ivanov"))
        page.wait_for_selector("text=Georgi Ivanov", timeout=FRESH)
        assert page.evaluate("document.activeElement.id") == f"end-{second.pk}"
        ErpSession.objects.filter(pk__in=[first.pk, newest.pk]).update(closed_at=timezone.now())
        page.wait_for_selector("text=Georgi Ivanov", state="detached", timeout=FRESH)
        assert page.evaluate("document.activeElement.id") == f"end-{second.pk}"
        ErpSession.objects.filter(pk=second.pk).update(closed_at=timezone.now())
        page.wait_for_selector(f"#session-{second.pk}", state="detached", timeout=FRESH)
        assert page.evaluate("document.activeElement.id") == "live-sessions", "it is lost"

    @pytest.mark.contract("IS-88")
    def test_numbers_are_said_when_they_change_and_only_then(self, open_page, administrator, busy):
        page = open_page(administrator)
        page.goto("/manage/licenses")
        page.click("#day-details summary")
        page.fill("#id_slots", "17")
        page.evaluate(
            """() => {
                window.said = [];
                new MutationObserver(() => window.said.push(document.getElementById("live-said").textContent))
                    .observe(document.getElementById("live-said"), { childList: true });
            }"""
        )
        refreshed(page)
        assert page.evaluate("window.said") == []
        live_session()
        page.wait_for_function("() => document.getElementById('pool-live').innerText === '3'")
        page.wait_for_function("() => window.said.length > 0")
        refreshed(page)
        assert page.evaluate("window.said") == ["3 live sessions, 7 free licenses."]
        assert page.evaluate("document.getElementById('day-details').open"), "what was opened is closed"
        assert page.input_value("#id_slots") == "17"

    def test_it_can_be_paused(self, open_page, administrator, busy):
        page = open_page(administrator)
        page.goto("/manage")
        page.click("#live-pause")
        assert page.inner_text("#live-pause") == "Go on updating"
        asked = []
        page.on("request", lambda request: request.resource_type == "fetch" and asked.append(request.url))
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_timeout(5_500)
        assert asked == []
        page.goto("/manage/sessions")
        assert page.inner_text("#live-pause") == "Go on updating", "the choice holds for the next page"
        live_session(UserFactory(name="Georgi Ivanov"))
        page.click("#live-pause")
        page.wait_for_selector("text=Georgi Ivanov", timeout=2_000)

    def test_nothing_is_asked_while_nobody_looks(self, open_page, administrator, busy):
        hide = """(isHidden) => {
            Object.defineProperty(document, "hidden", { value: isHidden, configurable: true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
        page = open_page(administrator)
        page.add_init_script(f"({hide})(true)")
        asked = []
        page.on("request", lambda request: request.resource_type == "fetch" and asked.append(request.url))
        page.goto("/manage")
        page.wait_for_timeout(5_500)
        assert asked == [], "opened in the background"
        page.evaluate(hide, False)
        page.wait_for_timeout(500)
        assert len(asked) == 1, "what one comes to is fresh at once"
        page.evaluate(hide, True)
        page.wait_for_timeout(5_500)
        assert len(asked) == 1

    def test_it_ends_with_the_sign_in(self, open_page, administrator, busy):
        page = open_page(administrator)
        page.goto("/manage")
        IdentitySession.objects.update(ended_at=timezone.now() - timedelta(seconds=1))
        page.wait_for_selector("text=You are not signed in any more.", timeout=FRESH)
        assert page.locator("#live-pause").count() == 0
        assert page.inner_text("#pool-live") == "2", "what was known stays"
        page.click("#live-note a")
        page.wait_for_url("**/id/signin?next=%2Fmanage")

    def test_a_server_that_does_not_answer(self, open_page, administrator, busy):
        page = open_page(administrator)
        page.goto("/manage")
        page.route("**/manage", lambda route: route.abort())
        page.wait_for_selector("text=The server does not answer. Trying again.", timeout=FRESH)
        page.unroute("**/manage")
        page.wait_for_function("() => document.getElementById('live-note').textContent === ''", timeout=FRESH)
        page.watched.problems = [problem for problem in page.watched.problems if "ERR_FAILED" not in problem]


@pytest.mark.parametrize("with_scripts", [True, False])
class TestChanges:
    @pytest.mark.contract("IS-90", "IS-95")
    def test_ending_a_session(self, open_page, administrator, busy, with_scripts):
        page = open_page(administrator, java_script_enabled=with_scripts)
        page.goto("/manage/sessions?q=maria")
        page.get_by_role("link", name="End the session of Maria Petrova").click()
        assert page.inner_text("h1") == "End this session?"
        page.click("#confirm-cancel")
        page.click(f"#end-{busy[0].pk}")
        page.click("#confirm-submit")
        assert page.inner_text(".notice") == "The session of Maria Petrova has been ended."
        assert page.is_visible("#no-sessions")
        assert page.input_value("#id_q") == "maria"
        busy[0].refresh_from_db()
        assert busy[0].close_reason == "administrator"
        page.reload()
        assert page.locator(".notice").count() == 0, "it is said once"

    @pytest.mark.contract("SE-48", "IS-95")
    def test_closing_all(self, open_page, administrator, busy, with_scripts):
        page = open_page(administrator, java_script_enabled=with_scripts)
        page.goto("/manage/sessions")
        page.click("#close-all")
        assert "2 live sessions will be closed" in page.inner_text("main")
        page.click("#confirm-submit")
        assert page.inner_text(".notice") == "2 sessions have been closed."
        assert not ErpSession.objects.open().exists()

    @pytest.mark.contract("IS-88", "SE-71")
    def test_the_size_of_the_pool(self, open_page, administrator, busy, with_scripts):
        page = open_page(administrator, java_script_enabled=with_scripts)
        page.goto("/manage/licenses")
        page.fill("#id_slots", "0")
        page.click("#slots-submit")
        assert "1 seat cannot be kept" in page.inner_text("#id_slots_error")
        assert page.input_value("#id_slots") == "0"
        assert page.evaluate("document.activeElement.id") == "id_slots"
        assert violations(page) == [] if with_scripts else True
        page.fill("#id_slots", "25")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=The pool holds 25 concurrent licenses now.")
        assert page.inner_text("#pool-slots") == "25"

    @pytest.mark.contract("IS-89", "IS-95")
    def test_a_seat_more_and_a_seat_less(self, open_page, administrator, busy, with_scripts):
        page = open_page(administrator, java_script_enabled=with_scripts)
        page.goto("/manage/reservations")
        page.fill("#id_login", "maria")
        if with_scripts:
            page.wait_for_selector("#login-suggestions option[value=maria]", state="attached")
        page.click("#reserve-submit")
        assert page.inner_text(".notice") == "A seat is kept for Maria Petrova now."
        page.get_by_role("button", name="Remove the reserved seat of Anna Holder").click()
        page.wait_for_selector("text=No seat is kept for Anna Holder any more.")
        assert [seat.user.login for seat in ReservedSeat.objects.all()] == ["maria"]


@pytest.mark.contract("IS-83", "IS-88", "IS-89", "IS-90")
def test_complete_without_scripts(open_page, administrator, busy):
    page = open_page(administrator, java_script_enabled=False)
    for address, expected in (
        ("/manage", "2 of 10 in use"),
        ("/manage/sessions", "Maria Petrova"),
        ("/manage/licenses", "The last 30 days"),
        ("/manage/reservations", "Anna Holder"),
    ):
        page.goto(address)
        assert expected in page.inner_text("main")
        assert page.locator("#live-pause").count() == 0, "a button that does nothing"
        assert page.locator("#live-note").count() == 0


def test_from_administration_and_back(open_page, administrator):
    page = open_page(administrator)
    page.goto("/admin/")
    page.click("#admin-manage")
    page.wait_for_url("**/manage")
    page.click("#manage-admin")
    page.wait_for_url("**/admin/")
