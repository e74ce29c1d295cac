"""Whether a claim holds: from paired differences and their standard errors, and the published figures beside ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vasp_models import published
from vasp_models.published import Cell
from vasp_models.published.claims import GENRES, INTERACTIONS, Claim
from vasp_models.published.recipes import PARTS, Recipe
from vasp_models.published.reproduced import Figure, Gap, Measured

HOLDS, FAILS, OPEN, MISSING = "holds", "does not hold", "not resolved", "not measured"
DATA = {
    "ml-20m": "MovieLens 20M", "ml-25m": "MovieLens 25M", "ml-1m": "MovieLens 1M", "ml-100k": "MovieLens 100K",
    "ml-latest-small": "MovieLens latest-small", "netflix": "Netflix Prize", "amusic": "Amazon Music",
    "lastfm": "Last.fm", "atoy": "Amazon Toys", "demo": "Demo: simulated viewers",
}  # fmt: skip
_SLIDES = {"slides": ("slides", "Ranking")}  # claim -> document and table, where these are not the recipe's
_WIDTH = 2 * 1.96  # of a 95 % interval in standard errors
_DISTANCE = "lift"  # of which the neighbours are asked
JOINT, DEEP, SHALLOW = "joint", "flvae", "nease"


@dataclass(frozen=True)
class Told:
    """One difference that a claim is about: the row that has to be better, the other, ours and theirs of both."""

    better: str
    worse: str | None
    ours: tuple[Figure | None, Figure | None]
    theirs: tuple[Cell | None, Cell | None]
    gap: Gap | None

    @property
    def margin(self) -> float:
        """By how many standard errors the claim is right in this pair."""
        return 0.0 if self.gap is None else self.gap.errors

    def published_margin(self, claim: Claim) -> float:
        """By how much the published figures are in favour of the claim; 0 without them."""
        first, second = self.theirs
        return 0.0 if not (first and second) else (first.value - second.value) * (-1 if claim.less_is_better else 1)


@dataclass(frozen=True)
class Verdict:
    """What became of a claim on a data set; `told` is the pair that decides it: the one that is least in its favour."""

    claim: Claim
    state: str
    told: Told
    measured: Measured | None


def title_of(data: str) -> str:
    """A data set as people read it."""
    return DATA.get(data, data)


def source(claim: Claim) -> str:
    """Document and table of a claim."""
    document, table = _SLIDES.get(claim.key, (claim.about.document, claim.about.table))
    return f"{table}, {published.document(document).short}"


def published_figure(recipe: Recipe, label: str, metric: str, data: str | None = None, claim: str = "") -> Cell | None:
    """The published figure beside a row: on the same data where there is one, else on what was published."""
    document, table = _SLIDES.get(claim, (recipe.document, recipe.table))
    if not any(each.name == table for each in published.tables(document)):
        return None
    wanted = (data, recipe.published_on) if data else (recipe.published_on,)
    found = (published.figure(document, table, label, name, metric) for name in wanted)
    return next(filter(None, found), None)


def row_labels(recipe: Recipe, data: str | None = None) -> list[str]:
    """The rows of a recipe, then those that were published beside them and are not measured."""
    tables = [each for each in published.tables(recipe.document) if each.name == recipe.table]
    theirs = [cell.entry for table in tables for cell in table.cells if cell.metric in recipe.metrics]
    return list(dict.fromkeys([*recipe.labels, *theirs]))


def verdict(claim: Claim, measured: Measured | None, parts: Mapping[str, Any] | None = None) -> Verdict:
    """Judge a claim by what was measured; `parts` are those of a model, for claims of figure 3.

    It holds where every difference is in its favour by more than two standard errors, it does not where one is
    against it by as much, and else this sample cannot resolve it.
    """
    if claim.about.also == PARTS:
        if parts is None and measured is not None:
            parts = next((row["parts"] for row in measured.rows.values() if "parts" in row), None)
        told = [_of_parts(claim, parts)]
    else:
        told = list(_pairs(claim, measured))
    decides = min(told, key=lambda each: each.margin)
    signs = [each.gap.sign if each.gap else None for each in told]
    if -1 in signs:
        return Verdict(claim, FAILS, decides, measured)
    if None in signs:
        missing = [each for each in told if each.gap is None]
        return Verdict(claim, MISSING, min(missing, key=lambda each: each.published_margin(claim)), measured)
    return Verdict(claim, HOLDS if set(signs) == {1} else OPEN, decides, measured)


def _pairs(claim: Claim, measured: Measured | None) -> Iterator[Told]:
    data = measured.data if measured else None
    for better, worse in claim.pairs:
        gap = None if measured is None else measured.gap(better, worse, claim.metric)
        if gap is not None and claim.less_is_better:
            gap = Gap(-gap.mean, gap.se, gap.paired, gap.p)
        rows = (better, worse)
        ours = [measured.figure(row, claim.metric) if measured and row else None for row in rows]
        theirs = [_theirs(claim, row, data) for row in rows]
        yield Told(better, worse, tuple(ours), tuple(theirs), gap)


def _theirs(claim: Claim, row: str | None, data: str | None) -> Cell | None:
    if row is None:
        return None
    return published_figure(claim.about, claim.published_as.get(row, row), claim.metric, data, claim.key)


def _of_parts(claim: Claim, parts: Mapping[str, Any] | None) -> Told:
    """The claims of figure 3: neighbours of one genre beside chance, or the non-additive share of two parts."""
    nothing = (None, None)
    if claim.of == GENRES:
        found = ((parts or {}).get(JOINT, {}).get("purity") or {}).get(_DISTANCE)
        if not found or found.get("p") is None:
            return Told("VASP", "chance", nothing, nothing, None)
        chance = found["chance_popular"] if found.get("chance_popular") is not None else found["chance"]
        ours = Figure(found["purity"], None), Figure(chance, None)
        return Told("VASP", "chance", ours, nothing, Gap(found["purity"] - chance, None, p=found["p"]))
    assert claim.of == INTERACTIONS
    deep, shallow = ((parts or {}).get(name, {}).get("interaction_share") for name in (DEEP, SHALLOW))
    if not deep or not shallow:
        return Told("FLVAE", "NEASE", nothing, nothing, None)
    ours = tuple(Figure(each["mean"], (each["high"] - each["low"]) / _WIDTH) for each in (deep, shallow))
    error = sum(figure.se**2 for figure in ours) ** 0.5
    return Told("FLVAE", "NEASE", ours, nothing, Gap(ours[0].mean - ours[1].mean, error, paired=False))
