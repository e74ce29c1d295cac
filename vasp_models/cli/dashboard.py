"""Open the dashboard: `vasp-lens app` on one's own checkpoints, `vasp-lens demo` on the embedded one.

Streamlit runs as a program of its own, so that this package never imports it.
"""

from __future__ import annotations

import errno
import http.client
import os
from pathlib import Path
import signal
import socket
import subprocess
import sys
import time
from typing import Annotated
import urllib.request
import webbrowser

import typer

from vasp_models import devices, places
from vasp_models.errors import DeviceError, SettingError, VaspLensError

FIRST_PORT = 8501
PORTS_TRIED = 100
SECONDS_TO_START = 60.0
SECONDS_REMEMBERED = 30  # of a viewer who left: enough for a short loss of the network; a view stands in its address

Port = Annotated[int, typer.Option(help="Port to listen on; the next free one if it is in use.", min=1, max=65535)]
Host = Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 lets other machines in.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
NoBrowser = Annotated[bool, typer.Option("--no-browser", help="Open no browser, only print the address.")]
View = Annotated[str, typer.Option(help='What to open: page and query as a link has them, "explain?u=7".')]


def app(
    checkpoint: Annotated[
        list[str] | None, typer.Argument(help="Names or folders of checkpoints; all that are there if none is given.")
    ] = None,
    port: Port = FIRST_PORT,
    host: Host = "localhost",
    device: Device = "auto",
    no_browser: NoBrowser = False,
    view: View = "",
) -> None:
    """Open the dashboard on your checkpoints."""
    names, browser = checkpoint or [], not no_browser
    raise typer.Exit(open_dashboard(names, port=port, host=host, device=device, browser=browser, view=view))


def demo(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Make the demo's data and checkpoint again.")] = False,
    port: Port = FIRST_PORT,
    host: Host = "localhost",
    device: Device = "auto",
    no_browser: NoBrowser = False,
    view: View = "",
) -> None:
    """Open the dashboard on the embedded demo."""
    if rebuild:
        from vasp_models import demo_checkpoint  # trains, so it is imported only when asked for

        made = demo_checkpoint.rebuild(say=lambda stage: print(f"The demo: {stage} ...", flush=True))
        print(f"Written to {made.folder}. See it with: vasp-lens demo")
        return
    names, browser = [places.DEMO], not no_browser
    raise typer.Exit(open_dashboard(names, port=port, host=host, device=device, browser=browser, view=view))


def open_dashboard(names: list[str], *, port: int, host: str, device: str, browser: bool, view: str = "") -> int:
    """Serve the dashboard until it is interrupted; the exit code. `view` is what the printed address opens.

    Raises CheckpointError for a checkpoint that cannot be read, SettingError for an unknown device or address.
    """
    checkpoints = [checked(name) for name in names]
    _check_device(device)
    free = free_port(port, host)
    if free != port:
        print(f"Port {port} is in use: taking {free}.", file=sys.stderr)
    server = subprocess.Popen(
        server_command(free, host),
        env=server_environment(checkpoints, device),
        stdout=subprocess.DEVNULL,  # "Stopping..."; errors go to stderr
        start_new_session=True,  # Ctrl-C reaches this program alone, which then ends the server without a traceback
    )
    return _attend(server, address(free, host), browser, view)


def checked(name: str) -> str:
    """The checkpoint's name, or its absolute path, once it is known to be readable; raises CheckpointError."""
    from vasp_models import checkpoints

    folder = checkpoints.load(name).folder
    return name if os.sep not in name else str(Path(folder).resolve())


def _check_device(device: str) -> None:
    """Refuse an unknown name; say so when a known one is absent, which the dashboard then shows beside its reason."""
    if device not in devices.CHOICES:
        raise SettingError(f"There is no device {device!r}: expected one of {', '.join(devices.CHOICES)}.")
    if device in {"auto", "cpu"}:
        return  # nothing to look for, and torch stays unloaded
    try:
        devices.resolve(device)
    except DeviceError as error:
        print(f"{error} The dashboard starts all the same, on the CPU.", file=sys.stderr)


