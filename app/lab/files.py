"""Profiles as JSON files: written exactly, read strictly."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
import json
from typing import Any

from app import words
from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import DataError

KIND, SCHEMA = "vasp-lens profile", 1
MOST_MEGABYTES = 1
EXPECTED = "expected a file that the profile lab saved"


@dataclass(frozen=True)
class Saved:
    """A profile as it stands in a file: ids as text in their order, each once, and the data set that they are of.

    `twice` are the ids that the file names more than once.
    """

    ids: tuple[str, ...]
    twice: tuple[str, ...]
    dataset: str
    fingerprint: str


def record(catalogue: Catalogue, items: Any, about: dict[str, Any]) -> dict[str, Any]:
    """A profile (item numbers) as plain JSON; `about` is the manifest's word on the data set."""
    films = [{"id": _plain(catalogue.ids[item]), "title": catalogue.titles[item]} for item in items]
    dataset = {"name": str(about["name"]), "fingerprint": str(about.get("fingerprint") or "")}
    return {"kind": KIND, "schema": SCHEMA, "dataset": dataset, "films": films}


def read(content: bytes, name: str) -> Saved:
    """The profile in a file. Raises DataError where it is too large, no JSON, or no profile."""
    if len(content) > MOST_MEGABYTES * 2**20:
        size = len(content) / 2**20
        raise DataError(f"{name} has {size:.1f} MB: {EXPECTED}, of at most {MOST_MEGABYTES} MB.")
    try:
        whole = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is no UTF-8 text (byte {error.start:,}): {EXPECTED}.") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{name} is no JSON (line {error.lineno:,}, column {error.colno:,}): {EXPECTED}.") from None
    except (RecursionError, ValueError):  # brackets in brackets without end, numbers of thousands of digits
        raise DataError(f"{name} is no JSON that can be read: {EXPECTED}.") from None
    return _checked(whole, name)


def _checked(whole: Any, name: str) -> Saved:
    if not isinstance(whole, dict) or whole.get("kind") != KIND:
        raise DataError(f"{name} is no profile: {EXPECTED}, with the kind {KIND!r}.")
    if whole.get("schema") != SCHEMA or isinstance(whole["schema"], bool):
        raise DataError(f"{name} has schema {str(whole.get('schema'))[:40]}: this program reads schema {SCHEMA}.")
    films, dataset = whole.get("films"), whole.get("dataset")
    if not isinstance(films, list):
        raise DataError(f"{name} has no list of films: {EXPECTED}.")
    ids = [_id(film, number, name) for number, film in enumerate(films, 1)]
    facts = dataset if isinstance(dataset, dict) else {}
    about = {key: facts.get(key) if isinstance(facts.get(key), str) else "" for key in ("name", "fingerprint")}
    twice = tuple(item for item, times in Counter(ids).items() if times > 1)
    return Saved(tuple(dict.fromkeys(ids)), twice, about["name"], about["fingerprint"])


def _id(film: Any, number: int, name: str) -> str:
    item = film.get("id") if isinstance(film, dict) else None
    if isinstance(item, bool) or not isinstance(item, int | str) or item == "":
        raise DataError(f"Film {number:,} of {name} has no id: expected a whole number or a text, as in the data set.")
    return str(item)


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)


def loaded_words(saved: Saved, unknown: str, about: dict[str, Any]) -> str:
    """What a load has to say (Markdown): empty where the file was taken whole."""
    told = []
    if saved.fingerprint and saved.fingerprint != about.get("fingerprint"):
        told.append(
            f"The file was saved on {words.markdown(saved.dataset or 'another data set')}, and this is "
            f"{words.markdown(str(about['name']))}: the same id may be another film."
        )
    if saved.twice:
        verb = "was" if len(saved.twice) == 1 else "were"
        told.append(f"{words.count(len(saved.twice), 'film')} named twice {verb} taken once.")
    return " ".join([*told, unknown] if unknown else told)
