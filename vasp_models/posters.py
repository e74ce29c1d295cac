"""Film posters: fetched in the background, kept in the cache for a while, also the knowledge that there is none."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
import hashlib
import json
from pathlib import Path
import threading
import time
from typing import Any

import pandas as pd

from vasp_models import places, tmdb
from vasp_models.data import datasets
from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import DataError, PosterError, UnfitPosterError
from vasp_models.tmdb import Film, Service

FOUND_DAYS = 180  # TMDB's terms allow no copy to be kept beyond six months
NONE_DAYS, UNFIT_DAYS = 30, 1
PAUSE = 60.0  # seconds without a question after the service failed
_SCHEMA = 1


@dataclass(frozen=True)
class Poster:
    """A poster as tmdb.image gives it; None with the reason `why` where there is none to show."""

    image: bytes | None
    why: str = ""


def links(dataset: Mapping[str, Any]) -> dict[str, str]:
    """TMDB's ids by the ids of a data set, from what a checkpoint's manifest says of it; empty where it has no links
    or is not at hand any more."""
    try:
        found = datasets.load(dataset["name"])
        table = found.links() if found.fingerprint == dataset.get("fingerprint") else None
    except DataError:
        return {}
    if table is None or "tmdbId" not in table:
        return {}
    return {str(item): str(other) for item, other in zip(table["item"], table["tmdbId"], strict=True) if other}


def film(catalogue: Catalogue, item: int, linked: Mapping[str, str]) -> Film:
    """What the poster of a film is looked up by; `linked` is what `links` gave."""
    row = catalogue.frame.iloc[item]
    year = None if pd.isna(row["year"]) else int(row["year"])
    return Film(str(row["title"]), year, linked.get(str(row["id"])))


def folder() -> Path:
    """Where posters are kept."""
    return places.cache_folder() / "posters"


def key(film: Film) -> str:
    """The name under which a film's poster is kept: by TMDB's id where it is known, else by title and year."""
    about = [_SCHEMA, film.tmdb] if film.tmdb else [_SCHEMA, film.title, film.year]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:24]


def kept(film: Film) -> Poster | None:
    """What is known of a film's poster without asking; None where nothing is, or it is too old or damaged."""
    try:
        record = json.loads((folder() / f"{key(film)}.json").read_text(encoding="utf-8"))
        if record["schema"] != _SCHEMA or datetime.fromisoformat(record["until"]) <= datetime.now(UTC):
            return None
        if record["sha256"] is None:
            return Poster(None, record["why"])
        image = (folder() / f"{key(film)}.jpg").read_bytes()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Poster(image) if hashlib.sha256(image).hexdigest() == record["sha256"] else None


def fetch(film: Film, service: Service) -> Poster:
    """Ask for a film's poster and keep what was found, also that there is none or none that can be shown.

    Raises PosterError where the service fails: then nothing is kept.
    """
    try:
        image = tmdb.image(film, service)
    except UnfitPosterError as error:
        return _keep(film, Poster(None, str(error)), UNFIT_DAYS)
    if image is None:
        return _keep(film, Poster(None, "TMDB has no poster of this film."), NONE_DAYS)
    return _keep(film, Poster(image), FOUND_DAYS)


class Posters:
    """Posters of one service, fetched in the background; where the service fails, it is left alone for a while."""

    def __init__(self, service: Service, workers: int = 4) -> None:
        self._service = service
        self._pool = ThreadPoolExecutor(workers, "posters")
        self._lock = threading.Lock()
        self._asked: dict[str, Future[Poster]] = {}
        self._failed: tuple[float, str] | None = None  # when, and with which words

    def poster(self, film: Film) -> Poster | None:
        """The film's poster as far as it is known; None while it is being fetched, which this starts.

        Raises PosterError where the service failed in the last PAUSE seconds.
        """
        if found := kept(film):
            self._asked.pop(key(film), None)  # in the folder it need not be in memory too
            return found
        with self._lock:
            asked = self._asked.get(key(film))
            if asked is not None and not asked.done():
                return None
            if asked is not None and asked.exception() is None:
                return asked.result()  # found, but the folder cannot be written
            if self._failed and time.monotonic() - self._failed[0] < PAUSE:
                raise PosterError(self._failed[1])
            self._asked[key(film)] = self._pool.submit(self._fetch, film)
        return None

    def _fetch(self, film: Film) -> Poster:
        try:
            return fetch(film, self._service)
        except PosterError as error:
            self._failed = time.monotonic(), str(error)
            raise
        except Exception as error:  # a page would wait for it without end
            self._failed = time.monotonic(), f"Posters cannot be fetched: {type(error).__name__}."
            raise


def _keep(film: Film, poster: Poster, days: int) -> Poster:
    """Write what was found; where the folder cannot be written it is only not kept."""
    digest = None if poster.image is None else hashlib.sha256(poster.image).hexdigest()
    until = (datetime.now(UTC) + timedelta(days=days)).isoformat(timespec="seconds")
    record = {"schema": _SCHEMA, **asdict(film), "why": poster.why, "sha256": digest, "until": until}
    try:
        if poster.image is not None:
            with places.file_written_whole(folder() / f"{key(film)}.jpg") as temporary:
                temporary.write_bytes(poster.image)
        with places.file_written_whole(folder() / f"{key(film)}.json") as temporary:
            temporary.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError:
        pass
    return poster
