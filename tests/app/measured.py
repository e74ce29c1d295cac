"""Made-up results of every kind, in the form in which the commands write them; no figure here was measured."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

from vasp_models import checkpoints, measures

_METHODS = {  # method -> POS-P@5, NEG-P@5, NDCG-P, DEL-P, INS-P, POS@5,4, DEL@4, DEL@5, INS@4, CDCG@4, ms
    "random": (0.68, 0.69, 0.62, 0.43, 0.45, 0.97, 0.96, 0.95, 0.40, 0.91, 0.1),
    "popularity": (0.60, 0.59, 0.58, 0.42, 0.44, 0.96, 0.97, 0.96, 0.34, 0.93, 0.1),
    "cosine": (0.26, 0.90, 0.35, 0.31, 0.53, 0.78, 0.85, 0.82, 0.57, 0.68, 0.3),
    "jaccard": (0.28, 0.90, 0.36, 0.32, 0.53, 0.79, 0.86, 0.83, 0.56, 0.69, 0.3),
    "nease": (0.18, 0.91, 0.28, 0.26, 0.57, 0.67, 0.75, 0.72, 0.62, 0.61, 0.2),
    "leave-one-out": (0.15, 0.92, 0.26, 0.25, 0.61, 0.62, 0.69, 0.65, 0.66, 0.57, 4.1),
    "integrated-gradients": (0.15, 0.91, 0.25, 0.24, 0.62, 0.65, 0.71, 0.67, 0.69, 0.59, 9.8),
    "greedy": (0.15, 0.92, 0.26, 0.25, 0.61, 0.61, 0.68, 0.64, 0.65, 0.56, 38.0),
}
_NAMES = ("POS-P@5", "NEG-P@5", "NDCG-P", "DEL-P", "INS-P", "POS@5,4", "DEL@4", "DEL@5", "INS@4", "CDCG@4")


def _around(mean: float, half: float = 0.03) -> dict[str, float]:
    return {"mean": mean, "low": mean - half, "high": mean + half}


def _method(name: str, ratios: bool) -> dict:
    values = dict(zip(_NAMES, _METHODS[name], strict=False))
    there = {key: ratios or not key.startswith(("DEL", "INS")) for key in values}
    against = {
        other: {
            key: _around(value - values_of, 0.02) if there[key] else None
            for (key, value), values_of in zip(values.items(), _METHODS[other], strict=False)
        }
        for other in ("random", "cosine")
    }
    shown = {key: _around(value) if there[key] else None for key, value in values.items()}
    return shown | {"ms": _METHODS[name][-1], "against": against}


def fidelity(ratios: bool = True) -> dict:
    """A fidelity; without ratios as for a model whose scores are not positive."""
    return {
        "users": 400,
        "seed": 0,
        "left_out": {"empty_history": 0, "nothing_to_recommend": 0},
        "methods": {name: _method(name, ratios) for name in _METHODS},
        "removal": {
            "top1": {"found": 1.0, "median": 2.0, "found_random": 0.86, "median_random": 11.5},
            "top10": {"found": 0.97, "median": 7.0, "found_random": 0.4, "median_random": None},
        },
        "shapley_agreement": {"integrated-gradients": 0.97 if ratios else None, "users": 30 if ratios else 0},
    }


def _gate(name, title, value, limit, sense, passed, note=""):
    return dict(name=name, title=title, value=value, limit=limit, sense=sense, passed=passed, note=note)


def audit() -> dict:
    """An audit with gates that pass, fail and do not apply."""
    gates = [
        _gate("split", "The factors sum to the log score", 3.1e-7, 1e-5, "at most", True),
        _gate("loo", "Leave-one-out equals W", 2.4e-7, 1e-5, "at most", True),
        _gate("dummy", "Films that the model does not know change nothing", 0.0, 0.0, "at most", True),
        _gate("completeness", "Integrated gradients are complete", 0.0004, 0.01, "at most", True),
        _gate("random", "Weights drawn at random change the order: rank correlation", 0.71, 0.5, "below", False,
              "the residual head keeps its order"),
        _gate("linear", "The linear part is linear", None, 1e-5, "at most", None, "this model has no linear part"),
        _gate("removal", "Removal sets that hold when asked again", 1.0, 1.0, "at least", True),
    ]  # fmt: skip
    return {"users": 50, "seed": 0, "passed": False, "gates": gates}


def planted() -> dict:
    """A planted truth: one demand reached, one missed."""
    kinds = {"and": {"auc": 0.78, "low": 0.7, "high": 0.86, "planted": 12, "mean": 0.3},
             "xor": {"auc": 0.66, "low": 0.55, "high": 0.77, "planted": 12}}  # fmt: skip
    links = {"planted": 60, "found": 54, "share": 0.9, "share_of_column": 0.8, "top": 5, "demand": 0.8}
    controls = {"size": {"auc": 0.8, "low": 0.7, "high": 0.9}, "linear": {"auc": 0.5, "low": 0.4, "high": 0.6}}
    return {
        "seed": 0,
        "links": links | {"by_kind": {"series": {"planted": 60, "found": 54, "share": 0.9}}},
        "conjunctions": {"auc": 0.72, "low": 0.66, "high": 0.78, "planted": 24, "unplanted": 240, "demand": 0.75,
                         "by_kind": kinds, "controls": controls},
        "how": "Pairs of films are asked for alone.",
    }  # fmt: skip


def _part(share: float, joint: bool = False) -> dict:
    return {
        "interaction_share": {"mean": share, "low": share - 0.01, "high": share + 0.01},
        "covariance_share": None if joint else {"top100": 0.9 - 5 * share, "all": 0.1 + 5 * share},
        "ndcg_without": None
        if joint
        else {"mean": 0.3, "se": 0.01, "difference": -0.1 - share, "difference_se": 0.004},
        "popularity_rank": 120.4,
        "coverage": 0.42,
        "gini": 0.81,
        "purity": {
            "paper": {"purity": 0.5, "chance": 0.3, "chance_popular": 0.35, "p": 0.001},
            "lift": {"purity": 0.7, "chance": 0.3, "chance_popular": 0.35, "p": 0.001},
        },
        "sensitivity": {"one_hot_interaction": 0.2, "in_context_interaction": 0.04, "agreement": 0.61},
    }


def parts() -> dict:
    """Figure 3 in numbers for a model of two parts and three factors."""
    heads = {
        name: {"interaction_share": _around(share, 0.01), "covariance_share": {"top100": 0.2, "all": 0.3}}
        for name, share in {"nease": 0.02, "flvae_residual": 0.11, "flvae_latent": 0.07}.items()
    }
    none = {"mean": 1e-13, "low": 1e-13, "high": 2e-13}
    for name, row in heads.items():
        row["interaction_share_logit"] = none if name == "nease" else _around(0.05, 0.01)
    return {
        "users": 300,
        "seed": 0,
        "parts": {"joint": _part(0.05, joint=True), "nease": _part(0.02), "flvae": _part(0.09)},
        "factors": heads,
        "rbo": [
            {"first": "nease", "second": "flvae", "mean": 0.21},
            {"first": "nease", "second": "joint", "mean": 0.57},
            {"first": "flvae", "second": "joint", "mean": 0.39},
        ],
        "gate": {"nease_only": 0.38, "flvae_only": 0.21, "both": 0.24, "neither": 0.17},
        "ndcg": {"mean": 0.44, "se": 0.01},
    }


RESULTS = {"fidelity": fidelity, "audit": audit, "planted": planted, "parts": parts}


def measure(folder: Path, **changed: dict | None) -> None:
    """Lay results of every kind beside a checkpoint; a kind that is None is left out."""
    checkpoint = checkpoints.load(f"{folder}/")
    for kind, make in RESULTS.items():
        result = deepcopy(changed[kind]) if kind in changed else make()
        if result is not None:
            measures.save(checkpoint, kind, result, f"vasp-lens {kind} {folder.name}", 12.3)
