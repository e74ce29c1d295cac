"""Every key that does something, written once: the buttons take theirs from here, and so does the help.

Streamlit lets a letter do nothing while the viewer types in a field; only Esc is heard there too. C and R are its own.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Shortcut:
    """A key as Streamlit's buttons take it, what it does, where, and how it is written where not as it is."""

    key: str
    does: str
    where: str = "on every page"
    written: str = ""

    @property
    def shown(self) -> str:
        """The key as people read it."""
        return self.written or self.key.replace("+", " + ")

    def hint(self, text: str) -> str:
        """A button's tooltip with the key at its end."""
        return f"{text} ({self.shown})"


RANDOM_USER = Shortcut("U", "a random user")
NEXT_USER = Shortcut("Shift+N", "the next user")
PREVIOUS_USER = Shortcut("Shift+B", "the user before")
NEXT_FILM = Shortcut("N", "the next film of the list", "Explain")
PREVIOUS_FILM = Shortcut("B", "the film before", "Explain")
CLEAR_SELECTION = Shortcut("Esc", "clears the selection", "Sensitivity maps")
PRESENT = Shortcut("P", "begins the guided tour", "Overview")
NEXT_STEP = Shortcut("Right", "the next step", "guided tour", "→")
PREVIOUS_STEP = Shortcut("Left", "the step before", "guided tour", "←")
LEAVE = Shortcut("Esc", "leaves the tour", "guided tour")
FIND = Shortcut("/", "goes to the search for a film", "where there is one")
FIND_FIELD = "Find a film"  # the label of the field that FIND goes to

_LISTS, _MAPS = "lists of films", "inside a map"
# Keys that the components hear themselves, while the keyboard is in them.
IN_COMPONENTS = (
    Shortcut("Tab", "goes from control to control, and from row to row", "on every page"),
    Shortcut("Down", "the next row; with ↑ the row before", _LISTS, "↓"),
    Shortcut("Enter", "opens the film of the row", _LISTS),
    Shortcut("Arrows", "move the map", _MAPS, "←↑↓→"),
    Shortcut("+", "nearer; with - further away, with 0 the whole map", _MAPS, "+"),
    Shortcut("Enter", "chooses the film nearest to the middle", _MAPS),
    Shortcut("Space", "selects the chosen film and its neighbours; with Shift it adds them", _MAPS),
    Shortcut("]", "a larger box around the middle, with [ a smaller one; Enter selects its films", _MAPS),
    Shortcut("L", "the lasso; with B the box, with M moving", _MAPS),
)
TABLE = (
    RANDOM_USER,
    NEXT_USER,
    PREVIOUS_USER,
    NEXT_FILM,
    PREVIOUS_FILM,
    FIND,
    CLEAR_SELECTION,
    PRESENT,
    NEXT_STEP,
    PREVIOUS_STEP,
    LEAVE,
    *IN_COMPONENTS,
)
