"""What the data page says, from a checkpoint's manifest, catalogue and histories alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from app import words
from app.overview_facts import SIMULATED, dataset_title
from vasp_models.bundles import counted
from vasp_models.data import describing
from vasp_models.data.catalogue import Catalogue
from vasp_models.data.describing import LongTail, Step

QUESTION = "What was the model trained on?"
NO_RATINGS = "Every row of these data counts as a like, so there are no ratings to show."
NOT_KEPT = "This checkpoint was made before its ratings were counted in it; train it anew to see them."
NO_GENRES, NO_YEARS = "The films have no genres.", "The films have no years of release."
NO_STEPS = "This checkpoint does not say what was left out before training."
LIKES_RULE = "Likes are those of the train users, from whom the model learned"
_STEPS = {
    "rows": "Rows as they came",
    "repeated": "repeated pairs",
    "below_threshold": "rated below {threshold:g}",
    "short": "histories below five",
    "likes": "Likes",
    "unknown": "films without train users",
    "too_few_left": "held-out users cut short",
    "train": "Train users",
    "validation": "Validation users",
    "test": "Test users",
}
HOW = """
Everything on this page comes from the checkpoint’s own files; the data set need not be at hand.

- **Likes**: ratings from the threshold up, one for each user and film; of implicit data every row. Users with fewer
  than five are left out (Liang et al. 2018, section 4.1).
- **Train, validation and test** are different users (strong generalisation): the model learns from the train users,
  its best epoch is chosen on validation users, test users are looked at once. Of these two groups a fifth of each
  history is held out.
- **Repeated pairs**: of several ratings of one film by one user, one counts.
- **Films without train users** cannot be learned and are left out of the histories of the others; users who keep fewer
  than five films by that are **cut short**.
- **Ratings** and **mean ratings** count every rating of every user, before anything but repeated pairs was left out.
  Means are rounded to a tenth.
- **Lengths, genres, decades and the long tail** count train users. A film counts in each of its genres. Bins of
  lengths have equal width, or equal ratio where the longest history is more than twenty times the shortest.
"""


@dataclass(frozen=True)
class Described:
    """All numbers of the page; tables as in the core."""

    tail: LongTail
    lengths: pd.DataFrame
    median: float
    low: float
    high: float
    ratings: pd.DataFrame
    means: pd.DataFrame
    genres: pd.DataFrame
    decades: pd.DataFrame
    steps: list[Step]


def described(chosen) -> Described:
    """Describe the data of a checkpoint."""
    data, catalogue = chosen.manifest["dataset"], chosen.catalogue
    lengths = counted.train_lengths(chosen)
    low, median, high = describing.spread(lengths)
    counts = catalogue.frame.get("train_users", pd.Series(0, index=catalogue.frame.index)).to_numpy()
    return Described(
        describing.long_tail(counts),
        describing.length_histogram(lengths),
        median,
        low,
        high,
        describing.rating_histogram(data),
        describing.user_means(data),
        describing.genre_shares(catalogue),
        describing.decades(catalogue),
        describing.preprocessing(chosen.manifest),
    )


def answer(chosen, found: Described) -> str:
    """The page's answer: how many likes of whom, how evenly they fall on films, how long a history is."""
    likes, films = int(found.tail.counts.sum()), len(found.tail.items)
    half = found.tail.holding(0.5)
    users = words.count(counted.split_sizes(chosen)["train"], "user")
    median = f"the median history has {found.median:g} {'film' if found.median == 1 else 'films'}"
    return (
        f"On **{likes:,} likes** of {users} in **{words.markdown(dataset_title(chosen))}**. Half of the likes fall on "
        f"**{words.count(half, 'film')}** of {films:,}; {median}."
    )


def simulated(chosen) -> str | None:
    """The remark that the viewers are simulated, where they are (Markdown)."""
    return SIMULATED if chosen.manifest["dataset"].get("simulated") else None


