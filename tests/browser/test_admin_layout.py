"""Every page of the administration, full of long texts, in every window and on paper."""

import re

import pytest

from erpnet_identity.users.models import UserType
from tests.factories.users import UserFactory
from tests.support.browser import accessibility_violations, overflow
from tests.support.targets import small_targets, stops
from trusted_apps.models import TrustedApplication

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HIDDEN_COLUMNS = "document.querySelector('.results').scrollWidth - document.querySelector('.results').clientWidth"
# Each line of each card: what stands before it, and the heading of its column.
LINES = """() => {
    const headings = [...document.querySelectorAll('#result_list thead th')].map(heading => heading.innerText.trim());
    return [...document.querySelectorAll('#result_list tbody tr')].flatMap(row => [...row.children].map((cell, index) =>
        [cell.tagName, getComputedStyle(cell, '::before').content, headings[index]]));
}"""
# What is cut off on paper: a box that scrolls, or that hides what is too much. Texts for screen readers apart.
CUT_OFF = """() => [...document.querySelectorAll('body *')].filter(part => {
    const style = getComputedStyle(part);
    const seen = part.checkVisibility() && !style.clipPath.includes('inset') && part.clientWidth > 1;
    return seen && style.overflow !== 'visible' && !['INPUT', 'SELECT', 'TEXTAREA'].includes(part.tagName)
        && !(part instanceof SVGElement)
        && (part.scrollWidth > part.clientWidth + 1 || part.scrollHeight > part.clientHeight + 1);
}).map(part => `${part.tagName}.${part.className}`)"""
# Words of ordinary length that are broken over two lines.
BROKEN = """() => {
    const broken = [];
    const texts = document.createTreeWalker(document.querySelector("#result_list"), NodeFilter.SHOW_TEXT);
    for (let text; (text = texts.nextNode());) {
        for (const { index, 0: word } of text.data.matchAll(/\\S+/g)) {
            const range = new Range();
            range.setStart(text, index);
            range.setEnd(text, index + word.length);
            const lines = new Set([...range.getClientRects()].map((box) => Math.round(box.top)));
            if (word.length <= 22 && !/[-/]/.test(word) && lines.size > 1) { broken.push(word); }
        }
    }
    return broken;
}"""
AMERICAN = re.compile(r"\b[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}|\b[ap]\.m\.|\bnoon\b|\bmidnight\b")


@pytest.mark.parametrize("width", [1920, 1280, 1025, 1024, 768, 450, 320])
def test_nothing_is_out_of_sight(open_page, administrator, administration, width):
    page = open_page(administrator, viewport={"width": width, "height": 900})
    for address in administration.pages:
        page.goto(address)
        assert overflow(page) == 0, address
        if address in administration.lists:
            assert page.evaluate(HIDDEN_COLUMNS) == 0, address


@pytest.mark.parametrize("width", [1920, 1280])
def test_no_word_is_broken(open_page, administrator, administration, width):
    UserFactory(login="SYSTEM_APPLICATION_USER", user_type=UserType.COMMUNITY)
    page = open_page(administrator, viewport={"width": width, "height": 900})
    for address in administration.lists:
        page.goto(address)
        assert page.evaluate(BROKEN) == [], address


@pytest.mark.parametrize("width", [1280, 320])
def test_everything_can_be_hit(open_page, administrator, administration, width):
    page = open_page(administrator, viewport={"width": width, "height": 900})
    for address in administration.pages:
        page.goto(address)
        assert small_targets(page) == [], address


@pytest.mark.parametrize("width", [1280, 390])
def test_by_keyboard_alone(open_page, administrator, administration, width):
    """Every stop has an outline, is in sight and under nothing else, and they come as the page is read."""
    page = open_page(administrator, viewport={"width": width, "height": 900})
    for address in administration.pages:
        page.goto(address)
        found = stops(page)
        assert len(found) >= 15, address
        assert found[0]["name"].endswith("Skip to main content")
        for stop in found:
            assert stop["isOutlined"], (address, stop)
            assert stop["isSeen"], (address, stop)
        places = [stop["place"] for stop in found]
        assert places == sorted(places), address


