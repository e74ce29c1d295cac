"""Our Markdown, with the colours and signs that Streamlit reads in it, as HTML; text from data stays text."""

from __future__ import annotations

from functools import cache
import re

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline
from markupsafe import Markup

_COLOURED = re.compile(r":(small|gray|orange|blue|green|gray-badge)\[")
_ICON = re.compile(r":material/(\w+):")
_SIGNS = {"remove": "−", "arrow_forward": "→", "check": "✓", "close": "✗"}  # what stands for an icon of a page


def inline(text: str) -> Markup:
    """One line of Markdown as HTML."""
    return Markup(_reader().renderInline(text))


def block(text: str) -> Markup:
    """Paragraphs and lists of Markdown as HTML."""
    return Markup(_reader().render(text))


@cache
def _reader() -> MarkdownIt:
    # No tags, links or pictures: our words have none, and nothing that data brings along becomes one.
    reader = MarkdownIt("commonmark", {"html": False})
    reader.disable(["link", "image", "autolink", "html_inline", "html_block", "entity", "reference"])
    reader.inline.ruler.before("emphasis", "coloured", _coloured)
    reader.inline.ruler.before("emphasis", "icon", _icon)
    return reader


def _coloured(state: StateInline, silent: bool) -> bool:
    """``:gray[words]`` as a span of that class."""
    found = _COLOURED.match(state.src, state.pos)
    if found is None:
        return False
    end = state.md.helpers.parseLinkLabel(state, found.end() - 1)
    if end < 0:
        return False
    if not silent:
        most, state.pos, state.posMax = state.posMax, found.end(), end
        state.push("span_open", "span", 1).attrs = {"class": f"ink-{found[1]}"}
        state.md.inline.tokenize(state)
        state.push("span_close", "span", -1)
        state.posMax = most
    state.pos = end + 1
    return True


def _icon(state: StateInline, silent: bool) -> bool:
    """``:material/name:`` as the sign that stands for it; nothing where there is none."""
    found = _ICON.match(state.src, state.pos)
    if found is None:
        return False
    if not silent and (sign := _SIGNS.get(found[1])):
        state.push("text", "", 0).content = sign
    state.pos = found.end()
    return True