def metrics(chosen, found: Described) -> list[tuple[str, str, str]]:
    """Label, value and what stands below it."""
    split = counted.split_sizes(chosen)
    likes, films = int(found.tail.counts.sum()), len(found.tail.items)
    filled = likes / max(films * int(split["train"]), 1)
    held = f"{split['validation']:,} validation · {split['test']:,} test"
    spread = f"80% between {found.low:.0f} and {found.high:.0f}"
    return [
        ("Train users", f"{split['train']:,}", held),
        ("Likes of train users", f"{likes:,}", f"{words.share(filled, 1 if filled >= 0.001 else 3)} of all pairs"),
        ("Films", f"{films:,}", f"{found.tail.holding(0.8):,} hold 80% of the likes"),
        ("Median history", f"{found.median:g} films", spread),
    ]


def no_ratings(dataset: Mapping) -> str:
    """Why there are no ratings to show."""
    return NO_RATINGS if dataset.get("implicit") else NOT_KEPT


def ratings_rule(dataset: Mapping, table: pd.DataFrame) -> str:
    """The rating histogram's subtitle."""
    liked = table.loc[table["liked"], "ratings"].sum() / max(int(table["ratings"].sum()), 1)
    start = f"Solid: a like, {dataset['threshold']:g} and more" if dataset.get("threshold") is not None else "All"
    return f"{start}, {words.share(liked)} of {int(table['ratings'].sum()):,} ratings"


def ratings_in_words(table: pd.DataFrame) -> str:
    """The rating histogram as a sentence."""
    whole = max(int(table["ratings"].sum()), 1)
    return "Share of ratings: " + "; ".join(
        f"{r.rating:g} {words.share(r.ratings / whole)}" for r in table.itertuples()
    )


def means_rule(table: pd.DataFrame) -> str:
    """The subtitle of the mean ratings."""
    low, high = (describing.middle(table["mean"].to_numpy(), table["users"].to_numpy(), q) for q in (0.1, 0.9))
    users = words.count(int(table["users"].sum()), "user")
    return f"{users}, means rounded to a tenth; 80% between {low:g} and {high:g}"


def tail_rule(tail: LongTail) -> str:
    """The long tail's subtitle."""
    fifth = max(round(len(tail.items) / 5), 1)
    return f"The most popular fifth of the films holds {words.share(tail.held_by(fifth))} of the likes"


def tail_in_words(tail: LongTail) -> str:
    """The long tail as a sentence."""
    parts = [f"{tail.holding(share):,} films hold {words.share(share)}" for share in (0.25, 0.5, 0.75, 0.9)]
    return f"Of all likes, {', '.join(parts)}, of {len(tail.items):,} films"


def tail_table(catalogue: Catalogue, tail: LongTail) -> pd.DataFrame:
    """The twin of the long tail: the films through which it is drawn."""
    at = tail.points()
    titles = [catalogue.titles[item] for item in tail.items[at]]
    held = {"Likes": tail.counts[at], "Share of likes so far": tail.held[at]}
    return pd.DataFrame({"Place": at + 1, "Film": titles} | held)


def lengths_rule(found: Described) -> str:
    """The subtitle of the history lengths."""
    shortest, longest = (int(found.lengths[end].iloc[place]) for end, place in (("low", 0), ("high", -1)))
    ratio = "; bins of equal ratio" if len(set((found.lengths["high"] - found.lengths["low"])[:-1])) > 1 else ""
    return f"Train users, from {shortest:,} to {longest:,} films{ratio}"


def genres_rule(table: pd.DataFrame) -> str:
    """The genres' subtitle."""
    gain = table["like_share"] - table["film_share"]
    best = int(gain.to_numpy().argmax())
    above = f"; most above its films: {words.markdown(table['genre'].iloc[best])}" if gain.iloc[best] > 0 else ""
    return f"Hollow: films. Solid: likes{above}. A film counts in each of its genres"


def in_words(table: pd.DataFrame, name: str, columns: Mapping[str, str]) -> str:
    """A table of shares as a sentence: each row's name, then its columns."""
    rows = []
    for row in table.to_dict("records"):
        rows.append(
            f"{row[name]} " + ", ".join(f"{words.share(row[column])} of {of}" for column, of in columns.items())
        )
    return "; ".join(rows)


def decades_rule(table: pd.DataFrame, films: int) -> str:
    """The decades' subtitle."""
    missing = films - int(table["films"].sum())
    rest = f"; {words.count(missing, 'film')} without a year" if missing else ""
    return f"Hollow: films. Solid: likes{rest}"


