"""Python as it is where only what a bundle needs is installed."""

from __future__ import annotations

from pathlib import Path

LEFT_OUT = ("torch", "sklearn", "openTSNE", "safetensors")
# As text, for programs that tests start: each import of these packages fails as if they were not there.
GUARD = f"""
import sys
class NotInstalled:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {LEFT_OUT!r}:
            raise ModuleNotFoundError(name + " is not installed", name=name)
sys.meta_path.insert(0, NotInstalled())
"""


def site(folder: Path) -> dict[str, str]:
    """The environment in which every Python that is started has no more, by a file in `folder`."""
    (folder / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}
