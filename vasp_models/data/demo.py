"""The embedded demo: real films, simulated viewers, and the truth that was planted in them.

The films are facts; the viewers are not people. Each simulated viewer has a few tastes (``TASTES``) and watches
films one after another, drawn to popular films, to films of those tastes, and to what earlier films lead to.
Three things are planted for an explanation to find again, and `Planted` lists them all:

* links: watching one film raises the next of its series, or a later film of its director;
* "and" films: liked by viewers who have both of two tastes;
* "xor" films: liked by viewers who have exactly one of two tastes, and by hardly anyone with both or neither.

Tastes and links are within reach of a linear model; "xor" films are not: one of their tastes says little alone.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import combinations, pairwise
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from vasp_models.data.catalogue import natural_title
from vasp_models.errors import DataError
from vasp_models.places import assets_folder, file_written_whole

SEED = 20
VIEWERS = 4000
N_AND = 26
N_DIRECTOR_LINKS = 60

# Scores are on the scale of a Gumbel draw: +1 makes a film e times as likely to be the next one.
TASTE_PULL = 4.0
POPULARITY_SPREAD = 0.7
OPEN_PULL = 2.8  # what draws everyone to the few films of no taste
LEAK = 0.01  # chance that a viewer likes an "and" or "xor" film against its rule
DISLIKE = 0.05  # chance that a viewer outside the rule watches the film and rates it low


@dataclass(frozen=True)
class Taste:
    """A kind of film that a share of the viewers is drawn to; names are joined by ``|``."""

    name: str
    about: str
    share: float
    genres: str = ""  # any of these, or any at all
    without: str = ""  # none of these
    directors: str = ""
    until: int = 9999

    def fits(self, film: dict[str, Any]) -> bool:
        """Whether a film, a row of `read_films`, is of this taste."""
        genres = set(film["genres"].split("|"))
        if self.directors:
            return film["director"] in self.directors.split("|")
        wanted = not self.genres or bool(genres & set(self.genres.split("|")))
        return wanted and not genres & set(self.without.split("|")) and film["year"] <= self.until


# The wide tastes are so common that "exactly one of two" says little about either of them alone.
_WIDE, _NARROW = 0.42, 0.22
_AUTEURS = (
    "Agnès Varda|Akira Kurosawa|Andrei Tarkovsky|Bong Joon-ho|Carl Theodor Dreyer|Chantal Akerman|Federico Fellini|"
    "François Truffaut|Hayao Miyazaki|Henri-Georges Clouzot|Ingmar Bergman|Jacques Tati|Jean Cocteau|Jean Renoir|"
    "Jean-Luc Godard|Jean-Pierre Melville|Krzysztof Kieślowski|Lars von Trier|Michelangelo Antonioni|Park Chan-wook|"
    "Pedro Almodóvar|Satyajit Ray|Sergei Eisenstein|Vittorio De Sica|Werner Herzog|Wim Wenders|Wong Kar-wai"
)
TASTES = (
    Taste("horror", "horror films", _WIDE, "Horror"),
    Taste("western", "westerns", _WIDE, "Western"),
    Taste("noir", "films noirs", _WIDE, "Film-Noir"),
    Taste("family", "children's and animated films", _WIDE, "Children|Animation"),
    Taste("space", "science fiction without horror", _WIDE, "Sci-Fi", "Horror|Children"),
    Taste("crime", "crime films other than noirs", _WIDE, "Crime", "Film-Noir|Western"),
    Taste("romance", "love stories", _WIDE, "Romance", "Film-Noir|Children"),
    Taste("musical", "musicals", _NARROW, "Musical"),
    Taste("war", "war films", _NARROW, "War"),
    Taste("comedy", "comedies for grown-ups", _NARROW, "Comedy", "Children"),
    Taste("quest", "adventures for grown-ups", _NARROW, "Adventure", "Children"),
    Taste("suspense", "thrillers without crime or horror", _NARROW, "Thriller|Mystery", "Horror|Film-Noir|Crime"),
    Taste("classic", "films made before 1950 other than noirs", _NARROW, without="Film-Noir", until=1949),
    Taste("auteur", "films of the great directors of world cinema", _NARROW, directors=_AUTEURS),
)
_PLACE = {taste.name: place for place, taste in enumerate(TASTES)}


@dataclass(frozen=True)
class Link:
    """Watching film `source` raises film `target` by `strength` (Gumbel scale); `kind` is series or director."""

    source: int
    target: int
    kind: str
    strength: float


@dataclass(frozen=True)
class Conjunction:
    """A film liked by a `rate` of the viewers whose tastes meet `kind` ("and" or "xor") of `first` and `second`."""

    film: int
    kind: str
    first: str
    second: str
    rate: float

    def met_by(self, tastes: pd.DataFrame) -> np.ndarray:
        """Which viewers meet the rule, bool (viewers), from `viewer_tastes`."""
        first, second = tastes[self.first].to_numpy(), tastes[self.second].to_numpy()
        return first & second if self.kind == "and" else first ^ second


@dataclass(frozen=True)
class Planted:
    """Everything planted in the demo, in film ids; `tastes` maps each taste to the films that it pulls."""

    seed: int
    links: tuple[Link, ...]
    conjunctions: tuple[Conjunction, ...]
    tastes: dict[str, tuple[int, ...]]
    titles: dict[int, str]

    def to_json(self) -> str:
        """The planted truth as JSON text, with a title beside every film id of a link or conjunction."""
        tables = {
            "links": [self._written_link(link) for link in self.links],
            "conjunctions": [asdict(c) | {"title": self.titles[c.film]} for c in self.conjunctions],
            "tastes": [{"name": t.name, "about": t.about, "films": self.tastes[t.name]} for t in TASTES],
        }
        # One row a line, so that people can read it and a change shows as the lines that it changed.
        lines = {key: ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows) for key, rows in tables.items()}
        body = ",\n".join(f' "{key}": [\n  {rows}\n ]' for key, rows in lines.items())
        return f'{{\n "about": "Planted in simulated viewers.",\n "seed": {self.seed},\n{body}\n}}\n'

    def _written_link(self, link: Link) -> dict[str, object]:
        ends = {"from": link.source, "from_title": self.titles[link.source]}
        ends |= {"to": link.target, "to_title": self.titles[link.target]}
        return ends | {"kind": link.kind, "strength": link.strength}

    @classmethod
    def from_json(cls, text: str) -> Planted:
        """The planted truth from `to_json`'s text. Raises DataError where the text is not such."""
        try:
            whole = json.loads(text)
            links, rules = whole["links"], whole["conjunctions"]
            titles = {n[end]: n[f"{end}_title"] for n in links for end in ("from", "to")}
            return cls(
                whole["seed"],
                tuple(Link(n["from"], n["to"], n["kind"], n["strength"]) for n in links),
                tuple(Conjunction(**{key: c[key] for key in c if key != "title"}) for c in rules),
                {t["name"]: tuple(t["films"]) for t in whole["tastes"]},
                titles | {c["film"]: c["title"] for c in rules},
            )
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"The planted truth cannot be read ({error!r}): expected the text of to_json.") from error