def step_names(steps: Sequence[Step], dataset: Mapping) -> list[str]:
    """The steps as people read them."""
    threshold = dataset.get("threshold")
    return [_STEPS[step.name].format(threshold=0 if threshold is None else threshold) for step in steps]


def steps_rule(steps: Sequence[Step]) -> str:
    """The subtitle of what was removed."""
    kept = sum(step.rows for step in steps if step.kind == "part") / max(steps[0].rows, 1)
    return f"Solid: what is there, in rows. Hollow: what was removed. {words.share(kept)} of the rows are used"


def steps_table(steps: Sequence[Step], names: Sequence[str]) -> pd.DataFrame:
    """The twin of what was removed."""
    kinds = {"whole": "there", "removed": "removed", "part": "part of the split"}
    rows = [(name, kinds[step.kind], step.rows) for step, name in zip(steps, names, strict=True)]
    return pd.DataFrame(rows, columns=["Step", "What", "Rows"])


def rows(chosen) -> list[tuple[str, str]]:
    """Where the data come from and how they were split, as names and values; what is not known is left out."""
    data, protocol = chosen.manifest["dataset"], chosen.manifest["protocol"]
    stats = protocol.get("stats") or {}
    facts = [
        ("Data", dataset_title(chosen)),
        ("A like", "every row" if data.get("implicit") else _threshold(data)),
        ("Order", "histories in order of time" if data.get("ordered") else "no times given"),
        ("Split", _split(protocol)),
        *((name, _held_out(stats.get(kind))) for name, kind in (("Validation", "val"), ("Test", "test"))),
        ("Left out", _left_out(stats)),
        ("Source", _source(data.get("source"))),
        ("Licence", data.get("licence") or ""),
        ("Fingerprint", str(data.get("fingerprint") or "").removeprefix("sha256:")[:16]),
    ]
    return [(name, value) for name, value in facts if value]


def _threshold(data: Mapping) -> str:
    return "" if data.get("threshold") is None else f"a rating of {data['threshold']:g} or more"


def _split(protocol: Mapping) -> str:
    names = {"liang": "by users (Liang et al. 2018)", "vasp": "by users (the VASP authors’ variant)"}
    return names.get(protocol.get("name"), str(protocol.get("name") or ""))


def _held_out(part: Mapping | None) -> str:
    if not part:
        return ""
    return f"{part['users']:,} users, {part['foldin']:,} likes shown, {part['target']:,} held out"


def _left_out(stats: Mapping) -> str:
    films = int(stats.get("items_all", 0)) - int(stats.get("items", 0))
    return f"{words.count(films, 'film')} that no train user likes" if films else ""


def _source(source: Mapping | None) -> str:
    if not source:
        return ""
    if source.get("kind") == "simulation":
        return f"simulated, seed {source['seed']}"
    if source.get("archive"):
        whence = source.get("url") or source["archive"]
        return f"{whence}, MD5 {source['md5'][:8]}" if source.get("md5") else str(whence)
    files = ", ".join(str(file["name"]) for file in source.get("files", []))
    return files or {"folder": "a folder of its files"}.get(source.get("from"), "")


def record(chosen, found: Described) -> dict:
    """Everything that the page says, as plain values."""
    data = chosen.manifest["dataset"]
    tail = found.tail
    return {
        "dataset": {
            name: data.get(name) for name in ("name", "title", "simulated", "licence", "fingerprint", "counts")
        },
        "films": len(tail.items),
        "likes": int(tail.counts.sum()),
        "films_holding": {f"{share:g}": tail.holding(share) for share in (0.25, 0.5, 0.75, 0.9)},
        "history": {"median": found.median, "tenth": found.low, "ninetieth": found.high},
        "history_lengths": found.lengths.to_dict("records"),
        "ratings": found.ratings.to_dict("records"),
        "user_means": found.means.to_dict("records"),
        "genres": found.genres.to_dict("records"),
        "decades": found.decades.to_dict("records"),
        "steps": [asdict(step) for step in found.steps],
        "split": chosen.manifest["protocol"],
    }
