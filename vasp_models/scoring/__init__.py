"""Lists and reasons for all users at once, from Parquet to Parquet, in parts that a broken run goes on from."""

from __future__ import annotations

from dataclasses import dataclass

from vasp_models.errors import SettingError

AUTO, LINEAR, LEAVE_ONE_OUT, NONE = "auto", "linear", "leave-one-out", "none"
REASONS = (AUTO, LINEAR, LEAVE_ONE_OUT, NONE)


@dataclass(frozen=True)
class Scoring:
    """What is written of each user: `k` items, and of each `named` items of the history with their effects.

    `reasons` is linear (exact shares), leave-one-out (the model asked again without each item), none, or auto: linear
    where the model has a linear path, else leave-one-out where it looks at the history.
    """

    k: int = 100
    reasons: str = AUTO
    named: int = 5
    users_per_part: int = 1000

    def __post_init__(self) -> None:
        for name in ("k", "named", "users_per_part"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}: expected 1 or more.")
        if self.reasons not in REASONS:
            raise SettingError(f"Unknown reasons {self.reasons!r}: expected one of {', '.join(REASONS)}.")