def free_port(asked: int, host: str) -> int:
    """The asked port, or the next one that nothing listens on; raises SettingError for an address that is not ours."""
    for port in range(asked, min(asked + PORTS_TRIED, 65536)):
        if _is_free(port, host):
            return port
    raise SettingError(f"Ports {asked} to {port} of {host} are all in use or not permitted: name another with --port.")


def _is_free(port: int, host: str) -> bool:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _not_ours(host) from error
    refusals = [_refusal(place, *kind) for *kind, _, place in found]
    if all(refusal == errno.EADDRNOTAVAIL for refusal in refusals):
        raise _not_ours(host)
    # localhost has an IPv6 address on paper even where IPv6 is switched off: that alone makes no port busy.
    return all(refusal in {None, errno.EADDRNOTAVAIL} for refusal in refusals)


def _refusal(place: tuple[str, int], family: int, kind: int, protocol: int) -> int | None:
    """The error number with which the system refuses the address, or None."""
    try:
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":  # elsewhere this option lets two programs share a port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(place)
    except OSError as error:
        return errno.EADDRNOTAVAIL if error.errno == errno.EAFNOSUPPORT else error.errno
    return None


def _not_ours(host: str) -> SettingError:
    return SettingError(f"{host!r} is no address of this machine: expected localhost, 0.0.0.0 or one of its own.")


def address(port: int, host: str) -> str:
    """The URL to open; a server that listens everywhere is reached as localhost."""
    everywhere = {"0.0.0.0", "::", ""}
    name = "localhost" if host in everywhere else host
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def server_command(port: int, host: str) -> list[str]:
    """The command that serves the dashboard; flags win over the user's own Streamlit configuration."""
    options = {
        "server.port": port,
        "server.address": host,
        "server.headless": "true",  # asks for no e-mail address and opens no browser: the browser is opened here
        "server.fileWatcherType": "none",
        "server.disconnectedSessionTTL": SECONDS_REMEMBERED,
        "browser.gatherUsageStats": "false",
        "client.disableDataExport": "true",  # app/exports.py saves tables with where they come from
        "logger.hideWelcomeMessage": "true",
        "logger.level": "warning",
        "global.developmentMode": "false",
    }
    flags = [part for name, value in options.items() for part in (f"--{name}", str(value))]
    return [sys.executable, "-m", "streamlit", "run", str(places.ui_root() / "app" / "server.py"), *flags]


def server_environment(checkpoints: list[str], device: str) -> dict[str, str]:
    """The environment that tells the dashboard what to show.

    Arrow takes memory from the system: a pool of its own, for files as small as these, holds some 25 MB more.
    """
    chosen = {"VASP_LENS_CHECKPOINTS": os.pathsep.join(checkpoints), "VASP_LENS_DEVICE": device}
    return {"ARROW_DEFAULT_MEMORY_POOL": "system", **os.environ, **chosen}


def _attend(server: subprocess.Popen[bytes], url: str, browser: bool, view: str) -> int:
    """Wait for the server, say where it is, and end it with this program."""
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: sys.exit(0))
    try:
        wait_until_healthy(server, url)
        shown = f"{url}/{view.lstrip('/')}" if view else url
        print(f"VASP Lens is at {shown} (Ctrl-C ends it)", flush=True)
        if browser and has_display():
            webbrowser.open(shown)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _end(server)


def wait_until_healthy(server: subprocess.Popen[bytes], url: str) -> None:
    """Return once the server answers; raises VaspLensError if it ends or stays silent."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy knows nothing of this server
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with direct.open(f"{url}/_stcore/health", timeout=5):
                return
        except (OSError, http.client.HTTPException):  # of HTTP: a port that nobody has yet may connect us to ourselves
            time.sleep(0.1)
    code = server.poll()
    if code is None:
        raise VaspLensError(f"The dashboard did not answer at {url} in {SECONDS_TO_START:.0f} s: try another --port.")
    raise VaspLensError(f"The dashboard ended with code {code} before it answered at {url}: see its message above.")


def has_display() -> bool:
    """Whether a browser that opens here would be seen."""
    if os.environ.get("SSH_CONNECTION") and not os.environ.get("DISPLAY"):
        return False
    if sys.platform in {"darwin", "win32"}:
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        return
    server.terminate()
    try:
        server.wait(timeout=5)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
