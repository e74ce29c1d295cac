"""Opening the dashboard: what is checked first, where it listens, what it tells Streamlit, how it ends."""

from __future__ import annotations

import os
from pathlib import Path
import socket
import socketserver
import subprocess
import sys
from threading import Thread

import pytest

from tests.serving import VASP_LENS, any_free_port, served
from vasp_models import places
from vasp_models.cli import dashboard
from vasp_models.errors import CheckpointError, SettingError, VaspLensError

MAIN = places.ui_root() / "app" / "main.py"
FOREVER = [sys.executable, "-c", "import time; time.sleep(60)"]
NEEDS_DEMO = pytest.mark.skipif(not MAIN.exists(), reason="the dashboard is not here yet")


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*VASP_LENS, *arguments], cwd=cwd, capture_output=True, text=True, timeout=60)


@pytest.fixture
def busy_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def flags(command: list[str]) -> dict[str, str]:
    words = command[5:]
    return dict(zip(words[::2], words[1::2], strict=True))


def test_a_missing_checkpoint_is_one_line_and_exit_code_2(home):
    done = run("app", "no-such-checkpoint", "--no-browser")
    assert done.returncode == 2
    assert "no-such-checkpoint" in done.stderr and done.stderr.count("\n") == 1


def test_an_unknown_device_is_refused_before_anything_starts(home):
    with pytest.raises(SettingError, match="'gpu'.*auto, cuda, mps, cpu"):
        dashboard.open_dashboard([], port=8501, host="localhost", device="gpu", browser=False)


def test_cuda_where_there_is_none_is_a_warning_not_an_end(monkeypatch, capsys):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    dashboard._check_device("cuda")
    said = capsys.readouterr().err
    assert "on the CPU" in said and said.count("\n") == 1


