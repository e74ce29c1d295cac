"""What the Quality page says of a measured quality: answer, frames and reading rules, from `Served` alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from app import words
from vasp_models.evaluation import found, slices
from vasp_models.evaluation.quality import HISTORIES, JOINT, POPULARITY
from vasp_models.evaluation.served import Served

QUESTION = "Who is served well, and by which part of the model?"
NOT_YET = "This has **not been measured yet** on this checkpoint."
TOO_FEW = "No group has enough of them for a picture; the table below has every one."
MISSING = "Who is served well has **not been measured** on this checkpoint yet."
NOTHING = "–"
# Of users or of films -> the head of the chart of shares.
SHARES = {True: "Share of each part in what moves their films", False: "Share of each part in what recommends them"}
MIN = 10  # users or films that a slice needs to be drawn
SURE = 0.05  # a slice with a smaller corrected p differs from all others

# Way of slicing -> its name, the head of its column, a slice in a sentence.
KINDS = {
    "history": ("History length", "Films in the history", "users with {} films"),
    "taste": ("Favourite genre", "Favourite genre", "users who like {} most"),
    "mainstream": ("Mainstream", "Taste", "users of {} taste"),
    "popularity": ("Film popularity", "Films by popularity", "films {} by popularity"),
    "genre": ("Film genre", "Genre of the film", "{} films"),
    "decade": ("Film decade", "Decade of the film", "films of the {}"),
}
UNORDERED = ("taste", "genre")  # their slices stand by their value, the highest first
METRICS = {  # name -> on the control, in a title, in a sentence
    "ndcg@100": ("NDCG@100", "Ranking quality, NDCG@100", "NDCG@100"),
    "recall@20": ("Recall@20", "Found in the first 20, Recall@20", "Recall@20"),
    "recall@50": ("Recall@50", "Found in the first 50, Recall@50", "Recall@50"),
    "found@20": ("First 20", "Held-out films that are among the first 20", "share among the first 20"),
    "found@50": ("First 50", "Held-out films that are among the first 50", "share among the first 50"),
    "found@100": ("First 100", "Held-out films that are among the first 100", "share among the first 100"),
}
_MEANINGS = {  # the thirds of users by how well known their films are
    slices.NICHE: "a niche",
    slices.MIXED: "a mixed",
    slices.MAINSTREAM: "a mainstream",
}


def metrics_of(kind: str) -> list[str]:
    """The metrics in which slices of a kind are compared: of users, or of held-out films."""
    return list(found.USER_METRICS if kind in slices.USERS else found.FILM_METRICS)


def slice_words(kind: str, *names: str) -> str:
    """One slice or several in a sentence (Markdown)."""
    return KINDS[kind][2].format(words.joined([_slice_name(kind, name) for name in names]))


def _slice_name(kind: str, name: str) -> str:
    if kind == "mainstream":
        return _MEANINGS[name]
    text = words.markdown(name)
    return text if kind != "popularity" else f"ranked {text}" if "–" in name else f"in the {text}"


def unit(kind: str) -> str:
    """What is counted in a slice."""
    return "user" if kind in slices.USERS else "held-out film"


@dataclass(frozen=True)
class Compared:
    """The slices of a kind by a metric, with the value over all; `table` as of `Served.accuracy` with a column sure."""

    kind: str
    metric: str
    table: pd.DataFrame
    overall: float
    shares: pd.DataFrame
    all_shares: dict

    @property
    def drawn(self) -> pd.DataFrame:
        """The slices that are large enough to be drawn: columns slice, n, mean, low, high, sure, text."""
        rows = self.table[self.table["n"] >= MIN]
        return rows.assign(text=[words.quality(value) for value in rows["mean"]]).reset_index(drop=True)

    @property
    def drawn_shares(self) -> pd.DataFrame:
        """The parts' shares in the slices that are drawn, row by row; NaN where too few users get such films."""
        enough = self.shares[self.shares["n"] >= MIN].set_index("slice")
        return enough.reindex(self.drawn["slice"]).reset_index()


def compared(served: Served, kind: str, metric: str) -> Compared:
    """The slices of a kind by a metric."""
    table = served.accuracy(kind, metric)
    if kind in UNORDERED:
        table = table.sort_values("mean", ascending=False, kind="stable", ignore_index=True)
    everybody = served.share_of(np.ones(len(served.lengths), dtype=bool)) if served.factors else {}
    table = table.assign(sure=table["p"].lt(SURE))
    return Compared(kind, metric, table, served.overall(metric).mean, served.shares(kind), everybody)


