"""What has to be installed to open a bundle: all that the program needs, but what only a model needs."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
import shlex

REQUIREMENTS = "requirements.txt"
# Of pyproject.toml: to read and show answers, and to train and ask models and to draw maps. A test compares the two.
PACKAGES = (
    *("Jinja2", "markdown-it-py", "MarkupSafe", "numpy", "packaging", "pandas", "pillow", "platformdirs", "plotly"),
    *("pyarrow", "requests", "rich", "scipy", "starlette", "streamlit", "threadpoolctl", "typer", "urllib3"),
)
MODEL_ONLY = ("filelock", "openTSNE", "safetensors", "scikit-learn", "torch")
MODEL_MODULES = ("filelock", "openTSNE", "safetensors", "sklearn", "torch")  # by the names that Python imports


def packages() -> dict[str, str]:
    """Name -> version of the packages that are needed, as they are installed here."""
    return {name: version(name) for name in PACKAGES}


def requirements(folder: Path) -> str:
    """The text of a requirements file, which says in its first lines how to use it."""
    lines = [
        "# What VASP Lens needs to open this bundle: no torch, and a tenth of the disk. In a new environment:",
        "#   pip install -r requirements.txt",
        "#   pip install --no-deps vasp-lens        (or its wheel, or its checkout)",
        f"#   vasp-lens app {shlex.quote(f'./{folder.name}')}",
    ]
    lines += [f"{name}=={number}" for name, number in packages().items()]
    return "\n".join(lines) + "\n"
