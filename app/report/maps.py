"""The section on the maps: the very component of the page, with its data as plain lists, so that it runs offline."""

from __future__ import annotations

from dataclasses import dataclass
import re

from app import theme as themes
from app import words
from app.maps import component, facts, tables
from app.report import pieces
from app.report.gathering import Gathered, command
from app.report.pieces import Missing
from app.theme import ASSETS
from vasp_models import provenance
from vasp_models.data.catalogue import PAPER_GENRES, Catalogue
from vasp_models.projections.maps import DEFAULT_DISTANCE

USE = (
    "Drag to move a map, click on a film to see it in every map, zoom with the buttons. With Lasso or Box draw around "
    "films in one map: the same films are marked in all of them, and named below."
)
FALLBACK = (
    "The maps are drawn by a script inside this file. Where scripts are switched off, as in the preview of a mail "
    "program, open the file in a browser; what was measured on the maps stands in the table below."
)
NAME = "linked_maps"
MOST_NAMED = 120  # films of a selection
_EXPORT = re.compile(r"^export default ", re.MULTILINE)


def section(gathered: Gathered) -> dict:
    """What the section shows; where there are no maps, the command that draws them."""
    maps, checkpoint = gathered.maps, gathered.checkpoint
    if maps is None:
        text = "The maps of this checkpoint have **not been computed** yet."
        missing = Missing(text, command(checkpoint, "map", "--distance", DEFAULT_DISTANCE))
        return {"question": facts.question(None), "missing": missing}
    return {
        "question": facts.question(maps.parts),
        "answer": facts.answer(maps, checkpoint.catalogue, View.of(checkpoint.catalogue)),
        "reading": facts.reading_rule(maps, checkpoint.catalogue),
        "use": USE,
        "alt": _alt(gathered),
        "fallback": FALLBACK,
        "twin": _twin(gathered),
        "nearest": _nearest(gathered),
        "how": facts.how(maps),
    }


def _alt(gathered: Gathered) -> str:
    names = [words.part_name(part) for part in gathered.maps.parts]
    return f"Maps of the same {len(gathered.maps.items):,} films side by side: {words.joined(names)}"


def _twin(gathered: Gathered) -> pieces.Table:
    """The figures below the maps."""
    maps, catalogue = gathered.maps, gathered.checkpoint.catalogue
    shown = facts.maps_data(maps, catalogue, View.of(catalogue).focus, None, themes.theme("light"))["maps"]
    rows = [[one["name"], *(value for _, value, _ in one["figures"])] for one in shown]
    head = ["Map", *(name for name, _, _ in shown[0]["figures"])]
    return pieces.Table(head, rows, frozenset(range(1, len(head))))


def _nearest(gathered: Gathered) -> pieces.Table | None:
    """The neighbours of the explained film, where it is on the maps."""
    item = _film(gathered)
    if item is None:
        return None
    return pieces.table(tables.nearest_films(gathered.maps, gathered.checkpoint.catalogue, item))


def _film(gathered: Gathered) -> int | None:
    """The explained film, where it is on the maps."""
    told = gathered.story.film if gathered.story is not None else None
    return told.item if told is not None and gathered.maps.row(told.item) is not None else None


@dataclass(frozen=True)
class View:
    """What the page's answer is asked for: the genres in colour, those of the paper; all where no film has one."""

    focus: tuple[str, ...] | None
    colouring: str

    @classmethod
    def of(cls, catalogue: Catalogue) -> View:
        """The view of these films."""
        focus = facts.focus_or_all(catalogue, PAPER_GENRES)
        return cls(focus, "genres" if focus is None else "focus")


def data(gathered: Gathered) -> dict:
    """What the script of the report draws: the films once, and a view for each theme, as plain JSON."""
    maps, catalogue, film = gathered.maps, gathered.checkpoint.catalogue, _film(gathered)
    focus = View.of(catalogue).focus
    once = {"points": facts.points(maps, catalogue), "labels": facts.labels(maps, catalogue)}
    given = once | {"provenance": provenance.line(gathered.about)}
    views = {}
    for name in ("light", "dark"):
        view = facts.maps_data(maps, catalogue, focus, film, themes.theme(name), about=given)
        views[name] = {key: value for key, value in view.items() if key != "points"}
    look = {"film": views["light"]["film"], "style": component.source(NAME)[0], "alt": _alt(gathered)}
    return component.plain({"points": once["points"]}) | views | look | {"most": MOST_NAMED}


def script() -> str:
    """The component's script with the report's own behind it. Raises ValueError where it has no default export."""
    _, own = component.source(NAME)
    joined, exports = _EXPORT.subn("const drawMaps = ", own)
    if exports != 1:
        raise ValueError(f"expected one default export in {NAME}, found {exports}")
    return joined + "\n" + (ASSETS / "report" / "report.js").read_text(encoding="utf-8")
