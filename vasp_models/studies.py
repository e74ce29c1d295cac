"""Experiments of the papers that take many trainings: choices of the unified framework's modules, over size.

Figure 2 of Raziperchikolaei and Chung 2021 (section VI-A): a number or the history as the input of either side, joined
by a dot product or by concatenation and an MLP, as the model grows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from vasp_models import benchmarking, plans, results
from vasp_models.benchmarking import Entry
from vasp_models.errors import SettingError
from vasp_models.models import preset
from vasp_models.models.settings import override

INPUTS = ("id", "history")
FUSIONS = ("dot product", "concatenation")
SIZES = (8, 16, 32, 64)

Row = dict[str, Any]


@dataclass(frozen=True)
class Metric:
    """What a study measures: the protocol, the name of the metric there, the preset to start from, and changes."""

    protocol: str
    name: str
    preset: str | None
    changes: Mapping[str, str]


METRICS = {
    "rmse": Metric(plans.RATINGS, "rmse", plans.RATINGS, {"negatives": "0", "biases": "true"}),
    "hr": Metric(plans.ONE_OUT, "hr@10", None, {"negatives": "4", "biases": "false"}),
}
# By the user's input, which decides whether a model knows its users by number: a row to start from.
_MODELS = {"id": "mf", "history": "u-autorec"}
# All that the two rows could differ in, made equal: what the figure varies is the only difference. The loss is the one
# of the paper's own choices (section VI-B).
_EQUAL = {
    **{"activation": "relu", "normalise": "true", "dropout": "0", "inputs": "full", "sigmoid": "false", "layers": "3"},
    **{"loss": "mse", "optimizer": "adam", "learning_rate": "0.001", "batch_users": "64", "epochs": "20"},
    **{"input_dropout": "0", "weight_decay": "0", "penalty": "0"},
}


def entries(metric: str, sizes: Sequence[int] = SIZES, changes: Mapping[str, str] | None = None) -> list[Entry]:
    """The trainings of the figure, eight for each size; `changes` go to each, as `--set` takes them.

    A side that reads histories represents them by an MLP with a hidden layer twice as wide as the representation, a
    side that reads numbers by an embedding. Raises SettingError for an unknown metric or setting, or a size that is no
    width.
    """
    chosen = _metric(metric)
    if not sizes or len(set(sizes)) < len(sizes) or min(sizes) < 1:
        raise SettingError(f"--sizes {','.join(map(str, sizes))}: expected different widths such as 8,16,32,64.")
    found = []
    for fusion, user, item, size in product(FUSIONS, INPUTS, INPUTS, sizes):
        set_ = {**_EQUAL, **chosen.changes, **_shape(user, item, fusion, size), **(changes or {})}
        override(*preset(_MODELS[user], chosen.preset), set_)  # what cannot be is said before time is spent
        found.append(Entry(label(user, item, fusion, size), _MODELS[user], chosen.preset, set_))
    return found


def label(user: str, item: str, fusion: str, size: int) -> str:
    """The name of one training: ``user history, item id, dot product, 16``."""
    return f"user {user}, item {item}, {fusion}, {size}"


def modules(
    data: str,
    metric: str,
    sizes: Sequence[int] = SIZES,
    changes: Mapping[str, str] | None = None,
    device: str = "auto",
    seed: int = 0,
    table: Path | None = None,
    fresh: bool = False,
    say: Callable[[str], None] = lambda text: None,
    command: str | None = None,
) -> list[Row]:
    """Train and measure each choice at each size; one row each, kept on disk as soon as it is there.

    A row has user_input, item_input, fusion, size, metric, mean and se on the test part, val (the mean on validation),
    parameters, train_seconds, or `error` in the place of the figures. Raises what `benchmarking.run` raises.
    """
    chosen = _metric(metric)
    asked = entries(metric, sizes, changes)
    path = table or default_path(data, metric)
    found = benchmarking.run(asked, data, chosen.protocol, None, device, seed, path, fresh, say, command)
    choices = product(FUSIONS, INPUTS, INPUTS, sizes)
    return [_row(*choice, chosen.name, row) for choice, row in zip(choices, found, strict=True)]


def default_path(data: str, metric: str) -> Path:
    """Where the table of a study lies: beside the benchmarks, and not among them."""
    return results.folder() / "studies" / f"{Path(data).name}-modules-{metric}.json"


def _metric(name: str) -> Metric:
    if name not in METRICS:
        raise SettingError(f"--metric {name}: expected {' or '.join(METRICS)}.")
    return METRICS[name]


def _shape(user: str, item: str, fusion: str, size: int) -> dict[str, str]:
    """One choice as changes."""
    shape = {"factors": str(size)} | _side("user", user, size) | _side("item", item, size)
    if fusion == "concatenation":
        return shape | {"prediction": "mlp", "fusion": "concatenation"}
    return shape | {"fusion": "product", "prediction": "linear"}


def _side(side: str, read: str, size: int) -> dict[str, str]:
    if read == "id":
        return {f"{side}_input": "id", f"{side}_representation": "embedding", f"{side}_hidden": "0"}
    return {f"{side}_representation": "mlp", f"{side}_hidden": str(2 * size), f"{side}_input": "history"}


def _row(fusion: str, user: str, item: str, size: int, metric: str, row: Row) -> Row:
    about = {"user_input": user, "item_input": item, "fusion": fusion, "size": size, "metric": metric}
    if results.ERROR in row:
        return {**about, "error": row[results.ERROR]}
    figures = {"mean": row["test"][metric]["mean"], "se": row["test"][metric]["se"], "val": row["val"][metric]["mean"]}
    return {**about, **figures, "parameters": row["parameters"], "train_seconds": row["train_seconds"]}
