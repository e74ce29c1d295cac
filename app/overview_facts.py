"""What the Overview says of a checkpoint, from its manifest and metrics alone: no model is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from app import cached, user_choice, words

# Vančura and Kordík 2021, Table III: VASP.
PUBLISHED = [("MovieLens 20M", ".448", ".414", ".552"), ("Netflix Prize", ".406", ".372", ".457")]
CITATION = (
    "Vančura and Kordík, *Deep Variational Autoencoder with Shallow Parallel Path for Top-N Recommendation (VASP)*, 2021, Table III. "
    "Other data and the authors' own split of users: these figures and those above must not be compared."
)


@dataclass(frozen=True)
class Card:
    """Something to try: its words (Markdown), the page it opens, and the choices it makes."""

    title: str
    text: str
    label: str
    page: str
    icon: str
    choices: Mapping = field(default_factory=dict)


def model_title(chosen) -> str:
    """Model and preset as one name: VASP small."""
    return f"{chosen.manifest['title']} {chosen.manifest['preset']}"


def dataset_title(chosen) -> str:
    """The data set's name as people read it."""
    about = chosen.manifest["dataset"]
    return about.get("title") or about["name"]


def difference(chosen) -> Mapping | None:
    """The paired difference in NDCG@100 to the strongest other model measured on the same test users, with its title."""
    beside = chosen.metrics.get("baselines") or {}
    strongest = max(beside.values(), key=lambda row: row["ndcg@100"]["mean"], default=None)
    return None if strongest is None else {"title": strongest["title"], **strongest["difference"]}


def curve(chosen) -> pd.DataFrame:
    """The learning curve with its stages named by what learns in them: FLVAE alone, NEASE × FLVAE together."""
    names = {}
    for stage in chosen.manifest["options"].get("stages", []):
        parts = [words.part_name(part) for part in stage.get("parts", [])]
        names[stage["name"]] = (
            f"{parts[0]} alone" if len(parts) == 1 else f"{' × '.join(parts)} together" if parts else stage["name"]
        )
    learned = chosen.curve
    return (
        learned.assign(stage=learned["stage"].map(lambda stage: names.get(stage, stage))) if len(learned) else learned
    )


def has_curve(learned: pd.DataFrame) -> bool:
    """Whether there are epochs to draw."""
    return "ndcg@100" in learned and int(learned["ndcg@100"].notna().sum()) > 1


def rows(chosen, maps: Sequence[str]) -> list[tuple[str, str]]:
    """The facts beside the learning curve."""
    about, made, split = chosen.manifest, chosen.manifest["provenance"], chosen.manifest["protocol"]["stats"]
    weights = f", {_millions(about['parameters'])} weights" if about.get("parameters") else ""
    held = f" · {split['val']['users']:,} validation · {split['test']['users']:,} test"
    facts = [
        ("Model", f"{about['title']}{weights}"),
        ("Data", f"{dataset_title(chosen)}, {_kept(about['dataset'])}"),
        ("Users", f"{split['train_users']:,} train{held}"),
        ("Films", f"{len(chosen.catalogue):,}, {'with genres' if chosen.catalogue.genre_names else 'without genres'}"),
        ("Preset", about["preset"]),
        ("Training", _training(made)),
        ("Best epoch", _best(chosen.curve)),
        ("Maps", f"ready: {words.joined(maps)}, seed 0" if maps else "not computed yet"),
        ("Digest", " ".join(chosen.digest[start : start + 4] for start in (0, 4, 8))),
    ]
    return [(name, value) for name, value in facts if value]


def _training(made: Mapping) -> str:
    spent = f"{words.seconds(made['train_seconds'])}, " if made.get("train_seconds") else ""
    return f"{spent}{made['device']}, seed {made['seed']}{'' if made.get('finished', True) else ', stopped early'}"


def _kept(dataset: Mapping) -> str:
    return "every interaction" if dataset.get("implicit") else f"ratings of {dataset['threshold']:g} and more"


def _best(learned: pd.DataFrame) -> str:
    if not has_curve(learned) or not learned["kept"].any():
        return ""
    place = int(learned["kept"].to_numpy().nonzero()[0][-1]) + 1
    return f"{place} of {len(learned)}, by validation"


def _millions(weights: int) -> str:
    return f"{weights / 1e6:.1f} M" if weights >= 1e6 else f"{weights / 1e3:.0f} k"


def cards(chosen) -> list[Card]:
    """Three things to try, from the users' histories alone."""
    test = cached.users(chosen, "test")
    user = user_choice.example_user(chosen)
    row = test[test["id"] == user]
    taste = row["taste"].iloc[0] if len(row) else None
    text = (
        f"User {user} keeps to {taste}: {row['films'].iloc[0]} of {row['n_history'].iloc[0]} films in the history."
        if taste
        else f"User {user} has a history to go by."
    )
    longest = test.loc[test["n_history"].idxmax()] if len(test) else None
    busy = str(longest["id"]) if longest is not None else user
    films = (
        f"User {busy} liked {longest['n_history']:,} films; what is left to recommend?" if longest is not None else ""
    )
    return [
        Card("A user whose taste is easy to read", words.markdown(text), f"Recommend for user {user}", "recommend", "recommend", {"user": user}),
        Card("A user who has seen nearly everything", words.markdown(films), f"Recommend for user {busy}", "recommend", "movie", {"user": busy, "k": 20}),
        Card("Two ways to know a film", "NEASE links films one by one, FLVAE gathers them. See which part knows genres.", "Open the maps", "sensitivity_maps", "scatter_plot"),
    ]  # fmt: skip