def test_a_port_that_speaks_no_http_yet_is_asked_again():
    """Where nobody listens yet, the system may connect who asks to themselves: what comes back is the question."""
    asked = []

    def echo(connection, *_):
        said = connection.recv(9999)
        asked.append(said)
        connection.sendall(said if len(asked) == 1 else b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.close()

    with socketserver.TCPServer(("127.0.0.1", 0), echo) as listening, subprocess.Popen(FOREVER) as server:
        Thread(target=listening.serve_forever, daemon=True).start()
        try:
            dashboard.wait_until_healthy(server, f"http://127.0.0.1:{listening.server_address[1]}")
        finally:
            server.kill()
            listening.shutdown()
    assert len(asked) == 2


@pytest.mark.parametrize("name", ["auto", "cpu"])
def test_the_usual_devices_need_no_torch(name, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it would raise
    dashboard._check_device(name)


def test_a_bare_name_stays_a_name_and_a_path_becomes_absolute(monkeypatch, tmp_path):
    class Loaded:
        folder = Path("here") / "mine"

    monkeypatch.chdir(tmp_path)
    checkpoints = pytest.importorskip("vasp_models.checkpoints")
    monkeypatch.setattr(checkpoints, "load", lambda name: Loaded)
    assert dashboard.checked("ml-1m-vasp") == "ml-1m-vasp"
    assert dashboard.checked("./here/mine") == str(tmp_path / "here" / "mine")


def test_a_checkpoint_that_cannot_be_read_stops_the_dashboard(home):
    (home / "checkpoints" / "broken").mkdir(parents=True)
    with pytest.raises(CheckpointError):
        dashboard.checked("broken")


def test_a_free_port_is_taken_as_asked():
    port = any_free_port()
    assert dashboard.free_port(port, "localhost") == port


def test_a_busy_port_gives_way_to_the_next_free_one(busy_port):
    taken = dashboard.free_port(busy_port, "127.0.0.1")
    assert busy_port < taken < busy_port + dashboard.PORTS_TRIED


def test_no_free_port_is_said(busy_port, monkeypatch):
    monkeypatch.setattr(dashboard, "PORTS_TRIED", 1)
    with pytest.raises(SettingError, match=f"{busy_port}.*--port"):
        dashboard.free_port(busy_port, "127.0.0.1")


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
def test_an_address_of_another_machine_is_refused(host):
    with pytest.raises(SettingError, match="no address of this machine"):
        dashboard.free_port(any_free_port(), host)


@pytest.mark.parametrize(
    ("host", "url"),
    [("localhost", "http://localhost:80"), ("0.0.0.0", "http://localhost:80"), ("::1", "http://[::1]:80")],
)
def test_the_address_that_is_printed_can_be_opened(host, url):
    assert dashboard.address(80, host) == url


def test_streamlit_asks_nothing_and_reports_nothing():
    told = flags(dashboard.server_command(8600, "localhost"))
    assert told["--server.headless"] == "true"
    assert told["--browser.gatherUsageStats"] == "false"
    assert told["--server.address"] == "localhost" and told["--server.port"] == "8600"


@pytest.mark.parametrize(("view", "opened"), [("", ""), ("explain?u=7&f=3", "/explain?u=7&f=3"), ("/?u=7", "/?u=7")])
def test_a_view_is_what_the_address_opens(view, opened, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(dashboard, "wait_until_healthy", lambda server, url: asked.append(url))
    monkeypatch.setattr(dashboard, "has_display", lambda: True)
    monkeypatch.setattr(dashboard.webbrowser, "open", asked.append)
    with subprocess.Popen([sys.executable, "-c", ""]) as server:
        assert dashboard._attend(server, "http://localhost:80", True, view) == 0
    assert asked == ["http://localhost:80", f"http://localhost:80{opened}"]
    assert f"VASP Lens is at http://localhost:80{opened} (Ctrl-C" in capsys.readouterr().out


def test_tables_are_saved_by_the_dashboard_alone():
    assert flags(dashboard.server_command(8600, "localhost"))["--client.disableDataExport"] == "true"


def test_the_choices_reach_the_dashboard_by_the_environment():
    told = dashboard.server_environment(["demo", "/here/mine"], "cpu")
    assert told["VASP_LENS_CHECKPOINTS"] == os.pathsep.join(["demo", "/here/mine"])
    assert told["VASP_LENS_DEVICE"] == "cpu"


def test_a_server_that_ends_at_once_is_reported():
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as server:
        server.wait()
        with pytest.raises(VaspLensError, match="code 3"):
            dashboard.wait_until_healthy(server, f"http://localhost:{any_free_port()}")


def test_a_silent_server_is_reported(monkeypatch):
    monkeypatch.setattr(dashboard, "SECONDS_TO_START", 0.3)
    with subprocess.Popen(FOREVER) as server:
        with pytest.raises(VaspLensError, match="did not answer"):
            dashboard.wait_until_healthy(server, f"http://localhost:{any_free_port()}")
        server.kill()


@pytest.mark.parametrize(
    ("system", "environment", "seen"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("darwin", {"SSH_CONNECTION": "a b"}, False),
    ],
)
def test_a_browser_opens_only_where_it_is_seen(system, environment, seen, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(dashboard.sys, "platform", system)
    assert dashboard.has_display() is seen


@NEEDS_DEMO
def test_it_starts_beside_a_busy_port_and_ends_quietly(busy_port, tmp_path, monkeypatch):
    """From a folder far away, with a first-run home: Streamlit would ask for an e-mail address there."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with served("app", "--no-browser", "--host", "127.0.0.1", "--port", str(busy_port), cwd=tmp_path) as running:
        assert running.get("/_stcore/health") == "ok"
        assert f":{busy_port}" not in running.url
        assert running.interrupt() == 0
    assert f"Port {busy_port} is in use" in running.output()
    assert "Traceback" not in running.output() and "mail" not in running.output()
    port = int(running.url.rsplit(":", 1)[1])
    assert dashboard.free_port(port, "127.0.0.1") == port  # nothing is left behind


@NEEDS_DEMO
def test_ending_the_command_ends_the_server(tmp_path):
    port = any_free_port()
    with served("app", "--no-browser", "--host", "127.0.0.1", "--port", str(port), cwd=tmp_path) as running:
        running.process.terminate()
        assert running.process.wait(timeout=20) == 0
    assert dashboard.free_port(port, "127.0.0.1") == port