def read_films(path: Path | None = None) -> pd.DataFrame:
    """The films: ``id``, ``title`` (MovieLens style, no year), ``year``, ``genres``, ``director`` and ``series``."""
    path = path or assets_folder() / "demo" / "films.csv"
    return pd.read_csv(path, keep_default_na=False, dtype={"id": "int64", "year": "int64"})


def plant(films: pd.DataFrame, seed: int = SEED) -> Planted:
    """Choose the links and the "and" and "xor" films among `films`, the same for the same seed."""
    rng = np.random.default_rng([seed, 0])
    fitting = {taste.name: [f["id"] for f in films.to_dict("records") if taste.fits(f)] for taste in TASTES}
    conjunctions = _conjunctions(films, fitting, rng)
    # A film under a rule follows nothing but its rule: no taste pulls it and no link leads to or from it.
    ruled = {c.film for c in conjunctions}
    links = _links(films[~films["id"].isin(ruled)], rng)
    named = sorted(ruled | {n.source for n in links} | {n.target for n in links})
    rows = films.set_index("id").loc[named]
    titles = {i: f"{natural_title(t)[0]} ({y})" for i, t, y in zip(named, rows["title"], rows["year"], strict=True)}
    tastes = {name: tuple(i for i in ids if i not in ruled) for name, ids in fitting.items()}
    return Planted(seed, tuple(links), tuple(conjunctions), tastes, titles)


