"""How the dashboard answers many viewers at once, and whether it gives their memory back.

    python tests/benchmarks/sessions.py [--sessions N] [--clicks N] [--think SECONDS] [--arrive SECONDS] [--browser]
        [CHECKPOINT]

N viewers open the demo (or the checkpoint) on one server, each clicks N times and thinks in between (drawn evenly from
half to one and a half of SECONDS), then all leave; after the server has forgotten them its memory is read, and a second
such round follows. A click is a page, another user, a longer list, the next film on Explain, a film added in the
profile lab, the other distance on the maps; it is answered when the server says that its run is over.

By default the viewers speak Streamlit's protocol over their websockets, so that the server alone is measured. With
`--browser` they are the tabs of one Chromium, each in a window of its own, and the clock stops when the page is at
rest: that is what people wait for where the browsers share the server's cores. A tab takes some seconds of one core to
open, so give twenty of them two minutes to come, `--arrive 120`.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
import os
from pathlib import Path
import random
import sys
import tempfile
import time

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
ROUNDS = 2
PATIENCE = 30.0  # seconds after which a click counts as unanswered
FORGOTTEN = 20.0  # seconds beyond the server's memory of viewers who left
# What is clicked, and how often: people look at lists and change users more than they read how a model was measured.
CLICKS = {
    "user": 5, "k": 2, "next_film": 4, "lab": 4, "distance": 2,
    "recommend": 3, "explain": 3, "lab_page": 2, "maps": 3, "fidelity": 1, "quality": 1, "overview": 1,
}  # fmt: skip
ADDRESSES = {"overview": "", "lab_page": "lab"}  # where a page's address is not its name here
ON_PAGE = {"k": "recommend", "next_film": "explain", "lab": "lab", "distance": "maps"}  # what stands on one page only


def main() -> None:
    """Print both rounds and what the memory says."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", help="default: the demo")
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--clicks", type=int, default=20)
    parser.add_argument("--think", type=float, default=8.0)
    parser.add_argument("--arrive", type=float, help="seconds within which all come; default: those of --think")
    parser.add_argument("--browser", action="store_true")
    chosen = parser.parse_args()
    from tests.serving import any_free_port, served

    start = ["app", chosen.checkpoint] if chosen.checkpoint else ["demo"]
    with (
        tempfile.TemporaryDirectory() as folder,
        served(*start, "--no-browser", "--port", str(any_free_port()), cwd=Path(folder)) as running,
    ):
        asyncio.run(rounds(chosen, running))


async def rounds(chosen: argparse.Namespace, running) -> None:
    """Two rounds of all viewers on one server, and its memory around them."""
    from tests.benchmarks import viewers as kinds

    server, left = server_of(running.process.pid), []
    print(f"{memory(server):.0f} MB before anybody came, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for number in range(1, ROUNDS + 1):
        async with (kinds.tabs if chosen.browser else kinds.sockets)(running.url, chosen.sessions) as viewers:
            passed = await asyncio.gather(
                *(visit(viewer, random.Random(1000 * number + n), chosen) for n, viewer in enumerate(viewers))
            )
            report(number, [click for clicks in passed for click in clicks], chosen)
            print(f"  {memory(server):.0f} MB with all of them there")
        await asyncio.sleep(forgets_after() + FORGOTTEN)
        left.append(memory(server))
        print(f"  {left[-1]:.0f} MB after they left")
    print(f"memory after round {ROUNDS} / after round 1: {left[-1] / left[0]:.3f}")


async def visit(viewer, draw: random.Random, chosen: argparse.Namespace) -> list[tuple[str, float]]:
    """One viewer's clicks: what was clicked, and the seconds until it was answered (infinite where it never was)."""
    await asyncio.sleep(draw.uniform(0, chosen.arrive or chosen.think))  # people do not come at the same moment
    passed = [("open", await timed(viewer, viewer.open("")))]
    for _ in range(chosen.clicks):
        await asyncio.sleep(draw.uniform(0.5, 1.5) * chosen.think)
        what = draw.choices(list(CLICKS), CLICKS.values())[0]
        page = ON_PAGE.get(what) if what in ON_PAGE else ADDRESSES.get(what, what)
        if what != "user" and viewer.page != page:  # one goes there first
            passed.append((f"page {page or 'overview'}", await timed(viewer, viewer.go(page))))
            await asyncio.sleep(draw.uniform(0.5, 1.5) * chosen.think)
        if what == "user" or what in ON_PAGE:
            passed.append((what, await timed(viewer, viewer.click(what, draw))))
    return passed


async def timed(viewer, answer) -> float:
    """Seconds until the answer is there; infinite where none came, or an error instead of it."""
    started = time.perf_counter()
    try:
        await asyncio.wait_for(answer, PATIENCE)
    except (TimeoutError, AssertionError) as fault:
        print(f"  unanswered: {fault or 'too late'}", flush=True)
        return float("inf")
    return time.perf_counter() - started - viewer.watched


def report(number: int, clicks: list[tuple[str, float]], chosen: argparse.Namespace) -> None:
    """One round in figures, as a whole and by what was clicked."""
    opened = np.array([seconds for what, seconds in clicks if what == "open"])
    seconds = np.array([seconds for what, seconds in clicks if what != "open"])
    who = f"{chosen.sessions} {'tabs' if chosen.browser else 'sessions'}"
    lost = int(np.isinf(seconds).sum() + np.isinf(opened).sum())
    print(f"round {number}: {who}, {len(seconds)} clicks, {lost} unanswered, thinking {chosen.think:g} s on average,")
    print(f"  load {os.getloadavg()[0]:.1f}; {figures(seconds)}; to open {figures(opened)}")
    for what, count in Counter(what for what, _ in clicks).most_common():
        print(f"    {what:16} {count:4}  {figures(np.array([s for name, s in clicks if name == what]))}")


def figures(seconds: np.ndarray) -> str:
    """Median, 90th percentile and maximum."""
    middle, most = np.quantile(seconds, [0.5, 0.9], method="lower") * 1000
    return f"median {middle:.0f} ms, 90 % within {most:.0f} ms, at most {1000 * seconds.max():.0f} ms"


def server_of(starter: int) -> int:
    """The process that serves: the child of the one that was started."""
    children = Path(f"/proc/{starter}/task/{starter}/children").read_text(encoding="ascii").split()
    return int(children[0])


def memory(process: int) -> float:
    """The memory a process holds, in MB."""
    pages = int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def forgets_after() -> float:
    """Seconds after which the server forgets a viewer who left."""
    from vasp_models.cli.dashboard import server_command

    command = server_command(1, "localhost")
    return float(command[command.index("--server.disconnectedSessionTTL") + 1])


if __name__ == "__main__":
    main()
