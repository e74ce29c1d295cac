"""What each item number stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
import re
import unicodedata

import numpy as np
import pandas as pd

from vasp_models.errors import UnknownItemError

# MovieLens spells one genre in two ways and has one marker that is no genre.
_GENRE_NAMES = {"Children's": "Children", "Sci-fi": "Sci-Fi", "(no genres listed)": "", "unknown": ""}
PAPER_GENRES = ("Horror", "Children", "Western", "Film-Noir")  # the four of VASP's figure 3
_YEAR = re.compile(r"\s*\((\d{4})(?:[-–]\d{0,4})?\)\s*$")
_ARTICLES = (
    "The", "A", "An", "La", "Le", "Les", "L'", "Il", "El", "Los", "Las", "Der", "Die", "Das", "Det", "Den", "De", "I",
    "Un", "Une", "Gli", "Lo",
)  # fmt: skip
_TRAILING_ARTICLE = re.compile(
    r"^(?P<main>[^(]*?), (?P<article>" + "|".join(map(re.escape, _ARTICLES)) + r")(?P<rest>\s*\(.*)?$"
)
# Controls as spaces, and none of the marks that turn the direction of all text around them.
_UNSEEN = dict.fromkeys([*range(32), *range(127, 160)], " ") | dict.fromkeys(
    [0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)], ""
)
_FOLDED_ARTICLES = frozenset(re.sub("[^a-z]", "", article.lower()) for article in _ARTICLES)


@dataclass(frozen=True)
class Catalogue:
    """Id, title, year and genres of each item number.

    `frame` has one row per item number and the columns `id` (int64 or str), `title` (natural, without year),
    `year` (Int64, may be missing), `genres` (list of str) and, where a model was trained, `train_users` (int64).
    """

    frame: pd.DataFrame

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def ids(self) -> np.ndarray:
        """Ids in the order of the item numbers, int64 or object (items)."""
        return self.frame["id"].to_numpy()

    @cached_property
    def titles(self) -> list[str]:
        """Titles as people write them: ``The Matrix (1999)``."""
        return [
            title if pd.isna(year) else f"{title} ({int(year)})"
            for title, year in zip(self.frame["title"], self.frame["year"], strict=True)
        ]

    @cached_property
    def genres(self) -> list[list[str]]:
        """Genres of each item, in the data set's order."""
        return [list(genres) for genres in self.frame["genres"]]

    @cached_property
    def genre_names(self) -> list[str]:
        """Every genre that occurs, in alphabetical order."""
        return sorted({genre for genres in self.genres for genre in genres})

    @cached_property
    def genre_matrix(self) -> np.ndarray:
        """Which item has which genre, bool (items, genre_names)."""
        place = {name: column for column, name in enumerate(self.genre_names)}
        matrix = np.zeros((len(self), len(place)), dtype=bool)
        for row, genres in enumerate(self.genres):
            matrix[row, [place[genre] for genre in genres]] = True
        return matrix

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {str(item_id): number for number, item_id in enumerate(self.ids)}

    def number(self, item_id: object) -> int:
        """Item number of an id as written in the data set. Raises UnknownItemError."""
        try:
            return self._numbers[str(item_id).strip()]
        except KeyError:
            raise UnknownItemError(
                f"Item {str(item_id)!r} is not in the catalogue of {len(self):,} items: "
                "ids are those of the data set, and items that no train user has are left out."
            ) from None

    @cached_property
    def _searchable(self) -> list[str]:
        return [fold(title) for title in self.titles]

    def search(self, text: str, limit: int = 50) -> list[int]:
        """Item numbers of the titles in which every word of `text` begins a word: the title itself first.

        Case, accents and punctuation are ignored, and articles where the rest is found.
        """
        wanted = fold(text)
        words = wanted.split()
        if not words:
            return []
        telling = [word for word in words if word not in _FOLDED_ARTICLES] or words
        popularity = self.frame["train_users"].to_numpy() if "train_users" in self.frame else np.zeros(len(self))
        bare = without_article(wanted)
        exact = re.compile(re.escape(bare) + r"( \d{4})?")  # with or without its year

        def place(n: int) -> tuple[bool, bool, bool, float, int]:
            title = self._searchable[n]
            short = without_article(title)
            starts = title.startswith(wanted) or short.startswith(bare)
            return not exact.fullmatch(short), not starts, not _begins(words, title), -popularity[n], n

        return sorted((n for n, title in enumerate(self._searchable) if _begins(telling, title)), key=place)[:limit]


def _begins(words: Sequence[str], title: str) -> bool:
    """Whether every word begins a word of a folded title."""
    return all(f" {word}" in f" {title}" for word in words)


def fold(text: str) -> str:
    """`text` in lower case without accents and punctuation, for searching."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", re.sub(r"['’]", "", plain).lower()).split())


def without_article(folded: str) -> str:
    """A folded title without the article at its beginning or end, if something else remains."""
    words = folded.split()
    if len(words) > 1 and words[0] in _FOLDED_ARTICLES:
        words = words[1:]
    elif len(words) > 1 and words[-1] in _FOLDED_ARTICLES:
        words = words[:-1]
    return " ".join(words)


def natural_title(title: str) -> tuple[str, int | None]:
    """MovieLens' ``Matrix, The (1999)`` as ``("The Matrix", 1999)``; the year is None where there is none."""
    title = title.translate(_UNSEEN).strip()
    found = _YEAR.search(title)
    year = int(found.group(1)) if found else None
    bare = title[: found.start()] if found else title
    # The article stands at the end of the main title, before any alternative titles in brackets.
    match = _TRAILING_ARTICLE.match(bare)
    if match:
        joint = "" if match["article"].endswith("'") else " "
        bare = f"{match['article']}{joint}{match['main']}{match['rest'] or ''}"
    return bare, year


def split_genres(genres: str) -> list[str]:
    """``Animation|Children's`` as ``["Animation", "Children"]``, in one spelling for all MovieLens releases."""
    names = (_GENRE_NAMES.get(name.strip(), name.strip()) for name in genres.split("|"))
    return [name for name in names if name]


def catalogue_frame(ids: Sequence[object], titles: Sequence[str], genres: Sequence[str]) -> pd.DataFrame:
    """A catalogue's frame from a MovieLens-like table of titles with years and genres joined by ``|``."""
    natural = [natural_title(str(title)) for title in titles]
    return pd.DataFrame(
        {
            "id": ids,
            "title": [title for title, _ in natural],
            "year": pd.array([year for _, year in natural], dtype="Int64"),
            "genres": [split_genres(str(text)) if text is not None and not pd.isna(text) else [] for text in genres],
        }
    )
