"""Making a report and writing its file."""

from __future__ import annotations

from pathlib import Path
import shlex

from app.report import page
from app.report.gathering import gather
from vasp_models import places
from vasp_models.errors import SettingError

_LOOKED_AT = 65_536  # characters at the head of a file, where a report says what it is


def made(checkpoint, answers, user: str | None = None, film: str | None = None, out: str = "report.html") -> str:
    """The report on a checkpoint as HTML; `out` is the file that it will be, for the command that makes it again.

    Raises what `gathering.gather` raises.
    """
    return page.html(gather(checkpoint, answers, command(checkpoint, user, film, out), user, film))


def command(checkpoint, user: str | None, film: str | None, out: str) -> str:
    """The command that makes a report, as a user types it."""
    given = {"--user": user, "--film": film, "--out": Path(out).name}  # the folder is nobody else's business
    options = [word for name, value in given.items() if value is not None for word in (name, value)]
    return shlex.join(["vasp-lens", "report", checkpoint.argument, *options])  # a bundle makes its own


def check(path: Path, replace: bool) -> None:
    """Raise SettingError where a report would take the place of something else, or cannot be written."""
    if path.is_dir():
        raise SettingError(f"{path} is a folder: name the file to write, as in --out {path / 'report.html'}.")
    if path.exists() and not replace and not _is_report(path):
        raise SettingError(f"{path} is there and is no report of VASP Lens: choose another --out, or add --replace.")


def _is_report(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return f'<meta name="generator" content="{page.MARK}' in file.read(_LOOKED_AT)


def write(path: Path, text: str) -> None:
    """Write a report whole, or leave what was there."""
    with places.file_written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
