"""What shuts people out of a page: the findings of axe-core that are ours, and controls that lie outside the window."""

from __future__ import annotations

import re

from tests.browser import axe
from tests.browser.visit import Visit

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


# Controls that reach beyond the window to either side, without a box around them that scrolls.
CUT = """(main) => [...main.querySelectorAll("button, input, a, [role=radio], [role=combobox]")].filter((node) => {
    const box = node.getBoundingClientRect();
    if (!box.width || !box.height || getComputedStyle(node).visibility === "hidden") return false;
    for (let above = node.parentElement; above && above !== main; above = above.parentElement)
        if (/(auto|scroll|hidden)/.test(getComputedStyle(above).overflowX)) return false;
    return box.left < -1 || box.right > window.innerWidth + 1;
}).map((node) => node.innerText || node.getAttribute("aria-label") || node.outerHTML.slice(0, 80))"""


def out_of_reach(visit: Visit) -> list[str]:
    """The controls of the page that its window cuts off, and how far the whole page scrolls sideways."""
    wider = "node => node.scrollWidth - node.clientWidth"
    beyond = max(visit.page.locator("html").evaluate(wider), visit.main.evaluate(wider))
    return ([f"scrolls sideways by {beyond} px"] if beyond > 0 else []) + visit.main.evaluate(CUT)