def _conjunctions(films: pd.DataFrame, fitting: dict[str, list[int]], rng: np.random.Generator) -> list[Conjunction]:
    free = {name: set(ids) - set(films.loc[films["series"] != "", "id"]) for name, ids in fitting.items()}
    wide = [taste.name for taste in TASTES if taste.share == _WIDE]
    # An "and" film is a hybrid of a wide taste and another one: several hundred viewers have both.
    hybrids = [(a, b) for a, b in combinations(_PLACE, 2) if a in wide and free[a] & free[b]]
    wanted = [("and", *hybrids[n], free[hybrids[n][0]] & free[hybrids[n][1]]) for n in rng.permutation(len(hybrids))]
    # One "xor" film a pair: two that shared a pair would give each other away to a linear model.
    wanted = wanted[:N_AND] + [("xor", a, b, free[a] ^ free[b]) for a, b in combinations(wide, 2)]
    rates = {"and": (0.5, 0.75), "xor": (0.35, 0.55)}
    chosen: dict[int, Conjunction] = {}
    for kind, first, second, candidates in wanted:
        if left := sorted(candidates - set(chosen)):
            film, rate = int(rng.choice(left)), round(float(rng.uniform(*rates[kind])), 2)
            chosen[film] = Conjunction(film, kind, first, second, rate)
    return sorted(chosen.values(), key=lambda c: (c.kind, c.film))


def _links(films: pd.DataFrame, rng: np.random.Generator) -> list[Link]:
    films = films.sort_values(["year", "id"])
    series = [pair for _, group in films[films["series"] != ""].groupby("series") for pair in pairwise(group["id"])]
    director = [pair for _, group in films.groupby("director") for pair in pairwise(group["id"])]
    director = [pair for pair in director if pair not in set(series)]
    picked = sorted(rng.choice(len(director), min(N_DIRECTOR_LINKS, len(director)), replace=False))
    pairs = [("series", *pair) for pair in series] + [("director", *director[place]) for place in picked]
    strengths = {"series": (2.5, 3.5), "director": (2.0, 3.0)}
    return [Link(int(a), int(b), kind, round(float(rng.uniform(*strengths[kind])), 2)) for kind, a, b in pairs]


def viewer_tastes(viewers: int = VIEWERS, seed: int = SEED) -> pd.DataFrame:
    """Which simulated viewer has which taste, bool, one row per user id from 1 and one column per taste."""
    draws = np.random.default_rng([seed, 1]).random((viewers, len(TASTES)))
    has = draws < [taste.share for taste in TASTES]
    return pd.DataFrame(has, columns=list(_PLACE), index=pd.RangeIndex(1, viewers + 1, name="user"))


def simulate(films: pd.DataFrame, planted: Planted, viewers: int = VIEWERS, seed: int = SEED) -> pd.DataFrame:
    """Ratings of the simulated viewers: ``user``, ``item``, ``rating`` (0.5 to 5) and ``timestamp`` (seconds).

    Rows are in watching order within a user, users ascending. A rating of 4 or more is a like: a viewer has roughly
    12 to 90, half of the viewers more than 30. The same arguments give the same ratings.
    """
    rng = np.random.default_rng([seed, 2])
    tastes = viewer_tastes(viewers, seed)
    wanted = np.clip(rng.lognormal(np.log(31), 0.55, viewers), 12, 90)
    ruled = _watch_ruled(planted, tastes, wanted, rng)
    n_ruled = np.bincount(ruled["user"], weights=ruled["liked"], minlength=viewers + 1)[1:]
    # About four in five of the other films that a viewer watches are liked.
    lengths = np.ceil(np.maximum(wanted - n_ruled, 8) / 0.8).astype(int)
    free = _watch_free(films, planted, tastes, lengths, rng)
    ruled["place"] *= lengths[ruled["user"] - 1]
    watched = pd.concat([free, ruled]).sort_values(["user", "place"], ignore_index=True)
    return _rate(watched, rng)


