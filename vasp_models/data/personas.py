"""Personas: made-up viewers who have seen the films of a genre that most train users have. Nobody wrote them."""

from __future__ import annotations

import numpy as np

from vasp_models.data.catalogue import Catalogue

PERSONA_FILMS = 8
EVERYTHING = "everything"  # what the persona of no genre watches


def personas(catalogue: Catalogue) -> dict[str, int]:
    """Persona -> how many films it has seen: everything first, then each genre that occurs."""
    counts = dict(zip(catalogue.genre_names, catalogue.genre_matrix.sum(axis=0).tolist(), strict=True))
    counts = {EVERYTHING: len(catalogue)} | {genre: n for genre, n in counts.items() if n}
    return {persona: min(n, PERSONA_FILMS) for persona, n in counts.items()}


def persona_films(catalogue: Catalogue, persona: str) -> np.ndarray:
    """A persona's films (item numbers), the most liked last, as if it had been added last."""
    popularity = catalogue.frame["train_users"].to_numpy()
    films = np.arange(len(catalogue))
    if persona != EVERYTHING:
        films = np.flatnonzero(catalogue.genre_matrix[:, catalogue.genre_names.index(persona)])
    return films[np.argsort(-popularity[films], kind="stable")][:PERSONA_FILMS][::-1]
