"""Nobody is shut out: axe-core finds no serious barrier of ours, and every page can be used at 200 % zoom."""

from __future__ import annotations

import re

import pytest

from tests.browser import axe
from tests.browser.test_pages import routes
from tests.browser.visit import Visit

ZOOMED = (720, 450)  # what is left of a window of 1440 x 900 at 200 %
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = ("serious", "critical")
ICON_ALONE = re.compile(r"^\w+ icon$")

# What Streamlit draws itself, by rule: the parts of its frame in which the finding stands, and why it is not ours.
STREAMLITS = {
    "list": {"stSidebarNavItems"},  # the groups of the navigation stand as <div> between <ul> and <li>
    "listitem": {"stSidebarNavItems"},
}

FOUND = """async ([rules]) => {
    const report = await axe.run(document, { runOnly: { type: "tag", values: rules }, resultTypes: ["violations"] });
    const around = (target) => {
        const names = [];
        let node = document.querySelector([target[0]].flat()[0]);
        for (; node; node = node.parentElement) if (node.dataset.testid) names.push(node.dataset.testid);
        return names;
    };
    return report.violations.flatMap(({ id, impact, nodes }) => nodes.map((node) => ({
        id, impact, around: around(node.target), html: node.html.slice(0, 200),
        why: node.any.concat(node.all, node.none).map((check) => check.message).join("; ").slice(0, 200),
    })));
}"""


def barriers(visit: Visit) -> list[str]:
    """Serious and critical findings on the page as it stands that are not Streamlit's own, each kind once.

    With them the buttons that have an icon and no words: axe-core takes the name of the icon for theirs.
    """
    if not visit.page.evaluate("() => Boolean(window.axe)"):
        visit.page.evaluate(axe.find().read_text(encoding="utf-8"))
    found = visit.page.evaluate(FOUND, [RULES])
    ours = [
        f"{each['id']} ({each['impact']}) in {' < '.join(each['around'][:3])}: {each['html']} {each['why']}"
        for each in found
        if each["impact"] in GRAVE and not STREAMLITS.get(each["id"], set()) & set(each["around"])
    ]
    wordless = visit.page.get_by_role("button", name=ICON_ALONE).evaluate_all("all => all.map((one) => one.outerHTML)")
    return list(dict.fromkeys(ours + [f"a button without words: {html[:200]}" for html in wordless]))


@pytest.fixture(scope="module", autouse=True)
def _axe():
    assert axe.find() is not None, "axe-core is missing: python tests/browser/axe.py brings it"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_page_has_a_serious_barrier(on_demo, theme):
    visit, found = on_demo(theme), {}
    for name in visit.pages():
        if each := barriers(visit.go(name)):
            found[name] = each
    assert not found, "\n".join(f"{name}: {line}" for name, lines in found.items() for line in lines)


def test_what_opens_over_a_page_and_the_tour_have_none_either(visits, demo):
    visit, found = visits(demo.url, "dark").open("/recommend?c=demo"), {}
    visit.main.locator("table[aria-label='Recommended films'] tbody td.film button").first.click()
    found["dialog"] = barriers(visit.settle())
    found["tour"] = barriers(visit.open("/recommend?c=demo&show=1"))
    found["maps of a film"] = barriers(visit.open("/maps?c=demo&f=374&by=genres"))
    assert not any(found.values()), found


def test_every_page_can_be_used_at_twice_the_size(visits, demo):
    visit, wide, cut = visits(demo.url, "light", ZOOMED), {}, {}
    for route in routes():
        visit.open(route)
        beyond = visit.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if beyond > 0:
            wide[route] = beyond
        if lost := visit.main.evaluate(CUT):
            cut[route] = lost
    assert not wide, f"pages scroll sideways by so many pixels: {wide}"
    assert not cut, f"controls lie outside the window: {cut}"


# Controls that reach beyond the window to either side, without a box around them that scrolls.
CUT = """(main) => [...main.querySelectorAll("button, input, a, [role=radio], [role=combobox]")].filter((node) => {
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height || getComputedStyle(node).visibility === "hidden") return false;
    for (let above = node.parentElement; above && above !== main; above = above.parentElement)
        if (/(auto|scroll|hidden)/.test(getComputedStyle(above).overflowX)) return false;
    return box.left < -1 || box.right > window.innerWidth + 1;
}).map((node) => node.innerText || node.getAttribute("aria-label") || node.outerHTML.slice(0, 80))"""
