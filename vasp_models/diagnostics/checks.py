"""What a check says, and what all of them say together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from vasp_models import provenance

FINE, MISSING, NOTE, PROBLEM = "in order", "not made yet", "worth knowing", "needs attention"
TOLD = "told"  # a fact that is not judged


@dataclass(frozen=True)
class Check:
    """One fact: its name, one of the states, what was found, and what to do about it where it is not fine."""

    name: str
    state: str
    fact: str
    mend: str = ""


@dataclass(frozen=True)
class Diagnosis:
    """All checks by section, and when they were made (UTC)."""

    sections: Mapping[str, list[Check]]
    made: str = field(default_factory=provenance.now)

    def __iter__(self) -> Iterator[Check]:
        for checks in self.sections.values():
            yield from checks

    def count(self, state: str) -> int:
        """How many checks have that state."""
        return sum(check.state == state for check in self)

    @property
    def answer(self) -> str:
        """All checks in one or two sentences of plain text, the problems by name."""
        checks = sum(check.state != TOLD for check in self)
        problems = [check.name for check in self if check.state == PROBLEM]
        notes = self.count(NOTE)
        aside = f" {notes} more {'is' if notes == 1 else 'are'} worth knowing." if notes else ""
        if not problems:
            known = f", {notes} of them worth knowing about" if notes else ""
            return f"Everything is in order: {checks} checks, no problem{known}."
        if len(problems) == 1:
            return f"One of {checks} checks needs attention: {problems[0]}.{aside}"
        return f"{len(problems)} of {checks} checks need attention: {_listed(problems)}.{aside}"

    def records(self) -> dict[str, Any]:
        """The same as plain JSON."""
        sections = {name: [asdict(check) for check in checks] for name, checks in self.sections.items()}
        return {"answer": self.answer, "made": self.made, "problems": self.count(PROBLEM), "sections": sections}

    def text(self) -> str:
        """The same as text to copy, a line a check, what is not in order with its state and what to do."""
        lines = [f"VASP Lens diagnostics, {self.made}", self.answer]
        for name, checks in self.sections.items():
            wide = max((len(check.name) for check in checks), default=0)
            lines += ["", name]
            for check in checks:
                lines.append(f"  {check.name:{wide}}  {check.fact}")
                if check.state not in (FINE, TOLD):
                    lines.append(f"  {'':{wide}}  {check.state}{f': {check.mend}' if check.mend else ''}")
        return "\n".join(lines) + "\n"


def _listed(names: list[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def size(amount: float) -> str:
    """Bytes in words for people: ``3.1 MB``, in powers of 1024."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1024 or unit == "GB":
            break
        amount /= 1024
    return f"{amount:,.0f} {unit}" if unit == "bytes" or amount >= 100 else f"{amount:.1f} {unit}"