@pytest.mark.parametrize("width", [1280, 390])
def test_a_list_is_sorted_and_filtered_without_scripts(open_page, administrator, administration, width):
    page = open_page(administrator, viewport={"width": width, "height": 900}, java_script_enabled=False)
    page.goto("/admin/users/user/")
    page.click("#result_list thead >> text=Created (UTC)")
    assert page.get_attribute("#result_list thead th.column-created_shown", "aria-sort") == "ascending"
    page.click("#result_list thead >> text=Created (UTC)")
    assert page.get_attribute("#result_list thead th.column-created_shown", "aria-sort") == "descending"
    assert page.locator("#result_list thead th[aria-sort]").count() == 1
    page.click("#filters summary >> text=Administrator")
    page.click("#filters a:visible >> text=Yes")
    assert page.locator("#filters details[open] summary").inner_text() == "Administrator: Yes"
    assert page.locator("#filters [aria-current]:visible").inner_text() == "Yes"
    assert page.locator("#result_list tbody tr").count() == 1
    page.click("text=Clear all filters")
    assert page.locator("#filters details[open]").count() == 0
    assert page.locator("#result_list tbody tr").count() > 1


def test_a_card_says_what_its_lines_are(open_page, administrator, administration):
    page = open_page(administrator, viewport={"width": 390, "height": 900})
    for address in administration.lists:
        page.goto(address)
        lines = [(before, heading) for tag, before, heading in page.evaluate(LINES) if tag == "TD" and heading]
        assert len(lines) >= 4, address
        for before, heading in lines:
            assert before == f'"{heading}: "', address


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(open_page, administrator, administration, scheme):
    page = open_page(administrator, color_scheme=scheme)
    for address in administration.pages:
        page.goto(address)
        assert accessibility_violations(page) == [], address


def test_one_way_to_write_a_moment_and_one_order_of_stops(open_page, administrator, administration):
    page = open_page(administrator, locale="en-US")
    for address in administration.pages:
        page.goto(address)
        assert AMERICAN.search(page.inner_text("body")) is None, address
        assert page.locator("[tabindex]:not([tabindex='0']):not([tabindex='-1'])").count() == 0, address
        assert page.locator("#header .brand-mark").count() == 1
        assert "/erp/mark.svg" in page.get_attribute("link[rel=icon]", "href")


def test_nothing_is_cut_off_on_paper(open_page, administrator, administration):
    """A4 with its margins; dark for a person who has chosen that."""
    page = open_page(administrator, viewport={"width": 718, "height": 1000})
    page.emulate_media(media="print")
    for address in ["/manage", "/manage/sessions", "/manage/licenses", "/manage/reservations", *administration.pages]:
        page.goto(address)
        assert page.evaluate(CUT_OFF) == [], address
        assert overflow(page) == 0, address
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") == "rgb(23, 33, 43)"


def test_what_a_page_of_deletion_says(open_page, administrator, administration):
    page = open_page(administrator)
    (address,) = administration.deleted
    page.goto(address)
    steps = page.locator(".breadcrumbs").inner_text().split(" › ")
    assert steps[:2] == ["Home", "Trusted Applications"]
    assert len(steps) == len(set(steps)) == 4
    assert page.inner_text("h1") == f"Delete {steps[2]}"
    assert "1 client secret" in page.locator("main li").all_inner_texts()
    page.goto("/admin/trusted_apps/trustedapplication/")
    page.check("#action-toggle")
    page.select_option("select[name=action]", "delete_selected")
    page.click("button[name=index]")
    steps = page.locator(".breadcrumbs").inner_text().split(" › ")
    assert steps == ["Home", "Trusted Applications", "Delete"]
    assert page.inner_text("h1") == "Delete 2 applications"
    assert accessibility_violations(page) == []
    page.click("#confirm-button")
    page.wait_for_selector(".messagelist .success")
    assert not TrustedApplication.objects.filter(name__startswith="An application").exists()