def answer(served: Served, shown: Compared) -> str:
    """The page's answer: which slices are served best and worst beyond chance, and which part moves whose films."""
    return f"{_who(shown)} {_by_which(served, shown)}".strip()


def _who(shown: Compared) -> str:
    rows, kind = shown.drawn, shown.kind
    label, everybody = METRICS[shown.metric][2], "all users" if kind in slices.USERS else "all films"
    overall = f"({everybody}: {label} {words.quality(shown.overall)})"
    if len(rows) < 2:
        return f"There are no two groups of {MIN} {unit(kind)}s to compare {overall}."
    sure = rows[rows["sure"]]
    ends = {
        "best": sure[sure["difference"] > 0].nlargest(1, "mean"),
        "worst": sure[sure["difference"] < 0].nsmallest(1, "mean"),
    }
    ends = {_extreme(how, row.iloc[0]["mean"], rows["mean"]): row.iloc[0] for how, row in ends.items() if len(row)}
    if not ends:
        return f"No group is shown to differ from the others {overall}."
    verb = " are served" if kind in slices.USERS else " are found"
    clauses = []
    for how, row in ends.items():
        number = f"{'' if clauses else f'{label} '}{words.quality(row['mean'])}"
        clauses.append(f"**{slice_words(kind, row['slice'])}**{'' if clauses else verb} {how} ({number})")
    text = ", ".join(clauses)
    return f"{text[:2]}{text[2].upper()}{text[3:]}; {everybody} {words.quality(shown.overall)}."


def _extreme(how: str, value: float, all_values: pd.Series) -> str:
    """``best`` or ``worst`` where no group stands higher or lower, not even by chance."""
    if value == (all_values.max() if how == "best" else all_values.min()):
        return how
    return f"{'better' if how == 'best' else 'worse'} than the others"


def _by_which(served: Served, shown: Compared) -> str:
    rows = shown.drawn_shares.dropna()
    if not served.factors or rows.empty:
        return ""
    voices = served.parts or {name: [name] for name in served.factors}
    name = max(voices, key=lambda part: _voice(shown.all_shares, voices[part]))
    part = words.part_name(name)
    overall = words.share(_voice(shown.all_shares, voices[name]))
    text = f"{part if part.isupper() else f'The {part.lower()}'} is the strongest voice with **{overall}**"
    each = [(words.share(_voice(row, voices[name])), row["slice"]) for _, row in rows.iterrows()]
    low, high = (choose(each, key=lambda pair: int(pair[0].removesuffix("%"))) for choose in (min, max))
    if low[0] == high[0]:
        return f"{text}, for all of them alike."
    ends = [f"{value} for {slice_words(shown.kind, place)}" for value, place in (low, high)]
    return f"{text} ({', '.join(ends)})."


def _voice(shares: Mapping, factors: Sequence[str]) -> float:
    """A part's share: the sum over its factors."""
    return float(sum(shares[name] for name in factors))


def alone(served: Served, shown: Compared) -> str | None:
    """Whom the first part serves better alone than the second, and the reverse (Markdown); None without two parts."""
    if len(served.parts) < 2 or shown.drawn.empty:
        return None
    first, second = list(served.parts)[:2]
    rows = served.against(shown.kind, shown.metric, first, second)
    rows = rows[(rows["p"] < SURE) & (rows["n"] >= MIN)]
    names = words.part_name(first), words.part_name(second)
    if rows.empty:
        return f"Alone, neither {names[0]} nor {names[1]} is shown to do better than the other in any group."
    clauses = []
    for (better, worse), sign in ((names, 1), (names[::-1], -1)):
        if groups := rows.loc[sign * rows["difference"] > 0, "slice"].tolist():
            clauses.append(f"{better} alone does better than {worse} alone for {slice_words(shown.kind, *groups)}")
    rest = "" if len(rows) == len(shown.drawn) else "; elsewhere it may be chance"
    return f"{'; '.join(clauses)}{rest}."


def reading(shown: Compared) -> str:
    """How the chart of accuracy is read (Markdown)."""
    small = int((shown.table["n"] < MIN).sum())
    text = f"Lines: 95% intervals. Solid: differs from all others. Grey: number of {unit(shown.kind)}s. Dashed: all"
    return f"{text}. {words.count(small, 'group')} of fewer than {MIN} in the table" if small else text


