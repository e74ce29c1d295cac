"""`python -m app.report`: what `vasp-lens report` runs, because the core does not import the dashboard."""

from __future__ import annotations

import argparse
from pathlib import Path
import sys

from vasp_models.errors import VaspLensError


def main(arguments: list[str] | None = None) -> int:
    """Make a report and write it; an error raised on purpose is one line and exit code 2."""
    parser = argparse.ArgumentParser(prog="vasp-lens report")
    parser.add_argument("checkpoint")
    for name in ("--user", "--film"):
        parser.add_argument(name)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--replace", action="store_true")
    try:
        return _report(parser.parse_args(arguments))
    except VaspLensError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.strerror or error}: {error.filename or 'while reading or writing'}.", file=sys.stderr)
    return 2


def _report(asked: argparse.Namespace) -> int:
    from app.report import writing
    from vasp_models import answering, checkpoints

    writing.check(asked.out, asked.replace)
    checkpoint = checkpoints.load(asked.checkpoint)
    answers = answering.open(checkpoint, asked.device)
    if answers.note:
        print(answers.note, file=sys.stderr)
    print("Asking the model and drawing the report ...", file=sys.stderr, flush=True)
    text = writing.made(checkpoint, answers, asked.user, asked.film, str(asked.out))
    writing.write(asked.out, text)
    print(f"Written to {asked.out} ({len(text.encode()) / 1e6:.1f} MB): open it in a browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
