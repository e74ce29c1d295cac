"""The tables behind an explanation, its downloads, and how it is computed; from plain values alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from app import words
from app.explain import words as explain_words
from app.explain.facts import Method, shown
from app.explain.words import SMALLEST, Unit
from vasp_models.data.catalogue import Catalogue

PAIRS_RULE = "What two of the ten strongest films do together beyond what each does alone, in this history"
HOW_FACTORS = (
    "**Parts.** The score is an exact product, so its logarithm is a sum (VASP, equation 7). A bar is a log factor for "
    "this history minus the same log factor for an empty profile; what an empty profile gets is the base, and the same "
    "for everyone. Raw natural logarithms:"
)
HOW_SCORES = "**Score.** The bar is the score for this history minus the score for an empty profile."
HOW_LEFT_OUT = (
    "**Leave one out** answers “if this film had not been there”: the model is run again without it, for all films of "
    "the list in one batch, and the difference splits exactly over the parts. Films that say the same cover for each "
    "other, so such films look small, and the bars need not add up."
)
HOW_SHARES = (
    "**Shares** answer “whose is the credit”: they add up to what the history adds. Where a part’s logit is linear in "
    "the history, a film’s share is exact, in closed form; else it is an integrated gradient (50 nodes of Gauss and "
    "Legendre, from the empty profile, after the input’s normalisation)."
)
HOW_REMOVED = (
    "**Removals** are the model’s real answers to the shorter history: had these films not been in it. Places are "
    "among the films outside the whole history. A set that is shown was run again, and each of its films is necessary; "
    "a film may matter by holding back a rival, so the set need not begin with the strongest reasons. The band of the "
    "curve holds the middle 80 % of 200 random orders."
)
HOW_PAIRS = (
    "**Pairs.** F(x) − F(x − a) − F(x − b) + F(x − a − b), with F the log score and x the whole history: 0 where two "
    "films act independently."
)


def table_label(method: Method, reasons) -> str:
    """What the table of the history holds beyond the picture."""
    films, unknown, drawn = len(reasons.found.history), int((~reasons.found.covered).sum()), len(shown(method))
    label = "The film of the history, as a table" if films == 1 else f"All {films:,} films of the history, as a table"
    rest = [f"{drawn} drawn above"] if 0 < drawn < films else []
    rest += [f"{unknown:,} {words.NOT_SEEN}"] if unknown else []
    return f"{label} · {', '.join(rest)}" if rest else label


def table(catalogue: Catalogue, reasons, place: int, method: Method) -> pd.DataFrame:
    """All films of the history with the chosen method's effects and the raw numbers of all methods, strongest first."""
    found, unit = reasons.found, Unit(reasons.positive)
    total, known = method.total, reasons.found.covered
    columns: dict[str, object] = {
        "Film": [catalogue.titles[item] for item in found.history],
        "Effect": [unit.text(v) if seen else words.NOT_SEEN for v, seen in zip(total, known, strict=True)],
    }
    numbers = {"Leave one out": found.leave_one_out[:, :, place].sum(axis=0)}
    if len(found.factor_names) > 1:
        each = zip(found.factor_names, found.leave_one_out[:, :, place], strict=True)
        numbers |= {f"… {words.factor_name(name)}": values for name, values in each}
    if found.linear is not None:
        name = words.factor_name(found.linear.factor)
        numbers |= {f"{name} weight": found.linear.weights[:, place]}
        numbers |= {f"{name} share": found.linear.contributions[:, place]}
    if found.gradients is not None:
        numbers |= {f"{words.factor_name(name)} share": v[:, place] for name, v in found.gradients.values.items()}
    if found.credit is not None and len(found.factor_names) > 1:
        numbers["All shares"] = found.credit[:, place]
    frame = pd.DataFrame(columns | {name: np.where(known, values, np.nan) for name, values in numbers.items()})
    return frame.iloc[np.argsort(np.where(known, -total, np.inf), kind="stable")]


def factors(reasons, place: int) -> pd.DataFrame:
    """The raw values behind the waterfall."""
    found, unit = reasons.found, Unit(reasons.positive)
    numbers = found.terms[:, place], found.factors[:, place], found.base_factors[:, place]
    named = zip(found.factor_names, *numbers, strict=True)
    rows = [(words.factor_name(name), unit.text(term), full, base) for name, term, full, base in named]
    if len(rows) > 1:
        total = found.terms[:, place].sum()
        rows.append(("Together", unit.text(total), found.factors[:, place].sum(), found.base[place]))
    value = "Log factor" if unit.factors else "Score"
    return pd.DataFrame(rows, columns=["Part", "Effect", value, "Empty profile"])


