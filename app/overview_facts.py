"""What the Overview says of a checkpoint, from its manifest and metrics alone: no model is needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from app import words

# Vančura and Kordík 2021, Table III: VASP.
PUBLISHED = [("MovieLens 20M", ".448", ".414", ".552"), ("Netflix Prize", ".406", ".372", ".457")]
CITATION = (
    "Vančura and Kordík, *Deep Variational Autoencoder with Shallow Parallel Path for Top-N Recommendation (VASP)*, "
    "2021, Table III. Other data, and the authors’ own split of users: not to be compared with the figures above."
)
SIMULATED = (
    "The films are real, **the viewers are simulated**. For real ones run `vasp-lens data get ml-latest-small` "
    "(or `ml-1m` and larger), then `vasp-lens train vasp --data ml-latest-small`; "
    "the new checkpoint then stands in the list on the left."
)
_LABELS = {
    "ndcg@100": "Ranking quality · NDCG@100",
    "recall@20": "Found in the first 20 · Recall@20",
    "recall@50": "Found in the first 50 · Recall@50",
}


@dataclass(frozen=True)
class Card:
    """Something to try: its words and the button's (Markdown), the page it opens, and the choices it makes."""

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
    """The paired difference in NDCG@100 to the strongest other model measured on the same test users."""
    beside = chosen.metrics.get("baselines") or {}
    strongest = max(beside.values(), key=lambda row: row["ndcg@100"]["mean"], default=None)
    return None if strongest is None else {"title": strongest["title"], **strongest["difference"]}


def answer(chosen, measured: Mapping | None) -> str:
    """The page's answer."""
    if not measured:
        return f"It has not been measured yet: run `vasp-lens evaluate {chosen.argument}`."
    return words.overview_answer(model_title(chosen), dataset_title(chosen), measured, difference(chosen))


def metrics(chosen, measured: Mapping) -> list[tuple[str, str, str]]:
    """Label, value and standard error of the four figures (one user has none); for the coverage the films."""
    shown = [
        (label, words.quality(measured[name]["mean"]), _standard_error(measured[name]["se"]))
        for name, label in _LABELS.items()
    ]
    films, used = len(chosen.catalogue), measured["coverage@100"]
    beside = f"{round(used * films):,} of {films:,} films"
    return [*shown, ("Catalogue used · Coverage@100", words.share(used), beside)]


def _standard_error(se: float | None) -> str:
    return "one user" if se is None else f"± {words.quality(se, 4)}"


def curve(chosen) -> pd.DataFrame:
    """The learning curve with its stages named by what learns in them: FLVAE alone, NEASE × FLVAE together."""
    learned, stages = chosen.curve, chosen.manifest["options"].get("stages", [])
    names = {stage["name"]: _stage(stage) for stage in stages}
    if not len(learned):
        return learned
    return learned.assign(stage=[names.get(stage, stage) for stage in learned["stage"]])


def references(chosen) -> dict[str, float]:
    """Validation NDCG@100 of EASE, the line to beat, where it was measured beside the model."""
    ease = (chosen.metrics.get("baselines") or {}).get("ease") or {}
    return {ease["title"]: ease["val"]["ndcg@100"]["mean"]} if "val" in ease else {}


def _stage(stage: Mapping) -> str:
    parts = [words.part_name(part) for part in stage.get("parts", [])]
    if not parts:
        return stage["name"]
    return f"{parts[0]} alone" if len(parts) == 1 else f"{' × '.join(parts)} together"


def curve_table(learned: pd.DataFrame, lines: Mapping[str, float]) -> pd.DataFrame:
    """The numbers of the learning curve, numbered as in the chart, then those of the `references`."""
    drawn = learned[learned["ndcg@100"].notna()]
    epochs = pd.DataFrame(
        {
            "Epoch": range(1, len(drawn) + 1),
            "What learns": drawn["stage"].to_numpy(),
            "Validation NDCG@100": drawn["ndcg@100"].to_numpy(),
            "Kept": ["kept" if kept else "" for kept in drawn["kept"]],
        }
    )
    others = pd.DataFrame({"What learns": list(lines), "Validation NDCG@100": list(lines.values())})
    return pd.concat([epochs.astype({"Epoch": "Int64"}), others], ignore_index=True) if lines else epochs