def share_reading(served: Served) -> str:
    """The legend of the chart of shares, and what is shared (Markdown)."""
    return "\u2002".join([*(words.inked(name) for name in served.factors), "by the size of their log lifts"])


def in_words(shown: Compared) -> str:
    """The chart of accuracy as a sentence, for those who do not see it."""
    values = "; ".join(f"{row.slice} {row.text}" for row in shown.drawn.itertuples())
    return f"{METRICS[shown.metric][1]} by {KINDS[shown.kind][0].lower()}: {values}"


def shares_in_words(served: Served, shares: pd.DataFrame, by: str) -> str:
    """The chart of shares as a sentence."""
    rows = [
        f"{row['slice']} " + ", ".join(f"{words.factor_name(f)} {words.share(row[f])}" for f in served.factors)
        for _, row in shares.dropna(subset=served.factors).iterrows()
    ]
    return f"Share of each part by {by}: {'; '.join(rows)}"


def accuracy_twin(shown: Compared) -> pd.DataFrame:
    """Every slice with its interval and its difference from all others."""
    table, head = shown.table, METRICS[shown.metric][0]
    return pd.DataFrame(
        {
            KINDS[shown.kind][1]: table["slice"],
            f"{unit(shown.kind).capitalize()}s": table["n"],
            head: table["mean"],
            "Standard error": table["se"],
            "95% from": table["low"],
            "95% to": table["high"],
            "Against all others": table["difference"],
            "Difference from": table["difference_low"],
            "Difference to": table["difference_high"],
            "p (Holm)": table["p"],
        }
    )


def share_twin(served: Served, shares: pd.DataFrame, head: str) -> pd.DataFrame:
    """The parts' shares in every slice, with their standard errors; `head` names what the slices are."""
    columns = {head: shares["slice"], "Users": shares["n"]}
    for name in served.factors:
        columns |= {words.factor_name(name): shares[name]}
        columns |= {f"{words.factor_name(name)}, standard error": shares[f"{name}_se"]}
    return pd.DataFrame(columns)


def slice_table(served: Served, shown: Compared) -> pd.DataFrame:
    """Each slice by the model, each part alone and popularity, with the parts' shares; all text but the counts."""
    alone = {name: served.accuracy(shown.kind, shown.metric, name) for name in served.systems if name != JOINT}
    rest = {name: each.set_index("slice")["mean"].reindex(shown.table["slice"]) for name, each in alone.items()}
    shares = shown.shares.set_index("slice").reindex(shown.table["slice"])
    columns: dict[str, object] = {
        KINDS[shown.kind][1]: shown.table["slice"],
        f"{unit(shown.kind).capitalize()}s": shown.table["n"],
        f"{METRICS[shown.metric][0]} (95%)": [_value(row) for row in shown.table.itertuples()],
        "Against others": [_change(row.difference) for row in shown.table.itertuples()],
        "Chance": ["no" if row.sure else "maybe" for row in shown.table.itertuples()],
    }
    columns |= {system_title(name, served): [words.quality(v) for v in values] for name, values in rest.items()}
    for name in served.factors:
        text = [NOTHING if value != value else words.share(value) for value in shares[name].astype(float)]
        columns[f"{words.factor_name(name)} share"] = text
    return pd.DataFrame(columns)


def system_title(name: str, served: Served) -> str:
    """A column of lists: the model, a part alone, or what stands beside them."""
    if name == JOINT and len(served.systems) < 3:
        return "Model"
    names = {POPULARITY: "Popularity", HISTORIES: "Their histories"}
    return names.get(name, words.part_name(name) if name == JOINT else f"{words.part_name(name)} alone")


def _value(row) -> str:
    ends = "" if row.low is None or row.low != row.low else f" ({words.quality(row.low)} to {words.quality(row.high)})"
    return f"{words.quality(row.mean)}{ends}"


def _change(difference: float | None) -> str:
    return NOTHING if difference is None or difference != difference else signed(difference)


def signed(value: float) -> str:
    """A difference of two qualities with its sign."""
    text = words.quality(abs(value))
    return text if text == words.quality(0.0) else f"{'−' if value < 0 else '+'}{text}"