def pairs_answer(catalogue: Catalogue, reasons, found) -> str:
    """The pair with the strongest interaction, in a sentence (Markdown)."""
    first, second = np.unravel_index(np.abs(found.joint).argmax(), found.joint.shape)
    value, titles = float(found.joint[first, second]), catalogue.frame["title"]
    if abs(value) < SMALLEST:
        return f"{PAIRS_RULE}. No two of them interact."
    names = [str(titles.iloc[reasons.found.history[found.positions[n]]]) for n in (first, second)]
    return f"{explain_words.pair(*names, value, Unit(reasons.positive))} :gray[{PAIRS_RULE}.]"


def pairs(catalogue: Catalogue, reasons, found) -> pd.DataFrame:
    """Each pair of the strongest films once, the strongest interaction first: what they add beyond each alone."""
    unit, history = Unit(reasons.positive), reasons.found.history
    first, second = np.triu_indices(len(found.positions), k=1)
    values = found.joint[first, second]
    order = np.argsort(-np.abs(values), kind="stable")
    titles = [catalogue.titles[item] for item in history[found.positions]]
    rows = [(titles[first[n]], titles[second[n]], unit.text(values[n]), float(values[n])) for n in order]
    value = "Log factor" if unit.factors else "Score"
    return pd.DataFrame(rows, columns=["Film", "and film", "Together beyond apart", value])


def drawn(titles: Sequence[str], effects: Mapping[str, np.ndarray], unit: Unit) -> pd.DataFrame:
    """The numbers of the picture of reasons: each film's effect in words, then its parts and their sum as numbers."""
    value = ", log" if unit.factors else ""
    columns = {f"{words.factor_name(name)}{value}": values for name, values in effects.items()}
    total = np.sum(list(effects.values()), axis=0)
    whole = {f"Together{value}": total} if len(effects) > 1 else {}
    return pd.DataFrame({"Film": list(titles), "Effect": [unit.text(each) for each in total]} | columns | whole)


def curve(found) -> pd.DataFrame:
    """The numbers of the deletion curve; shares of the score in per cent, where the score has shares."""
    table = pd.DataFrame({"Films removed": np.arange(len(found)), "Place": found.ranks})
    shares = {
        "Score left, %": found.share,
        "Random orders, 10th percentile, %": found.random_low,
        "Random orders, median, %": found.random_median,
        "Random orders, 90th percentile, %": found.random_high,
    }
    return table.assign(**{name: 100 * values for name, values in shares.items() if values is not None})


def how(reasons, place: int) -> str:
    """How all of it is computed (Markdown)."""
    found, unit = reasons.found, Unit(reasons.positive)
    lines = [HOW_FACTORS if unit.factors else HOW_SCORES, HOW_LEFT_OUT]
    if found.credit is not None and unit.factors:
        delta = words.scientific(abs(float(found.completeness_delta[place])))
        lines.append(f"{HOW_SHARES} All shares together miss what the history adds by {delta}.")
    return "\n".join(f"- {line}" for line in [*lines, HOW_REMOVED, HOW_PAIRS])


def whose(chosen, user, item: int, as_if_unseen: bool) -> dict:
    """Whose explanation it is, and of what."""
    about = {"user": user.id, "checkpoint": chosen.name, "item": chosen.catalogue.ids[item]}
    return about | {"title": chosen.catalogue.titles[item], "as_if_unseen": as_if_unseen}


def named(frame: pd.DataFrame, about: dict) -> pd.DataFrame:
    """The films of the history, each row with the user and the film that it belongs to."""
    names = {"user": "user", "item": "explained_item", "title": "explained_title", "as_if_unseen": "as_if_unseen"}
    return frame.assign(**{name: about[key] for key, name in names.items()})


def command(chosen, user, item: int, as_if_unseen: bool) -> str:
    """The command that explains the film again; as if unseen it is explained by the other films of the history."""
    from vasp_models.explanations import reporting

    ids = chosen.catalogue.ids
    if not as_if_unseen:
        return reporting.command(chosen, ids[item], user=user.id)
    return reporting.command(chosen, ids[item], history=ids[user.history[user.history != item]])
