"""What lists are like beside their accuracy: how wide, even, popular, new, calibrated and diverse the films are.

Lists are item numbers, int64 (users, k), best first, with NOTHING where a list is shorter. Measures of one list are
float64 (users), NaN where a list has none. Measures of all lists together are given as what each user adds to them
(`pseudo_values`), so that every measure is a mean over users, and two systems can be compared user by user.
"""

from __future__ import annotations

import numpy as np

from vasp_models.data.interactions import Interactions
from vasp_models.evaluation.ranking import NOTHING

ALPHA = 0.01  # how much of the history's genres is mixed into the list's (Steck 2018, section 3)
TAIL = 0.8  # the long tail: the less popular 80 % of the films; the others are the short head


def as_lists(histories: Interactions) -> np.ndarray:
    """Histories in the form of lists, int64 (rows, longest), so that they can be measured in the same way."""
    lengths = histories.lengths
    lists = np.full((len(histories), int(lengths.max(initial=0))), NOTHING, dtype=np.int64)
    lists[np.arange(lists.shape[1]) < lengths[:, None]] = histories.indices
    return lists


def counts(lists: np.ndarray, n_items: int) -> np.ndarray:
    """How many lists each item is in, int64 (items)."""
    return np.bincount(lists[lists != NOTHING], minlength=n_items)


def mean_over(lists: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of a value of the items (items,) over each list."""
    there = lists != NOTHING
    number = there.sum(axis=1)
    total = np.where(there, values[lists], 0.0).sum(axis=1)
    return np.divide(total, number, out=np.full(len(lists), np.nan), where=number > 0)


def self_information(holders: np.ndarray, n_users: int) -> np.ndarray:
    """-log2 of the share of train users who have each item, in bits, float64 (items); novelty is its mean over a list.

    One holder is assumed where there is none (Zhou et al. 2010).
    """
    return -np.log2(np.maximum(holders, 1) / n_users)


def popularity_percentile(holders: np.ndarray) -> np.ndarray:
    """Share of the items that have fewer train users, equal ones counted half, float64 (items) between 0 and 1."""
    ordered = np.sort(holders)
    below, upto = (np.searchsorted(ordered, holders, side) for side in ("left", "right"))
    return (below + upto) / (2 * len(holders))


def genre_mix(lists: np.ndarray, genres: np.ndarray) -> np.ndarray:
    """p(g | u) of each list, float64 (users, genres): each film shares itself out evenly over its genres.

    `genres` bool (items, genres); films without genres count as nothing, and a list of such films alone has NaN
    (Steck 2018, section 3, with equal weights).
    """
    sizes = genres.sum(axis=1, keepdims=True)
    shares = np.divide(genres, sizes, out=np.zeros(genres.shape), where=sizes > 0)
    padded = np.vstack([shares, np.zeros(genres.shape[1])])  # row NOTHING is the last one
    total = np.stack([padded[row].sum(axis=0) for row in lists]) if len(lists) else np.zeros((0, genres.shape[1]))
    whole = total.sum(axis=1, keepdims=True)
    return np.divide(total, whole, out=np.full(total.shape, np.nan), where=whole > 0)


def calibration(history: np.ndarray, listed: np.ndarray, alpha: float = ALPHA) -> np.ndarray:
    """KL divergence, in nats, from the list's genre mix to the history's; 0 where the list keeps the history's mix.

    Both are (users, genres). sum over g of p log(p / ((1 - alpha) q + alpha p)) (Steck 2018, section 3).
    """
    smoothed = (1 - alpha) * listed + alpha * history
    ratio = np.divide(history, smoothed, out=np.ones_like(history), where=(history > 0) & (smoothed > 0))
    divergence = (history * np.log(ratio)).sum(axis=1)
    known = np.isfinite(history).all(axis=1) & np.isfinite(listed).all(axis=1) & (history.shape[1] > 0)
    return np.where(known, divergence, np.nan)


def diversity(lists: np.ndarray, genres: np.ndarray) -> np.ndarray:
    """Mean over the pairs of each list of 1 - Jaccard similarity of their genres: 0 where all have the same.

    Films without genres are in no pair (intra-list diversity, Ziegler et al. 2005).
    """
    sizes = genres.sum(axis=1)
    return np.array([_pairwise(genres[row[row != NOTHING]][sizes[row[row != NOTHING]] > 0]) for row in lists])


def _pairwise(genres: np.ndarray) -> float:
    if len(genres) < 2:
        return np.nan
    chosen = genres.astype(np.float64)
    both, sizes = chosen @ chosen.T, chosen.sum(axis=1)
    similar = both / (sizes[:, None] + sizes - both)
    return float(1 - similar[np.triu_indices(len(chosen), k=1)].mean())


def tail(holders: np.ndarray, share: float = TAIL) -> np.ndarray:
    """Which items are in the long tail: the less popular `share` of them, bool (items)."""
    return popularity_percentile(holders) <= share


def coverage(lists: np.ndarray, n_items: int) -> np.ndarray:
    """Share of the items that are in anybody's list, as pseudo-values of the users, float64 (users).

    Without one user the lists lose what only that user has (Heltshe and Forrester 1983).
    """
    whole = float((counts(lists, n_items) > 0).mean())
    return pseudo_values(whole, whole - only_theirs(lists, n_items))


def only_theirs(lists: np.ndarray, n_items: int) -> np.ndarray:
    """Share of the items that are in this list and in no other: what coverage loses without it, float64 (users)."""
    found = counts(lists, n_items)
    return ((lists != NOTHING) & (found[lists] == 1)).sum(axis=1) / n_items


def gini(counts: np.ndarray) -> float | None:
    """Inequality of non-negative counts: 0 where all are equal, 1 where one item has everything; None without any.

    sum over j of (2j - n - 1) c_(j) / ((n - 1) sum c), c ascending (as in Elliot, Anelli et al. 2021, there 1 - it).
    """
    n, whole = len(counts), counts.sum()
    if n < 2 or whole == 0:
        return None
    return float((2 * np.arange(1, n + 1) - n - 1) @ np.sort(counts) / ((n - 1) * whole))


def concentration(lists: np.ndarray, n_items: int) -> np.ndarray:
    """Gini of how many lists each item is in, as pseudo-values of the users, float64 (users); NaN without any."""
    found, without = counts(lists, n_items), []
    whole = gini(found)
    for row in lists:
        items = row[row != NOTHING]
        found[items] -= 1
        without.append(gini(found))
        found[items] += 1
    return pseudo_values(whole, np.array([np.nan if g is None else g for g in without]))


def long_tail(found: np.ndarray, holders: np.ndarray) -> np.ndarray:
    """Share of all recommendations that goes to the n most popular items, for n = 1 to items, float64 (items).

    `found` counts lists, `holders` train users; items of equal popularity stand in ascending order of their numbers.
    """
    order = np.argsort(-holders, kind="stable")
    return np.cumsum(found[order]) / max(found.sum(), 1)


def pseudo_values(whole: float | None, without: np.ndarray) -> np.ndarray:
    """The jackknife's pseudo-values, float64 (users): their mean is `whole`, their standard error the jackknife's.

    `without` are the values without each user in turn (Efron and Tibshirani 1993, chapter 11); the bias that it would
    take off stays in, so that the mean is what was measured. NaN for all where it rests on a single one of them.
    """
    n = len(without)
    if whole is None or (n > 1 and not np.isfinite(without).all()):
        return np.full(n, np.nan)
    if n < 2 or not np.ptp(without):  # else the mean's last digit would make them differ
        return np.full(n, whole)
    return whole + (n - 1) * (without.mean() - without)
