"""The command line: one command a core function, registered here."""

from __future__ import annotations

import sys

import typer

from vasp_models.bundles.needs import MODEL_MODULES
from vasp_models.cli import (
    audit,
    bench,
    benchmark,
    bundling,
    comparing,
    dashboard,
    doctor,
    explaining,
    fidelity,
    maps,
    models,
    parts,
    quality,
    report,
    reproduce,
    score,
    study,
    training,
    using,
)
from vasp_models.cli.data import data_app
from vasp_models.errors import StoppedEarly, VaspLensError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.command("demo")(dashboard.demo)
app.command("app")(dashboard.app)
app.add_typer(data_app, name="data")
app.command("models")(models.models)
app.command("train")(training.train)
app.command("evaluate")(using.evaluate)
app.command("recommend")(using.recommend)
app.command("score")(score.score)
app.command("explain")(explaining.explain)
app.command("fidelity")(fidelity.fidelity)
app.command("audit")(audit.audit)
app.command("planted")(parts.planted)
app.command("parts")(parts.parts)
app.command("quality")(quality.quality)
app.command("compare")(comparing.compare)
app.command("map")(maps.map_command)
app.command("report")(report.report)
app.command("bundle")(bundling.bundle)
app.command("benchmark")(benchmark.benchmark)
app.command("bench")(bench.bench)
app.command("reproduce")(reproduce.reproduce)
app.add_typer(study.study_app, name="study")
app.command("checkpoints")(using.list_checkpoints)
app.command("doctor")(doctor.doctor)


def main() -> None:
    """Run the command line; an error raised on purpose is one line and exit code 2."""
    try:
        app()
    except StoppedEarly as error:
        print(error, file=sys.stderr)
        sys.exit(130)
    except VaspLensError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name not in MODEL_MODULES:
            raise
        print(f"{error.name} is not installed here, and this asks a model: `pip install vasp-lens`.", file=sys.stderr)
        sys.exit(2)
    except OSError as error:  # a full disk, a folder that may not be written: the system's own words say what and where
        print(f"{error.strerror or error}: {error.filename or 'while reading or writing'}.", file=sys.stderr)
        sys.exit(2)
