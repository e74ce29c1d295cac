"""Who likes a film: what sets its users apart from all others, and which films they share.

Everything is counted over the users of one table of histories; the film itself never counts for the taste or the
length of those who have it, because that is how they were chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import xlogy

from vasp_models.data.catalogue import Catalogue
from vasp_models.data.interactions import Interactions
from vasp_models.data.tastes import tastes

FLOOR = 5  # users who have both films, below which a pair is not told
_NORMAL = 1.959963984540054  # 97.5 % of the standard normal distribution


@dataclass(frozen=True)
class Audience:
    """The users who have a film, its *fans*, beside all `users`.

    `length` median number of other films in a fan's history, `usual_length` median history of all users,
    `chance_length` median history of the user of a random interaction: who has many films is more often found by one.
    `by_length` is the lift of any film that the fans' longer histories alone would give. `tastes` and `together` are
    the tables of `favourite_genres` and `co_likes`.
    """

    fans: int
    users: int
    length: float
    usual_length: float
    chance_length: float
    by_length: float
    tastes: pd.DataFrame
    together: pd.DataFrame


def audience(
    histories: Interactions, catalogue: Catalogue, item: int, favourites: np.ndarray, tested: bool = True
) -> Audience:
    """Who likes a film; `favourites` are the users' favourite genres by `tastes`, object (rows), None for none.

    Where it is not `tested`, `tastes` holds the counts alone, from which `compared` goes on.
    """
    fans = rows_with(histories, item)
    others = histories.take(fans).lengths - 1  # the film itself stands in each of them
    lengths, count = histories.lengths, favourite_genres if tested else genre_counts
    return Audience(
        len(fans),
        len(histories),
        float(np.median(others)) if len(fans) else 0.0,
        float(np.median(lengths)) if len(lengths) else 0.0,
        float(np.median(np.repeat(lengths, lengths))) if histories.n_pairs else 0.0,
        lift_by_length(histories, item),
        count(histories, catalogue, item, favourites),
        co_likes(histories, item),
    )


def rows_with(histories: Interactions, item: int) -> np.ndarray:
    """The rows that hold an item, int64, ascending."""
    return np.searchsorted(histories.indptr, np.flatnonzero(histories.indices == item), side="right") - 1


def without(histories: Interactions, item: int) -> Interactions:
    """The same histories with one item taken out of them."""
    kept = histories.indices != item
    lengths = np.bincount(histories.row_numbers[kept], minlength=len(histories))
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return Interactions(indptr, histories.indices[kept], histories.n_items, histories.ordered, histories.users)


def favourite_genres(histories: Interactions, catalogue: Catalogue, item: int, favourites: np.ndarray) -> pd.DataFrame:
    """How often each genre is the favourite of those who have an item, beside all others.

    A fan's favourite is found without the item. One row per genre that is anybody's favourite, the most telling first:
    genre, fans, fan_share, others, other_share, ratio (of the shares) with low and high (95 % interval of the log
    ratio, Katz et al. 1978; not a number where a count is 0), p (Fisher's exact test, two-sided) and q (Benjamini and
    Hochberg 1995, over the genres).
    """
    fans = len(rows_with(histories, item))
    return compared(genre_counts(histories, catalogue, item, favourites), fans, len(histories) - fans)


def genre_counts(histories: Interactions, catalogue: Catalogue, item: int, favourites: np.ndarray) -> pd.DataFrame:
    """The counts of `favourite_genres`, genres in alphabetical order: genre, fans, others."""
    fans = rows_with(histories, item)
    own = tastes(without(histories.take(fans), item), catalogue)["taste"].to_numpy(dtype=object)
    rest = np.delete(np.asarray(favourites, dtype=object), fans)
    rows = [
        (name, int((own == name).sum()), int((rest == name).sum()))
        for name in catalogue.genre_names
        if (own == name).any() or (rest == name).any()
    ]
    return pd.DataFrame(rows, columns=["genre", "fans", "others"])


def compared(table: pd.DataFrame, n_fans: int, n_others: int) -> pd.DataFrame:
    """The table of `favourite_genres` from its columns genre, fans and others, and how many users both groups have."""
    a, b = table["fans"].to_numpy(float), table["others"].to_numpy(float)
    n, m = max(n_fans, 1), max(n_others, 1)
    table["fan_share"], table["other_share"] = a / n, b / m
    ratios = np.full((3, len(table)), np.nan)
    known = (a > 0) & (b > 0)
    spread = _NORMAL * np.sqrt(1 / a[known] - 1 / n + 1 / b[known] - 1 / m)
    ratios[:, known] = (a[known] / n) / (b[known] / m) * np.exp([0 * spread, -spread, spread])
    table["ratio"], table["low"], table["high"] = ratios
    counts = zip(table["fans"].tolist(), table["others"].tolist(), strict=True)
    tested = [_fisher(x, n_fans - x, y, n_others - y) for x, y in counts]
    table["p"] = np.array(tested, dtype=float)
    table["q"] = stats.false_discovery_control(table["p"]) if len(table) else table["p"]
    order = ["genre", "fans", "fan_share", "others", "other_share", "ratio", "low", "high", "p", "q"]
    return table[order].sort_values(["p", "genre"], kind="stable", ignore_index=True)


def _fisher(*cells: int) -> float:
    return float(stats.fisher_exact([cells[:2], cells[2:]]).pvalue)


def lift_by_length(histories: Interactions, item: int) -> float:
    """Mean number of other films of those who have an item, over that of all users; 1 where nobody has it."""
    fans = rows_with(histories, item)
    if not len(fans):
        return 1.0
    everyone = (histories.n_pairs - len(fans)) / len(histories)
    return float((histories.lengths[fans] - 1).mean() / everyone) if everyone else 1.0


def co_likes(histories: Interactions, item: int, floor: int = FLOOR) -> pd.DataFrame:
    """The other items that at least `floor` users have together with an item, the surest association first.

    Columns item, both (users who have both), share (of the users of the given item), users (of the other item), lift
    (share over that among all users) and llr: the log-likelihood ratio 2 sum k ln(k / expected) of the two-by-two table
    of users (Dunning 1993), positive where they are found together more often than independent items, else negative.
    """
    fans = rows_with(histories, item)
    both, users = histories.take(fans).item_counts, histories.item_counts
    kept = np.flatnonzero((both >= floor) & (np.arange(histories.n_items) != item))
    return associations(kept, both[kept], users[kept], len(fans), len(histories))


def associations(items: np.ndarray, both: np.ndarray, users: np.ndarray, n: int, whole: int) -> pd.DataFrame:
    """The table of `co_likes` from counts: `both` and `users` (items), the given item's users, and all users."""
    k, m = both.astype(float), users.astype(float)
    lift = k * whole / (n * m) if len(items) else k
    cells = np.stack([k, n - k, m - k, whole - n - m + k])
    sums = xlogy(cells, cells).sum(axis=0) + xlogy(whole, whole)
    margins = sum(xlogy(value, value) for value in (m, whole - m)) + xlogy(n, n) + xlogy(whole - n, whole - n)
    llr = np.maximum(2 * (sums - margins), 0.0)  # rounding may leave a little less than nothing
    table = pd.DataFrame({"item": items, "both": both, "share": k / max(n, 1), "users": users, "lift": lift}).assign(
        llr=np.where(lift >= 1, llr, -llr)
    )
    return table.sort_values(["llr", "both"], ascending=False, kind="stable", ignore_index=True)