def in_words(learned: pd.DataFrame, model: str) -> str:
    """The curve as a sentence, for those who do not see it."""
    kept = learned.loc[learned["kept"], "ndcg@100"]
    end = f", kept at {words.quality(kept.iloc[-1])}" if len(kept) else ""
    return f"Validation NDCG@100 of {model} over {words.count(len(learned), 'epoch')}{end}"


def has_curve(learned: pd.DataFrame) -> bool:
    """Whether there are epochs to draw."""
    return "ndcg@100" in learned and int(learned["ndcg@100"].notna().sum()) > 1


def rows(chosen, maps: Sequence[str], audit: Mapping | None) -> list[tuple[str, str]]:
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
        ("Audit", _audit(audit)),
        ("Maps", f"ready: {words.joined(maps)}, seed 0" if maps else "not computed yet"),
        ("Digest", " ".join(chosen.digest[start : start + 4] for start in (0, 4, 8))),
    ]
    return [(name, value) for name, value in facts if value]


def _training(made: Mapping) -> str:
    spent = f"{words.seconds(made['train_seconds'])}, " if made.get("train_seconds") else ""
    return f"{spent}{made['device']}, seed {made['seed']}{'' if made.get('finished', True) else ', stopped early'}"


def _audit(audit: Mapping | None) -> str:
    """How many of the gates that apply were passed."""
    if audit is None:
        return "not run yet"
    applied = [gate["passed"] for gate in audit["gates"] if gate["passed"] is not None]
    return f"{sum(applied)} of {words.count(len(applied), 'gate')} passed"


def _kept(dataset: Mapping) -> str:
    return "every interaction" if dataset.get("implicit") else f"ratings of {dataset['threshold']:g} and more"


def _best(learned: pd.DataFrame) -> str:
    if not has_curve(learned) or not learned["kept"].any():
        return ""
    place = int(learned["kept"].to_numpy().nonzero()[0][-1]) + 1
    return f"{place} of {len(learned)}, by validation"


def _millions(weights: int) -> str:
    return f"{weights / 1e6:.1f} M" if weights >= 1e6 else f"{weights / 1e3:.0f} k"


def cards(chosen, user: str | None, test: pd.DataFrame) -> list[Card]:
    """Three things to try, from the users' histories alone; `test` are the test users with their tastes."""
    row = test[test["id"] == user].squeeze(axis=0)
    text = f"User {user} has a history to go by."
    if len(row) and row["taste"]:
        text = f"User {user} keeps to {row['taste']}: {row['films']} of {row['n_history']} films in the history."
    why = "Which films of the history speak for the first recommendation, and how few would have to go to change it?"
    return [
        Card(
            "A user whose taste is easy to read",
            words.markdown(text),
            words.markdown(f"Recommend for user {user}"),
            "recommend",
            "recommend",
            {"user": user},
        ),
        Card(
            "A reason that holds",
            why,
            words.markdown(f"Explain for user {user}"),
            "explain",
            "manage_search",
            {"user": user, "film": None},
        ),
        Card(*_map_words(chosen), "Open the maps", "sensitivity_maps", "scatter_plot"),
    ]


def _map_words(chosen) -> tuple[str, str]:
    parts = chosen.manifest["settings"].get("parts") or {}
    linear = next((part for part in words.LINEAR if part in parts), None)
    if linear and "flvae" in parts:
        return (
            "Two ways to know a film",
            f"{words.part_name(linear)} links films one by one, FLVAE goes by latent tastes. "
            "See which one knows genres.",
        )
    return "Which films are alike", "The model is asked for each film alone. See whether it knows genres."