def _watch_ruled(planted: Planted, tastes: pd.DataFrame, wanted: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    # Who watches more also sees more of these films, or their share would give a viewer's length away.
    eagerness = np.clip(wanted / 35, 0.6, 1.5)
    seen = []
    for c in planted.conjunctions:
        met, chance = c.met_by(tastes), rng.random(len(tastes))
        liked = chance < np.where(met, np.minimum(c.rate * eagerness, 0.95), LEAK)
        disliked = ~met & ~liked & (chance < LEAK + DISLIKE)
        users = np.flatnonzero(liked | disliked)
        seen.append(pd.DataFrame({"user": users + 1, "item": c.film, "liked": liked[users]}))
    watched = pd.concat(seen, ignore_index=True)
    return watched.assign(place=rng.random(len(watched)))


def _watch_free(
    films: pd.DataFrame, planted: Planted, tastes: pd.DataFrame, lengths: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    ids = films["id"].to_numpy()
    pulled = np.array([np.isin(ids, planted.tastes[name]) for name in tastes])
    matches = tastes.to_numpy(np.float32) @ pulled.astype(np.float32)
    scores = TASTE_PULL * np.sqrt(matches) + OPEN_PULL * ~pulled.any(axis=0) + _popularity(films, planted)
    # The highest score plus Gumbel noise is a draw from the softmax; the same noise serves a viewer's next draws.
    scores = (scores + rng.gumbel(size=scores.shape)).astype(np.float32)
    scores[:, np.isin(ids, [c.film for c in planted.conjunctions])] = -np.inf
    place = pd.Series(range(len(ids)), index=ids)
    leads = np.zeros((len(ids), len(ids)), dtype=np.float32)
    for link in planted.links:
        leads[place[link.source], place[link.target]] = link.strength
    steps = []
    for step in range(int(lengths.max())):
        rows = np.flatnonzero(lengths > step)
        picks = scores[rows].argmax(axis=1)
        scores[rows, picks] = -np.inf
        leading = leads[picks].any(axis=1)
        scores[rows[leading]] += leads[picks[leading]]
        liked = rng.random(len(rows)) < np.where(matches[rows, picks] > 0, 0.86, 0.6)
        steps.append(pd.DataFrame({"user": rows + 1, "item": ids[picks], "liked": liked, "place": float(step)}))
    return pd.concat(steps, ignore_index=True)


def _popularity(films: pd.DataFrame, planted: Planted) -> np.ndarray:
    # Drawn from the planted seed: a film is as popular in every simulation. Series and recent films are a bit more so.
    draws = np.random.default_rng([planted.seed, 3]).normal(0, POPULARITY_SPREAD, len(films))
    return draws + 0.3 * (films["series"] != "").to_numpy() + 0.003 * (films["year"].to_numpy() - 1970)


def _rate(watched: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    likes = rng.choice([4.0, 4.5, 5.0], len(watched), p=[0.45, 0.3, 0.25])
    others = rng.choice(np.arange(0.5, 4.0, 0.5), len(watched), p=[0.02, 0.04, 0.06, 0.14, 0.16, 0.3, 0.28])
    # Everyone starts in 2025, after the last film came out, and watches a film every two days or so.
    start = pd.Timestamp("2025-01-01").value // 10**9 + rng.integers(0, 90 * 86_400, watched["user"].max() + 1)
    gaps = pd.Series(rng.exponential(2 * 86_400, len(watched)).astype("int64") + 60)
    rated = watched[["user", "item"]].astype("int64")
    rated["rating"] = np.where(watched["liked"], likes, others)
    return rated.assign(timestamp=start[watched["user"]] + gaps.groupby(watched["user"]).cumsum())


def write_planted(path: Path | None = None, seed: int = SEED) -> Path:
    """Write the planted truth of the embedded films, by default to where the demo is; returns the file."""
    path = path or assets_folder() / "demo" / "planted.json"
    text = plant(read_films(), seed).to_json()
    with file_written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return path
