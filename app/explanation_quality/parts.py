"""What the page on explanation quality says of the model's parts: the claim of the paper's figure 3 in numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from app import words
from app.explanation_quality.facts import NOTHING, mean

Row = tuple[str, Callable[[Mapping], str]]
_ROUNDING = 1e-9  # what the precision of answers leaves of an interaction that is none, squared
_NO_PAIR = 1e-4  # the same for an interaction of two films beside their effects
_DOUBTFUL = 0.01  # a purity with a larger p may be chance


def sentence(parts: Mapping) -> str | None:
    """What the numbers say on the claim, in a sentence or two; None where a model has no parts to compare."""
    found = parts["parts"]
    shares = {name: found[name].get("interaction_share") for name in found if name != "joint"}
    shares = {name: share for name, share in shares.items() if mean(share) is not None}
    if len(shares) < 2:
        return None
    first, *_, last = sorted(shares, key=lambda name: -shares[name]["mean"])
    texts = {name: f"**{words.share(share['mean'], 1)}**" for name, share in shares.items()}
    some = f"of {words.part_name(first)}’s response to a history is interaction between its films"
    if _apart(shares[last], shares[first]):
        text = f"{texts[first]} {some}, {texts[last]} of {words.part_name(last)}’s; the rest of each adds up"
        text += f", as {words.part_name(last)}’s logit does by construction." if last in words.LINEAR else "."
    else:
        text = (
            f"{texts[first]} {some} and {texts[last]} of {words.part_name(last)}’s: the intervals overlap, so neither "
            "is shown to be less additive than the other."
        )
    return f"{text}{_leader(found)}"


def _apart(low: Mapping, high: Mapping) -> bool:
    return None not in (low.get("high"), high.get("low")) and low["high"] < high["low"]


def _leader(found: Mapping) -> str:
    """Which part orders the head of the list, and which the whole catalogue."""
    shares = {name: row.get("covariance_share") for name, row in found.items() if name != "joint"}
    shares = {name: share for name, share in shares.items() if share and None not in share.values()}
    if len(shares) < 2:
        return ""
    head, whole = (max(shares, key=lambda name: shares[name][where]) for where in ("top100", "all"))
    first = (
        f"{words.part_name(head)} orders the head of the list ({words.share(shares[head]['top100'])} of the variance)"
    )
    if head == whole:
        return f" {first} and the whole catalogue ({words.share(shares[whole]['all'])})."
    return f" {first}, {words.part_name(whole)} the whole catalogue ({words.share(shares[whole]['all'])})."


def columns(parts: Mapping) -> dict[str, Mapping]:
    """The columns of the table: title -> what was measured; the parts, then factors that are no part of their own."""
    found = {words.part_name(name): row for name, row in parts["parts"].items()}
    factors = parts.get("factors") or {}
    if len(parts["parts"]) < 2:
        return {"Model": next(iter(parts["parts"].values()))}
    for name in factors.keys() & parts["parts"].keys():  # a part of one factor has a logit
        found[words.part_name(name)] = {**factors[name], **parts["parts"][name]}
    return found | {words.factor_name(name): row for name, row in factors.items() if name not in parts["parts"]}


def table(parts: Mapping) -> pd.DataFrame:
    """What each part does: one row a measure, one column a part; all text."""
    shown = columns(parts)
    rows = []
    for label, write in ROWS:
        values = {title: write(row) for title, row in shown.items()}
        if set(values.values()) != {NOTHING}:
            rows.append({"": label, **values})
    return pd.DataFrame(rows)


def _number(write: Callable[[float], str], *path: str) -> Callable[[Mapping], str]:
    def cell(row: Mapping) -> str:
        value = _at(row, path)
        return NOTHING if value is None else write(value)

    return cell


def _at(row: Mapping, path: Sequence[str]):
    for name in path:
        row = row.get(name) if row is not None else None
    return row


def _two(value: float) -> str:
    return words.quality(value, 2)


def _tenths(value: float) -> str:
    return words.share(value, 1)


def _pair(value: float) -> str:
    return _tenths(value) if value > _NO_PAIR else "none"


def _interaction(name: str) -> Callable[[Mapping], str]:
    def cell(row: Mapping) -> str:
        found = row.get(name)
        if mean(found) is None:
            return NOTHING
        ends = (found.get("low"), found.get("high"))
        if None in ends:
            return _tenths(found["mean"])
        return f"{_tenths(found['mean'])} ({_tenths(ends[0])} to {_tenths(ends[1])})" if ends[1] > _ROUNDING else "none"

    return cell


def _without(row: Mapping) -> str:
    found = row.get("ndcg_without")
    if mean(found) is None:
        return NOTHING
    change = found.get("difference")
    if change is None:
        return words.quality(found["mean"])
    sign = "−" if change < 0 else "+"
    error = found.get("difference_se")
    doubt = "" if error is None else f" ± {words.quality(error)}"
    return f"{words.quality(found['mean'])} ({sign}{words.quality(abs(change))}{doubt})"


def _purity(distance: str) -> Callable[[Mapping], str]:
    def cell(row: Mapping) -> str:
        found = _at(row, ("purity", distance))
        if not found or found.get("purity") is None:
            return NOTHING
        chances = [found.get(name) for name in ("chance", "chance_popular")]
        beside = " / ".join(NOTHING if value is None else _two(value) for value in chances)
        return f"{_two(found['purity'])} ({beside}){_doubt(found.get('p'))}"

    return cell


def _doubt(p: float | None) -> str:
    return f", p {_two(p)}" if p is not None and p >= _DOUBTFUL else ""


ROWS: list[Row] = [
    ("Interaction share of its response to a history", _interaction("interaction_share")),
    ("The same in the logit, before the sigmoid", _interaction("interaction_share_logit")),
    ("Share of the joint log score’s variance, first 100 films", _number(words.share, "covariance_share", "top100")),
    ("Share of the joint log score’s variance, all films", _number(words.share, "covariance_share", "all")),
    ("NDCG@100 without it (difference)", _without),
    ("Mean popularity rank of its first 20", _number("{:,.0f}".format, "popularity_rank")),
    ("Films that are in anybody’s first 20", _number(words.share, "coverage")),
    ("Inequality of films in the first 20 (Gini)", _number(_two, "gini")),
    ("Purity of the paper’s genres, Lift (chance / at equal popularity)", _purity("lift")),
    ("Purity of the paper’s genres, Paper (the same)", _purity("paper")),
    ("Interaction of two films beside their effects, alone", _number(_pair, "sensitivity", "one_hot_interaction")),
    ("The same in a history", _number(_pair, "sensitivity", "in_context_interaction")),
    ("Effect of a film alone and in a history, rank correlation", _number(_two, "sensitivity", "agreement")),
]  # fmt: skip


def overlaps(parts: Mapping) -> list[str]:
    """How alike the parts' lists are, as sentences (Markdown)."""
    lines = []
    alike = [
        f"{words.part_name(row['first'])} and {words.part_name(row['second'])} {_two(row['mean'])}"
        for row in parts.get("rbo") or []
        if row["mean"] is not None
    ]
    if alike:
        lines.append(f"Rank-biased overlap of the lists (1 where they are equal): {words.joined(alike)}.")
    gate = parts.get("gate")
    if gate and None not in gate.values():
        only = {name.removesuffix("_only"): share for name, share in gate.items() if name.endswith("_only")}
        single = ", ".join(f"{words.share(share)} of {words.part_name(name)} only" for name, share in only.items())
        both = f"{words.share(gate['both'])} are among the first 20 of both parts"
        lines.append(
            f"Of the joint model’s first 20 films, {both}, {single}, {words.share(gate['neither'])} of neither."
        )
    if (ratio := _alone(parts["parts"])) is not None:
        name, times = ratio
        where = words.part_name(name) if len(parts["parts"]) > 1 else "this model"
        size = f"{max(times, 1 / times):.1f} times {'more' if times > 1 else 'less'} strongly"
        lines.append(
            f"In {where} two films interact {size} alone than in a history: the maps, which ask about films alone, "
            "show profiles that no user has."
        )
    return lines


def _alone(found: Mapping) -> tuple[str, float] | None:
    """The part that interacts most in a history, and how much stronger its interactions are between films alone."""
    both = {name: row.get("sensitivity") or {} for name, row in found.items() if name != "joint" or len(found) == 1}
    pairs = {name: (row.get("one_hot_interaction"), row.get("in_context_interaction")) for name, row in both.items()}
    pairs = {name: pair for name, pair in pairs.items() if None not in pair and min(pair) > _NO_PAIR}
    if not pairs:
        return None
    name = max(pairs, key=lambda each: pairs[each][1])
    return name, pairs[name][0] / pairs[name][1]


def reading(parts: Mapping) -> str:
    """What the table's figures rest on."""
    base = (parts.get("ndcg") or {}).get("mean")
    whole = f"; the whole model has NDCG@100 {words.quality(base)}" if base is not None else ""
    return f"Over {words.count(parts['users'], 'test user')}{whole}. {NOTHING} where a figure does not exist."
