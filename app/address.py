"""How choices are written in an address, and read from it. What cannot be read is None."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, unquote

MOST_IN_ADDRESS = 2000  # characters of a list of films: some programs that pass links on cut them not far above that
MOST_DIGITS = 9

Codec = tuple[Callable[[object], str | None], Callable[[str], object | None]]


def plain(default: object) -> Codec:
    """How a choice of the type of its default is written and read: a switch, a number or text."""
    if isinstance(default, bool):
        return switch_text, switch
    return (str, number) if isinstance(default, int) else (str, str)


def switch_text(value: bool) -> str:
    """A switch: ``1`` or ``0``."""
    return "1" if value else "0"


def switch(text: str) -> bool | None:
    """A switch from its text."""
    return {"1": True, "0": False}.get(text)


def number(text: str) -> int | None:
    """A whole number from its text; no sign, not longer than any choice needs."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def names_text(names: tuple[str, ...]) -> str:
    """Names that people read, as of genres; ``-`` where there are none."""
    plain = [name.replace("%", "%25").replace(",", "%2C") for name in names]
    return "%2D" if plain == ["-"] else ",".join(plain) or "-"


def names(text: str, most: int) -> tuple[str, ...] | None:
    """Names from their text, each once, the first `most`."""
    if text == "-":
        return ()
    return tuple(dict.fromkeys(unquote(name) for name in text.split(",") if name))[:most] or None


def films_text(ids: tuple[str, ...]) -> str | None:
    """A list of films as one word of an address, ``1-22-333`` (``-`` where it is empty); None where it is too long."""
    text = "-".join(quote(item, safe="").replace("-", "%2D") for item in ids) or "-"
    return text if len(text) <= MOST_IN_ADDRESS else None


def films(text: str) -> tuple[str, ...]:
    """A list of films from its text, each once."""
    return tuple(dict.fromkeys(unquote(item) for item in text.split("-") if item))
