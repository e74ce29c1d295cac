"""How a report looks: both themes as variables of its style, and the typefaces of the pages, inside the file."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import fields, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
import re

from app import theme as themes
from app.theme import Theme

# Family -> the file's name in Streamlit's static folder: variable fonts under the SIL Open Font License.
_FONTS = {"Source Sans": "SourceSansVF-Upright*.woff2", "Source Serif": "SourceSerifVariable-Roman*.woff2"}


@cache
def ink() -> Theme:
    """The theme whose colours are names of CSS variables: what is drawn with it follows the reader's theme."""
    light, named = themes.theme("light"), {}
    for field in fields(light):
        value = getattr(light, field.name)
        if isinstance(value, dict):
            named[field.name] = {key: f"var({_variable(field.name, key)})" for key in value}
        elif field.name != "name" and _is_colour(value):
            named[field.name] = f"var({_variable(field.name)})"
    return replace(light, **named)


def variables(name: str) -> str:
    """The colours of the theme called `light` or `dark`, as declarations of CSS."""
    theme, lines = themes.theme(name), []
    for field in fields(theme):
        value = getattr(theme, field.name)
        if isinstance(value, dict):
            lines += [f"{_variable(field.name, key)}: {colour}" for key, colour in value.items()]
        elif _is_colour(value):
            lines.append(f"{_variable(field.name)}: {value}")
    return "; ".join(lines)


def _is_colour(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"#[0-9A-Fa-f]{3,8}", value) is not None


def _variable(*names: str) -> str:
    return f"--{re.sub(r'[^a-z0-9]+', '-', '-'.join(names).lower()).strip('-')}"


@cache
def typefaces() -> str:
    """The typefaces as rules of CSS; those that this Streamlit does not bring along are left to the reader's system."""
    streamlit = find_spec("streamlit")  # where it is, without importing it
    rules = []
    for family, pattern in _FONTS.items() if streamlit and streamlit.origin else ():
        found = sorted(Path(streamlit.origin).parent.glob(f"static/static/media/{pattern}"))
        if found:
            content = b64encode(found[0].read_bytes()).decode("ascii")
            source = f'url("data:font/woff2;base64,{content}") format("woff2")'
            rules.append(f'@font-face {{ font-family: "{family}"; font-weight: 200 900; src: {source}; }}')
    return "\n".join(rules)


def logo(name: str) -> str:
    """The logo of a theme as SVG, a file of ours."""
    return (themes.ASSETS / f"logo-{name}.svg").read_text(encoding="utf-8")
