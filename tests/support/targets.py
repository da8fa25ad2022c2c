"""What can be reached and hit on a page: with a fingertip, and with the Tab key alone."""

# Controls whose box is smaller than 24 by 24 pixels (WCAG 2.5.8). Links within a sentence, what a label makes larger,
# and what only screen readers meet are excepted, as the criterion has it.
_SMALL = """() => [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, summary, textarea")]
    .filter((one) => one.checkVisibility() && !one.closest(".sr, .skip, .visually-hidden, .skip-to-content-link"))
    .filter((one) => one.tabIndex >= 0 && !(one.labels && one.labels.length))
    .filter((one) => getComputedStyle(one).display !== "inline" || one.parentElement.textContent.trim() ===
        one.textContent.trim() && !one.closest("td, th, li, p, dd"))
    .map((one) => [one.textContent.trim().slice(0, 40) || one.name || one.id, one.getBoundingClientRect()])
    .filter(([, box]) => Math.min(box.width, box.height) < 23.9)
    .map(([name, box]) => `${name}: ${Math.round(box.width)} × ${Math.round(box.height)}`)"""

_STOP = """() => {
    const stop = document.activeElement;
    const box = stop.getBoundingClientRect();
    const style = getComputedStyle(stop);
    const on = document.elementFromPoint(box.left + Math.min(box.width / 2, 20), box.top + box.height / 2);
    return {
        isPage: stop === document.body,
        text: stop.innerText,
        name: `${stop.tagName} ${stop.id || stop.name || stop.textContent.trim().slice(0, 40)}`,
        isOutlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        isSeen: box.width > 2 && box.height > 2 && Boolean(on) && (stop.contains(on) || on.contains(stop)
            || [...(stop.labels || [])].some((label) => label.contains(on))),
        place: [...document.querySelectorAll("*")].indexOf(stop),
    };
}"""


# From here the Tab key begins at the top again; a blur alone lets it go on from where the focus was.
_TO_THE_TOP = """() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    window.scrollTo(0, 0);
}"""


def small_targets(page):
    """The controls that are hard to hit, a line each."""
    return page.evaluate(_SMALL)


def stops(page, limit=400):
    """Every stop of the Tab key from the top of the page, in order: ``name`` and ``text``, whether it ``isOutlined``
    and ``isSeen`` (large enough, within the window, under nothing else), and its ``place`` in the document."""
    page.evaluate(_TO_THE_TOP)
    found = []
    while len(found) < limit:
        page.keyboard.press("Tab")
        stop = page.evaluate(_STOP)
        if stop["isPage"] or (found and stop["place"] == found[0]["place"]):
            return found
        found.append(stop)
    raise AssertionError(f"more than {limit} stops")
