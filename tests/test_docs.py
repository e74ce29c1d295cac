"""The README cannot drift: its tables of commands, models and files are compared with the program."""

from __future__ import annotations

from pathlib import Path
import re
import subprocess
import sys

import typer

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def block(name: str) -> str:
    """The text between <!-- name --> and <!-- /name -->."""
    found = re.search(rf"<!-- {name} -->(.*?)<!-- /{name} -->", README, re.S)
    assert found, f"README.md has no block <!-- {name} --> ... <!-- /{name} -->"
    return found[1]


def first_cells(name: str) -> list[str]:
    """The code spans that begin the rows of a table."""
    return re.findall(r"^\|\s*`([^`]+)`", block(name), re.M)


def command_words(usage: str) -> str:
    """ "data get" of "vasp-lens data get NAME [--from PATH]"."""
    words = usage.removeprefix("vasp-lens ").split()
    ends = next((place for place, word in enumerate(words) if not re.fullmatch(r"[a-z][a-z-]*", word)), len(words))
    return " ".join(words[:ends])


def commands_of(group, prefix: str = "") -> set[str]:
    if not hasattr(group, "commands"):
        return {prefix.strip()}
    return set().union(*(commands_of(each, f"{prefix} {name}") for name, each in group.commands.items()))


def test_the_table_of_commands_is_the_command_line():
    from vasp_models.cli import app

    assert sorted(map(command_words, first_cells("commands"))) == sorted(commands_of(typer.main.get_command(app)))


def test_the_table_of_models_is_the_registry():
    from vasp_models.models import MODELS

    assert sorted(first_cells("models")) == sorted(MODELS)


def test_the_tree_of_files_exists():
    """One name a line, two spaces of indent a level, a description after it."""
    lines = [line for line in block("files").splitlines() if line.strip() and not line.startswith("```")]
    above: list[str] = []
    for line in lines:
        depth = (len(line) - len(line.lstrip())) // 2
        name = line.split()[0]
        above = [*above[:depth], name]
        assert (ROOT / "/".join(part.strip("/") for part in above)).exists(), f"README.md names {'/'.join(above)}"
    assert {line.split()[0].strip("/") for line in lines if not line.startswith(" ")} >= {
        "app", "vasp_models", "pages", "assets", "tests", "pyproject.toml",
    }  # fmt: skip


def test_links_inside_the_project_lead_somewhere():
    for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#|mailto:)([^)#\s]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_plan_of_a_large_audience_is_what_its_script_prints():
    name = ROOT / "tests" / "benchmarks" / "scale_plan.py"
    printed = subprocess.run([sys.executable, str(name)], capture_output=True, text=True, check=True).stdout
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert printed.strip() == re.search(r"<!-- plan -->(.*)<!-- /plan -->", page, re.S)[1].strip()
