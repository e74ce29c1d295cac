"""Where a result comes from: the command as it is typed, and the line below a picture."""

from __future__ import annotations

import shlex
from types import SimpleNamespace

import pytest

from vasp_models import provenance


@pytest.mark.parametrize(
    ("words", "options", "typed"),
    [
        (("recommend", "demo"), {"user": "7", "k": 20, "json": True}, "vasp-lens recommend demo --user 7 -k 20 --json"),
        (("map", "demo"), {"distance": None, "force": False}, "vasp-lens map demo"),
        (("app", "a b"), {"view": "explain?c=a&u=1"}, "vasp-lens app 'a b' --view 'explain?c=a&u=1'"),
        (("audit", "demo"), {"rank_by": "nease", "seed": 0}, "vasp-lens audit demo --rank-by nease --seed 0"),
        (("recommend", "demo"), {"history": ""}, "vasp-lens recommend demo --history ''"),
    ],
)
def test_a_command_is_written_as_it_is_typed(words, options, typed):
    assert provenance.command(*words, **options) == typed
    assert shlex.split(typed)[1:3] == list(words)


def test_everything_is_named_also_where_data_have_no_fingerprint():
    checkpoint = SimpleNamespace(name="mine", digest="ab" * 32, manifest={"dataset": {"name": "ml-1m"}})
    about = provenance.of(checkpoint, "vasp-lens app mine")
    assert about | {"program": "", "made": ""} == {
        "program": "", "checkpoint": "mine", "checkpoint_digest": "ab" * 32, "data": "ml-1m", "data_fingerprint": "",
        "made": "", "command": "vasp-lens app mine",
    }  # fmt: skip
    line = provenance.line(about | {"made": "now"})
    assert line.split(" · ")[1:] == [
        "checkpoint mine abababababab",
        "data ml-1m no fingerprint",
        "now",
        "vasp-lens app mine",
    ]
