"""What the Paper page says: which claims a data set can test, what became of them, and whose the numbers are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from app import words
from vasp_models.published import claims, reproduced, verdicts
from vasp_models.published.recipes import PARTS, RECIPES, Recipe
from vasp_models.published.reproduced import HERE, Measured
from vasp_models.published.verdicts import FAILS, HOLDS, MISSING, OPEN, Verdict

QUESTION = "Do the papers’ claims hold?"
USUAL = ("ml-1m", "ml-20m", "ml-latest-small")  # data sets that stand in the list even where nothing was measured
CHECKPOINT = "checkpoint"  # whose: measured on the open checkpoint


@dataclass(frozen=True)
class Parts:
    """What was measured of the parts of the open checkpoint, for the claims of figure 3."""

    parts: Mapping[str, Any] | None = None
    command: str | None = None  # that measures them, where there is nothing yet


@dataclass(frozen=True)
class Shown:
    """The claims that a data set can test, each with its verdict, and what each recipe measured there."""

    data: str
    verdicts: tuple[Verdict, ...]
    measured: Mapping[str, Measured]
    parts: Parts = Parts()

    def count(self, state: str) -> int:
        """Claims of that verdict."""
        return sum(each.state == state for each in self.verdicts)

    @property
    def tested(self) -> int:
        """Claims that were measured."""
        return len(self.verdicts) - self.count(MISSING)

    def command(self, recipe: Recipe) -> str:
        """The command that measures the claims of a recipe here."""
        return self.parts.command if recipe.also == PARTS and self.parts.command else recipe.command(self.data)

    def whose(self, verdict: Verdict) -> str:
        """Whose number it is: of the open checkpoint, of this machine or of the project; empty for nobody's."""
        if verdict.state == MISSING:
            return ""
        if verdict.measured is None or (verdict.claim.about.also == PARTS and self.parts.parts is not None):
            return CHECKPOINT
        return verdict.measured.whose


def shown(data: str, found: Sequence[Measured], parts: Parts = Parts()) -> Shown:
    """What the page shows of a data set. What was measured of a recipe here goes before the open checkpoint's parts."""
    measured = reproduced.of_data(data, list(found))
    own = measured.get("vasp-figure3")
    if own is not None and (own.whose == HERE or parts.parts is None):
        parts = replace(parts, parts=None)
    judged = [verdicts.verdict(claim, measured.get(claim.recipe), parts.parts) for claim in claims.claims_on(data)]
    return Shown(data, tuple(judged), measured, parts)


def data_sets(found: Sequence[Measured]) -> list[str]:
    """Data sets to choose from: those with the most measured claims first, simulated viewers last."""
    names = dict.fromkeys([each.data for each in found if each.rows] + list(USUAL))
    tested = {name: shown(name, found).tested for name in names}
    return sorted(names, key=lambda name: (name == "demo", -tested[name]))


def answer(shown: Shown) -> str:
    """The headline: how many claims hold of those that were measured (Markdown)."""
    title, tested, left = words.markdown(verdicts.title_of(shown.data)), shown.tested, shown.count(MISSING)
    if not tested:
        return (
            f"**None of the {len(shown.verdicts)} claims** that {title} can test has been measured yet; each stands "
            "below with the command that measures it."
        )
    rest = []
    if fails := shown.count(FAILS):
        rest.append(f"{fails} {'does' if fails == 1 else 'do'} not")
    if unsure := shown.count(OPEN):
        rest.append(f"{unsure} {'is' if unsure == 1 else 'are'} not resolved by so few users")
    holds = shown.count(HOLDS)
    text = f"**{holds} of {words.count(tested, 'claim')}** measured on **{title}** {'holds' if holds == 1 else 'hold'}"
    text = f"{text}; {words.joined(rest)}." if rest else f"{text}."
    return f"{text} {left} more {'has' if left == 1 else 'have'} not been measured." if left else text


def whose_words(shown: Shown) -> str:
    """Whose numbers stand on the page, in one line."""
    said = []
    owners = {shown.whose(each) for each in shown.verdicts}
    if HERE in owners:
        said.append("measured on this machine")
    if CHECKPOINT in owners:
        said.append("measured on the open checkpoint")
    if reproduced.PROJECT in owners:
        days = sorted({day(each.made) for each in shown.measured.values() if each.whose == reproduced.PROJECT})
        said.append(f"measured by the project on {words.joined(days)}")
    if any(row.get("preset") == "tiny" for each in shown.measured.values() for row in each.rows.values()):
        said.append("in part with the preset tiny, which only shows that everything runs")
    return f"Ours: {words.joined(said)}" if said else "Ours: nothing yet"


def day(made: str) -> str:
    """A time as a day that people read."""
    day = date.fromisoformat(made[:10])
    return f"{day.day} {day:%B %Y}"


def measured_recipes(shown: Shown) -> list[str]:
    """The recipes whose rows can be looked at: those that claims of this data set are measured by."""
    return list(dict.fromkeys(each.claim.recipe for each in shown.verdicts))


def recipe_title(name: str) -> str:
    """A recipe on the control."""
    recipe = RECIPES[name]
    return f"{recipe.table} · {recipe.title}"


def errors(shown: Shown, name: str) -> list[str]:
    """What failed in a recipe, each a sentence."""
    measured = shown.measured.get(name)
    rows = measured.record["rows"] if measured else []
    return [f"{row['label']}: {row['error']}" for row in rows if "error" in row]


def commands(shown: Shown) -> list[str]:
    """The commands that measure what was not measured yet."""
    missing = [shown.command(each.claim.about) for each in shown.verdicts if each.state == MISSING]
    return list(dict.fromkeys(missing))
