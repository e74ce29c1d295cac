"""`vasp-lens parts` and `planted`: what each part of a model does, and whether it holds what was planted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import json
from typing import Any

from rich.table import Table
import typer

from vasp_models.cli.measuring import NoSave, Seed, Users, console, measured
from vasp_models.cli.training import AsJson, Device, three
from vasp_models.cli.using import Name
from vasp_models.measures import USERS
from vasp_models.places import DEMO

_NOTHING = "–"
_ROUNDING = 1e-9  # what the single precision of answers leaves of an interaction that is none
_DOUBTFUL = 0.01


def parts(
    checkpoint: Name,
    users: Users = USERS["parts"],
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
    no_save: NoSave = False,
) -> None:
    """Compare the parts of a model: the claim of the paper's figure 3 in numbers."""
    found = measured(checkpoint, "parts", device, no_save, users=users, seed=seed)
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        _print_parts(found)


def planted(
    checkpoint: Name = DEMO,
    seed: Seed = 0,
    device: Device = "auto",
    as_json: AsJson = False,
    no_save: NoSave = False,
) -> None:
    """Look in a model of the demo's viewers for what was planted in them: links and conjunctions."""
    found = measured(checkpoint, "planted", device, no_save, seed=seed)
    if as_json:
        typer.echo(json.dumps(found, indent=1, ensure_ascii=False))
    else:
        _print_planted(found)


def _print_planted(found: dict[str, Any]) -> None:
    out, links, rules = console(), found["links"], found["conjunctions"]
    table = Table("Planted", "How many", "Found", "Demand", "", box=None)
    for title, row, value, words in (
        ("links from film to film", links, links["share"], _link_words(links)),
        ("conjunctions of two tastes", rules, rules["auc"], _auc(rules)),
    ):
        met = _NOTHING if value is None else "reached" if value >= row["demand"] else "missed"
        table.add_row(title, f"{row['planted']:,}", words, f"at least {row['demand']:.2f}", met)
    for kind, row in rules["by_kind"].items():
        right = f"{row['right_direction']:.0%} in the right direction, mean {row['mean']:+.3f}"
        table.add_row(f"  {kind}", f"{row['planted']:,}", f"{_auc(row)}; {right}", "", "")
    out.print(table)
    names = {
        "size": "the same by size alone",
        "linear": "the linear path, which holds none",
        "linear_size": "the linear path by size alone",
    }
    if controls := [f"{names[name]} {row['auc']:.3f}" for name, row in rules["controls"].items()]:
        out.print(f"No evidence, for comparison (AUC): {', '.join(controls)}.", style="dim")
    out.print(found["how"], style="dim")


def _link_words(links: dict[str, Any]) -> str:
    if links["share"] is None:
        return _NOTHING
    return f"{links['share']:.1%} ({links['found']:,}) among the first {links['top']}"


def _auc(row: dict[str, Any]) -> str:
    return _NOTHING if row["auc"] is None else f"AUC {row['auc']:.3f} ({row['low']:.3f} to {row['high']:.3f})"


def _print_parts(found: dict[str, Any]) -> None:
    out = console()
    out.print(_sentence(found))
    heads = {name: row for name, row in found["factors"].items() if name not in found["parts"]}
    columns = found["parts"] | heads
    table = Table(box=None)
    table.add_column(f"{found['users']:,} test users", no_wrap=True)
    for name in columns:
        table.add_column(_title(name), justify="right")
    for words, write in _ROWS.items():
        cells = [write(row) for row in columns.values()]
        if set(cells) != {_NOTHING}:
            table.add_row(words, *cells)
    out.print(table)
    if found["rbo"]:
        pairs = [f"{_title(row['first'])} and {_title(row['second'])} {_three(row['mean'])}" for row in found["rbo"]]
        out.print(f"Rank-biased overlap of the first 100: {', '.join(pairs)}.")
    if found["gate"]:
        shares = [f"{_gate_words(name)} {_share(share)}" for name, share in found["gate"].items()]
        out.print(f"Films of the joint first 20 that stand in the first 20 of: {', '.join(shares)}.")


