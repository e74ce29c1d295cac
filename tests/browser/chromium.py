"""Find the browser that the tests drive: `$CHROMIUM`, or an installed Chromium or Chrome, else apt's where permitted.

Run as a program it does the same before the tests start, and says in one sentence what is missing.
"""

from __future__ import annotations

import os
from pathlib import Path
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APPLICATIONS = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
INSTALL = ("apt-get", "install", "--yes", "--no-install-recommends", "chromium")
MISSING = (
    "The browser tests need Chromium or Chrome and none was found: install it ({command}), "
    "or name one in $CHROMIUM, or leave these tests out with: make test BROWSER=0"
)


def find() -> str | None:
    """Path of the browser, or None; a `$CHROMIUM` that cannot be run is an error, never passed over."""
    named = os.environ.get("CHROMIUM")
    if named:
        found = shutil.which(named)
        if found is None:
            raise FileNotFoundError(f"$CHROMIUM is {named!r}, which is no program that can be run.")
        return found
    installed = next(filter(None, map(shutil.which, NAMES)), None)
    return installed or next((path for path in APPLICATIONS if Path(path).exists()), None)


def _root_prefix() -> list[str] | None:
    """What runs a command as root without asking: nothing for root itself, sudo where it needs no password, or None."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return []
    free = shutil.which("sudo") and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0
    return ["sudo", "-n"] if free else None


def install() -> None:
    """Install Chromium with apt where that is permitted without a question; else do nothing."""
    prefix = _root_prefix()
    if prefix is None or shutil.which("apt-get") is None:
        return
    print("Installing Chromium with apt-get for the browser tests ...", flush=True)
    # A fresh container has no package lists, debconf must not ask, and sudo passes no environment on.
    for command in (("apt-get", "update"), INSTALL):
        subprocess.run(
            [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", *command], stdout=subprocess.DEVNULL, check=False
        )


def main() -> int:
    try:
        if find() is None:
            install()
        if find() is not None:
            return 0
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return 2
    command = " ".join(INSTALL) if shutil.which("apt-get") else "your system's package manager has it"
    print(MISSING.format(command=command), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
