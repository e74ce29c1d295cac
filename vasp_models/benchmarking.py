"""Several models on one split, measured on the same test users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vasp_models import runs
from vasp_models.errors import SettingError
from vasp_models.evaluation.protocol import Evaluation, evaluate_folds
from vasp_models.models import MODELS, model_row


def compare(
    models: list[str],
    data: str,
    preset: str | None = None,
    protocol: str = "liang",
    heldout: int | None = None,
    device: str = "auto",
    seed: int = 0,
    say: Callable[[str], None] = lambda text: None,
) -> list[dict[str, Any]]:
    """One row per model: test metrics, `train_seconds` and the paired NDCG@100 `difference` to the first model.

    A model that fails gives a row with its `error` and does not end the comparison. A model without the preset is
    trained with its default one. Raises SettingError for unknown models, DataError for the data.
    """
    for name in models:
        model_row(name)
    if not models:
        raise SettingError("No model named: expected names joined by commas, e.g. --models ease,vasp.")
    if preset is not None and not any(preset in MODELS[name].presets for name in models):
        known = sorted({each for name in models for each in MODELS[name].presets})
        raise SettingError(f"None of {', '.join(models)} has a preset {preset!r}: expected one of {', '.join(known)}.")
    first: Evaluation | None = None
    split = None
    rows: list[dict[str, Any]] = []
    for name in models:
        chosen = preset if preset in MODELS[name].presets else None
        plan = runs.plan(name, data, chosen, None, protocol, heldout, None, device, seed, split)
        split = plan.split
        say(f"training {name} ({plan.preset})")
        try:
            model, seconds = runs.fit(plan)
            result = evaluate_folds(model.score, split.test_folds)
        except Exception as error:  # whatever goes wrong in one model, the others are still compared
            rows.append({"model": name, "error": f"{type(error).__name__}: {error}"})
            continue
        row = runs.report_row(name, plan.dataset.name, split.protocol, "test", result)
        difference = None if first is None else result.difference(first)
        rows.append(
            {**row, "preset": plan.preset, "seed": seed, "train_seconds": round(seconds, 2), "difference": difference}
        )
        first = result if name == models[0] else first
    return rows