def _sentence(found: dict[str, Any]) -> str:
    """What the parts differ in, in plain words."""
    shares = {
        _title(name): row["interaction_share"]["mean"]
        for name, row in found["parts"].items()
        if row["interaction_share"] and (name != "joint" or len(found["parts"]) == 1)
    }
    ndcg = f"NDCG@100 of the whole model is {three(found['ndcg']['mean'])}"
    if not shares:
        return f"The answers do not depend on the history. {ndcg}."
    if len(shares) == 1:
        (share,) = shares.values()
        return (
            f"{share:.1%} of the model's response to a history is interaction between films; the rest adds up. {ndcg}."
        )
    said = " and ".join(f"{share:.1%} of {name}'s" for name, share in shares.items())
    return f"Of the response to a history, {said} is interaction between films; the rest adds up. {ndcg}."


def _title(name: str) -> str:
    from vasp_models.recommending import FACTOR_TITLES

    return {"joint": "Joint", "flvae": "FLVAE", **FACTOR_TITLES}.get(name, name)


def _gate_words(name: str) -> str:
    part, _, only = name.rpartition("_")
    return f"{_title(part)} only" if only == "only" else name


def _at(row: Mapping[str, Any], *path: str) -> Any:
    for name in path:
        row = (row or {}).get(name)
    return row


def _value(write: Callable[[Any], str], *path: str) -> Callable[[Mapping[str, Any]], str]:
    def cell(row: Mapping[str, Any]) -> str:
        value = _at(row, *path)
        return _NOTHING if value is None else write(value)

    return cell


def _three(value: float | None) -> str:
    return _NOTHING if value is None else three(value)


def _share(value: float | None) -> str:
    return _NOTHING if value is None else f"{value:.1%}"


def _interval(share: dict[str, Any]) -> str:
    if share["high"] < _ROUNDING:
        return f"{share['mean']:.0e}"
    return f"{share['mean']:.1%} ({100 * share['low']:.1f}–{100 * share['high']:.1f})"


def _difference(row: dict[str, Any]) -> str:
    error = "" if row["difference_se"] is None else f" ± {three(row['difference_se'])}"
    return f"{row['difference']:+.3f}{error}".replace("0.", ".", 1)


def _purity(row: dict[str, Any]) -> str:
    doubt = f", p {row['p']:.2f}" if row["p"] >= _DOUBTFUL else ""
    return f"{three(row['purity'])} ({three(row['chance_popular'])}{doubt})"


_ROWS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "interaction share, log score": _value(_interval, "interaction_share"),
    "interaction share, logit": _value(_interval, "interaction_share_logit"),
    "variance share, first 100": _value(_share, "covariance_share", "top100"),
    "variance share, all films": _value(_share, "covariance_share", "all"),
    "NDCG@100 without it": _value(three, "ndcg_without", "mean"),
    "  against the whole model": _value(_difference, "ndcg_without"),
    "popularity rank at 20": _value("{:.0f}".format, "popularity_rank"),
    "coverage at 20": _value(_share, "coverage"),
    "Gini at 20": _value(three, "gini"),
    "purity, lift (by chance)": _value(_purity, "purity", "lift"),
    "purity, paper (by chance)": _value(_purity, "purity", "paper"),
    "all genres, lift (by chance)": _value(_purity, "purity_all_genres", "lift"),
    "all genres, paper (by chance)": _value(_purity, "purity_all_genres", "paper"),
    "pair interaction alone": _value(three, "sensitivity", "one_hot_interaction"),
    "pair interaction in a history": _value(three, "sensitivity", "in_context_interaction"),
    "film alone and in a history": _value(three, "sensitivity", "agreement"),
}
