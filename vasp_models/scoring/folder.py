"""What scoring leaves on disk: `scoring.json`, which says what of, and a Parquet file for every part of the users."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vasp_models import places, provenance
from vasp_models.checkpoints import Checkpoint
from vasp_models.errors import ScoringError
from vasp_models.manifests import read_json, write_json
from vasp_models.scoring import Scoring
from vasp_models.scoring.sources import Source
from vasp_models.scoring.tables import UNKNOWN

KIND, SCHEMA = "vasp-lens scores", 1
MANIFEST, PARTS, GATHERED = "scoring.json", "parts", "histories.parquet"
_MARK = b"vasp_lens"  # in a part's own metadata: of which plan it is, and which part
_OTHERWISE = "choose another --to, or remove that folder and score anew"


@dataclass(frozen=True)
class Plan:
    """What is scored, and how; the same plan gives the same parts, whoever computes them.

    `checkpoint` and `source_digest` stand for the model and the histories. `settings.reasons` is not auto any more.
    `left_out` counts the ratings below the threshold.
    """

    checkpoint_folder: str
    checkpoint: str
    source: Source
    settings: Scoring
    users: int
    left_out: int = 0

    @property
    def identity(self) -> str:
        """SHA-256 of all that the numbers depend on."""
        told = [SCHEMA, self.checkpoint, self.source.digest, asdict(self.settings)]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @property
    def parts(self) -> int:
        """How many parts the users make."""
        return -(-self.users // self.settings.users_per_part)

    def rows(self, number: int) -> tuple[int, int]:
        """First row and end of a part."""
        size = self.settings.users_per_part
        return number * size, min((number + 1) * size, self.users)


def begin(folder: Path, plan: Plan, checkpoint: Checkpoint, about: dict[str, Any]) -> None:
    """Write `scoring.json`; `about` is what it says of model and command besides."""
    (folder / PARTS).mkdir(parents=True, exist_ok=True)
    told = {"kind": KIND, "schema": SCHEMA, "parts": plan.parts, **asdict(plan), **about}
    told["source"]["files"] = [_within(folder, path) for path in plan.source.files]
    with places.file_written_whole(folder / MANIFEST) as temporary:
        write_json(temporary, told)


def read(folder: Path) -> Plan:
    """The plan of a folder. Raises ScoringError where there is none that this program reads."""
    path = folder / MANIFEST
    try:
        plain = read_json(path)
        if plain["kind"] != KIND or plain["schema"] != SCHEMA:
            raise ValueError(f"{plain['kind']}, schema {plain['schema']}, where this program reads {KIND}, {SCHEMA}")
        kept = {each.name: plain[each.name] for each in fields(Plan)}
        files = tuple(str(folder / path) for path in kept["source"]["files"])  # an absolute path stays as it is
        kept["source"] = Source(**(kept["source"] | {"files": files}))
        return Plan(**(kept | {"settings": Scoring(**kept["settings"])}))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ScoringError(f"{path} cannot be read as a plan of scores ({error}): {_OTHERWISE}.") from None


def begun(folder: Path) -> Plan | None:
    """The plan of a folder that was begun, None of a new one. Raises ScoringError for a folder of other things."""
    if folder.exists() and not folder.is_dir():
        raise ScoringError(f"{folder} is a file: choose another --to.")
    if (folder / MANIFEST).exists():
        return read(folder)
    if folder.is_dir() and any(_foreign(path) for path in folder.iterdir()):
        raise ScoringError(f"{folder} is there and holds no scores: choose another --to.")
    return None


def check_same(folder: Path, there: Plan, asked: dict[str, Any]) -> None:
    """Raise ScoringError where a folder was begun with another checkpoint, other histories or settings than asked."""
    has = {"checkpoint": there.checkpoint, "histories": there.source.digest, **asdict(there.settings)}
    other = [name for name, value in asked.items() if has[name] != value]
    if other:
        pairs = (f"{name} {_short(has[name])} and not {_short(asked[name])}" for name in other)
        raise ScoringError(f"{folder} holds scores of {', '.join(pairs)}: {_OTHERWISE}.")


def part_path(folder: Path, number: int) -> Path:
    """The file of a part."""
    return folder / PARTS / f"part-{number:05d}.parquet"


def write_part(folder: Path, plan: Plan, number: int, table: pa.Table) -> None:
    """Write a part whole, marked with its plan."""
    marked = table.replace_schema_metadata({_MARK: _mark(plan, number)})
    with places.file_written_whole(part_path(folder, number)) as temporary:
        pq.write_table(marked, temporary, compression="zstd", write_page_checksum=True)


def unknown_in(folder: Path, plan: Plan, number: int) -> int | None:
    """How many ids of a part's histories the catalogue does not hold; None where the part has to be made (again).

    The whole file is read, with its checksums: a part that a crash cut short or emptied is none.
    """
    path = part_path(folder, number)
    start, stop = plan.rows(number)
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            table = file.read()
    except (OSError, pa.ArrowException):
        return None
    mark = (table.schema.metadata or {}).get(_MARK)
    if mark != _mark(plan, number) or len(table) != stop - start:
        return None
    return sum(table.column(UNKNOWN).to_pylist())


def command(checkpoint: Checkpoint, source: Source, settings: Scoring, folder: Path) -> str:
    """The command that makes the parts again."""
    asked = {"k": settings.k, "reasons": settings.reasons, "named": settings.named}
    asked["users_per_part"] = settings.users_per_part
    return provenance.command("score", checkpoint.argument, to=folder, **source.given, **asked)


def _mark(plan: Plan, number: int) -> bytes:
    return f"{plan.identity} {number}".encode()


def _foreign(path: Path) -> bool:
    """Whether a run that broke before it wrote its plan has not left this."""
    return path.name not in (GATHERED, PARTS) and not path.name.startswith(".")


def _within(folder: Path, path: str) -> str:
    """A path as the folder's manifest has it: by name where it lies in the folder, so that both can be moved."""
    return Path(path).name if Path(path).parent == folder.absolute() else path


def _short(value: Any) -> str:
    return str(value).removeprefix("sha256:")[:12]
