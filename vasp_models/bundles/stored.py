"""The answers of a bundle: read from its arrays when they are first asked for, one user at a time."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from vasp_models import recommending
from vasp_models.answering import JOINT, Answers, Reasons
from vasp_models.bundles import packing, recorded
from vasp_models.errors import BundleError, SettingError

if TYPE_CHECKING:
    from vasp_models.bundles.packing import Arrays
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.explanations.curves import DeletionCurve
    from vasp_models.explanations.interactions import PairInteractions
    from vasp_models.explanations.leave_one_out import Influence
    from vasp_models.explanations.removals import Removal
    from vasp_models.recommending import Recommendations

STARTS, FILMS = "starts.npz", "films.npz"
_USERS_IN_MEMORY = 4


def user_file(row: int) -> str:
    """The file of the answers for a user, by the row of the bundle's histories."""
    return f"user-{row:05d}.npz"


class Stored(Answers):
    """A bundle's answers. For what it does not hold it raises BundleError."""

    device = "bundle"

    def __init__(self, checkpoint: Checkpoint) -> None:
        self._checkpoint = checkpoint
        self._about: dict[str, Any] = checkpoint.manifest["bundle"]
        self._read: OrderedDict[int, Arrays] = OrderedDict()
        self._factors = tuple(self._about["factors"])

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self._about["parts"] or ())

    def recommend(self, history: np.ndarray, k: int, rank_by: str = JOINT) -> Recommendations:
        part = None if rank_by == JOINT else rank_by
        profile = np.unique(np.asarray(history, dtype=np.int64))
        answered = self._answered(profile)
        if answered is not None:
            return recommending.recommend(self._model(answered), profile, k, part)
        answered, candidates = self._film(profile, k, rank_by)
        found = recommending.recommend(self._model(answered), profile, k, part)
        return replace(found, n_candidates=candidates)

    def influence(self, history: np.ndarray) -> Influence:
        history = np.asarray(history, dtype=np.int64)
        return packing.unpack_influence(self._user(history), history, self._factors)

    def reasons(self, history: np.ndarray, items: np.ndarray) -> Reasons:
        from vasp_models.explanations.answers import SCORE

        stored, places = self._places(history, items)
        names = self._about["linear"], self._about["gradients"]
        found = packing.unpack_reasons(stored, self.influence(history), places, *names)
        parts = {part: tuple(factors) for part, factors in (self._about["parts"] or {SCORE: [SCORE]}).items()}
        return Reasons(found, parts, self._about["positive"], self._about["ordered"])

    def curve(self, history: np.ndarray, item: int) -> DeletionCurve:
        stored, (place,) = self._places(history, [item])
        return packing.unpack_curve(stored, place)

    def removals(self, history: np.ndarray, item: int) -> dict[int, Removal | None]:
        from vasp_models.explanations.removals import TOPS

        stored, (place,) = self._places(history, [item])
        return packing.unpack_removals(stored, place, TOPS)

    def pairs(self, history: np.ndarray, item: int) -> PairInteractions:
        stored, (place,) = self._places(history, [item])
        return packing.unpack_pairs(stored, place, self._factors)

    def effects(self, history: np.ndarray, items: np.ndarray) -> np.ndarray:
        try:
            return super().effects(history, items)
        except KeyError:
            raise BundleError(
                f"{self._holds()}, not for films beyond their lists: {self._any('explains any film')}."
            ) from None

    @cached_property
    def _starts(self) -> Arrays:
        return self._checkpoint.arrays(STARTS)

    @cached_property
    def _films(self) -> Arrays:
        return self._checkpoint.arrays(FILMS)

    @cached_property
    def _profiles(self) -> dict[bytes, int]:
        """The row of each user and, counted from -1 down, the place of each start, by their films."""
        starts = np.split(self._starts["films"].astype(np.int64), self._starts["ends"][:-1])
        rows = {films.tobytes(): -1 - place for place, films in enumerate(starts)}
        users = self._checkpoint.users
        return rows | {np.unique(user.astype(np.int64)).tobytes(): row for row, user in self._histories(users)}

    @cached_property
    def _rows(self) -> dict[bytes, int]:
        """The row of each user by the history in its order."""
        return {user.astype(np.int64).tobytes(): row for row, user in self._histories(self._checkpoint.users)}

    def _histories(self, users) -> list[tuple[int, np.ndarray]]:
        return [(row, users.histories.row(row)) for row in range(len(users))]

    def _answered(self, profile: np.ndarray) -> np.ndarray | None:
        """The whole answer to a profile and to the empty one, float32 (factors, 2, items); None where it is unknown."""
        row = self._profiles.get(profile.tobytes())
        if row is None:
            return None
        own = self._starts["answers"][-1 - row] if row < 0 else self._of_user(row)["answers"]
        return np.stack([own, self._starts["answers"][0]], axis=1)  # the first start is the empty profile

    def _film(self, profile: np.ndarray, k: int, rank_by: str) -> tuple[np.ndarray, int]:
        """The same for one film alone, -inf outside the list that is kept; and the number of films that were ranked."""
        lists = [JOINT, *self.parts]
        if rank_by not in lists and self.parts:
            raise SettingError(f"The model has no part {rank_by!r}: expected one of {', '.join(self.parts)}.")
        if len(profile) != 1 or k > self._about["films_k"]:
            raise BundleError(f"{self._holds()}, not for this history: {self._any('answers for any history')}.")
        item, place = int(profile[0]), lists.index(rank_by) if self.parts else 0
        films = self._films["films"][item, place]
        films, empty = films[films >= 0], self._starts["answers"][0]
        own = np.full_like(empty, -np.inf)
        own[:, films] = self._films["answers"][item, place, : len(films)].T
        return np.stack([own, empty], axis=1), int(self._films["candidates"][item])

    def _model(self, answered: np.ndarray):
        return recorded.recorded(answered, self._starts["covered"], self._about)

    def _user(self, history: np.ndarray) -> Arrays:
        """The arrays of the user whose history this is."""
        row = self._rows.get(np.asarray(history, dtype=np.int64).tobytes())
        if row is None:
            raise BundleError(f"{self._holds()}, and explains no other history: {self._any('explains any')}.")
        return self._of_user(row)

    def _of_user(self, row: int) -> Arrays:
        found = self._read.get(row)
        if found is None:
            self._read[row] = found = self._checkpoint.arrays(user_file(row))
            while len(self._read) > _USERS_IN_MEMORY:
                self._read.popitem(last=False)
        return found  # not from the dictionary: other sessions' users may have pushed it out meanwhile

    def _places(self, history: np.ndarray, items) -> tuple[Arrays, np.ndarray]:
        """A user's arrays, and where some films stand in them. Raises ExplanationError as the model would."""
        from vasp_models.explanations import film

        model, stored = self._model(self._starts["answers"][:1]), self._user(history)
        there = {item: place for place, item in enumerate(stored["items"].tolist())} if "items" in stored else {}
        for item in np.asarray(items).tolist():
            film.check_unseen(model, history, item)
            if not model.covered[item]:
                raise film.uncovered(item)
            if item not in there:
                raise BundleError(self._not_listed(item))
        return stored, np.array([there[item] for item in np.asarray(items).tolist()], dtype=np.int64)

    def _not_listed(self, item: int) -> str:
        title = self._checkpoint.catalogue.titles[item]
        return (
            f"{title} is not among the first {self._about['k']} films of this user’s lists, which are all that this "
            f"bundle explains: {self._any('explains any film')}."
        )

    def _holds(self) -> str:
        users = len(self._checkpoint.users)
        whose = "its one user" if users == 1 else f"its {users:,} users"
        return f"This bundle holds answers for {whose}, for personas and single films"

    def _any(self, does: str) -> str:
        return f"`{self._about['open']}` {does}, with the model in memory"
