"""`vasp-lens train`, and how figures are written."""

from __future__ import annotations

import shlex
import sys
from typing import Annotated

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
import typer

from vasp_models import places
from vasp_models.errors import SettingError

Data = Annotated[str, typer.Option(help="Data set: a name under datasets/, a folder, or demo.")]
Preset = Annotated[str | None, typer.Option(help="paper, authors, small (default), tiny; more for some models.")]
Set = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a setting, e.g. latents=512.")
]
Protocol = Annotated[str, typer.Option(help="liang (strong generalisation) or vasp (the authors' variant).")]
Heldout = Annotated[int | None, typer.Option(help="Test users, and as many validation users.")]
Epochs = Annotated[int | None, typer.Option(help="Epochs of all stages together, shared in proportion.")]
Device = Annotated[str, typer.Option(help="auto, cuda, mps or cpu.")]
Seed = Annotated[int, typer.Option(help="Draws first weights, batches, halves and noise.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def train(
    model: Annotated[str, typer.Argument(help="A model of `vasp-lens models`, e.g. vasp.")],
    data: Data,
    preset: Preset = None,
    changes: Set = None,
    protocol: Protocol = "liang",
    heldout: Heldout = None,
    epochs: Epochs = None,
    device: Device = "auto",
    seed: Seed = 0,
    out: Annotated[str | None, typer.Option(help="Checkpoint: a name under checkpoints/, or a folder.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted run of the same command.")
    ] = False,
) -> None:
    """Train a model on a data set and save its best epoch as a checkpoint. Ctrl-C keeps the best epoch so far."""
    from vasp_models import plans, runs
    from vasp_models.training import processes

    plan = plans.plan(model, data, preset, set_pairs(changes), protocol, heldout, epochs, device, seed)
    folder = places.checkpoint_folder(out) if out else runs.default_folder(plan)
    if folder == places.checkpoint_folder(places.DEMO):
        raise SettingError(
            "The embedded demo is not trained over: choose another --out, or `vasp-lens demo --rebuild`."
        )
    console = Console()
    with processes.joined(plan.options.device) as group, _bar(console, hidden=not group.first) as progress:
        task = progress.add_task("", total=plan.options.epochs or 1, stage="prepare", value="")
        checkpoint = runs.train(plan, folder, typed_command(), _shown(progress, task), resume)
    if checkpoint is None:  # another process has it
        return
    _summary(console, checkpoint)
    finished = checkpoint.manifest["provenance"]["finished"]
    if not finished:
        console.print("Stopped early: the best epoch so far is kept. The same command with --resume goes on.")
    typer.echo(f"vasp-lens app {shlex.quote(checkpoint.argument)}")


def set_pairs(changes: list[str] | None, example: str = "latents=512") -> dict[str, str]:
    """What `--set KEY=VALUE` asked for. Raises SettingError, with the example, for anything else."""
    pairs = dict(change.partition("=")[::2] for change in changes or [])
    for name, value in pairs.items():
        if not name or not value:
            raise SettingError(f"--set {name}: expected KEY=VALUE, e.g. --set {example}.")
    return pairs


def typed_command() -> str:
    """The command line as it was typed."""
    return shlex.join(["vasp-lens", *sys.argv[1:]])


def _bar(console: Console, hidden: bool = False) -> Progress:
    return Progress(
        TextColumn("{task.fields[stage]:>10}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[value]}"),
        TimeRemainingColumn(), console=console, disable=hidden,
    )  # fmt: skip


def _shown(progress: Progress, task):
    def show(epoch) -> None:
        value = epoch.metrics.get("ndcg@100")
        parts = [] if epoch.loss is None else [f"loss {epoch.loss:.4g}"]
        parts += [] if value is None else [f"validation NDCG@100 {three(value)}"]
        if epoch.best:
            parts.append("(best)")
        progress.update(task, completed=epoch.number, total=epoch.of or 1, stage=epoch.stage, value=" ".join(parts))

    return show


def three(value: float) -> str:
    """A share with three digits and no leading zero, as the literature prints it."""
    return f"{value:.3f}".replace("0.", ".", 1) if 0 <= value < 1 else f"{value:.3f}"


def plus_minus(row: dict, digits: str = ".3f") -> str:
    """A mean with its standard error, where there is one."""
    mean = three(row["mean"]) if digits == ".3f" else f"{row['mean']:{digits}}"
    return mean if row["se"] is None else f"{mean} ± {row['se']:.4f}"


def _summary(console: Console, checkpoint) -> None:
    test = checkpoint.metrics["test"]
    parts = [f"{name.upper().replace('RECALL', 'Recall')} {plus_minus(test[name])}"
             for name in ("ndcg@100", "recall@20", "recall@50")]  # fmt: skip
    console.print(f"Test, {test['users']:,} users: {', '.join(parts)}, coverage@100 {three(test['coverage@100'])}")
    for row in checkpoint.metrics["baselines"].values():
        console.print(f"NDCG@100 against {row['title']}: {plus_minus(row['difference'], '+.4f')} (paired)")
    console.print(f"Saved to {checkpoint.folder}", soft_wrap=True)
