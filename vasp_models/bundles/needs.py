"""What has to be installed to open a bundle: all that the program needs, but what only a model needs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
import re

REQUIREMENTS = "requirements.txt"
MODEL_ONLY = {"torch", "safetensors", "opentsne", "scikit-learn"}  # to train and ask models, and to draw maps


def packages() -> dict[str, str]:
    """Name -> version of the packages that are needed, as they are installed here."""
    try:
        lines = requires("vasp-lens") or []
    except PackageNotFoundError:  # run from a checkout that was never installed
        return {}
    names = (re.match(r"[\w.-]+", line)[0] for line in lines if "extra ==" not in line)
    return {name: version(name) for name in names if name.lower() not in MODEL_ONLY}


def requirements(folder: Path) -> str:
    """The text of a requirements file, which says in its first lines how to use it."""
    lines = [
        "# What VASP Lens needs to open this bundle: no torch, and a tenth of the disk. In a new environment:",
        "#   pip install -r requirements.txt",
        "#   pip install --no-deps vasp-lens        (or its wheel, or its checkout)",
        f"#   vasp-lens app ./{folder.name}",
    ]
    lines += [f"{name}=={number}" for name, number in packages().items()]
    return "\n".join(lines) + "\n"
