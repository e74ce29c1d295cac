"""One tab of a real browser on the dashboard, which notes all that goes wrong in it."""

from __future__ import annotations

from dataclasses import dataclass, field
import json
import os
from pathlib import Path
import re
from typing import Any
from urllib.parse import urlsplit

import pandas as pd
from playwright.sync_api import ConsoleMessage, Locator, Page, Request, WebSocket

SECONDS = 30_000  # milliseconds, as playwright counts
# At a deep address Streamlit looks for its server below the page first: two 404s on the console that are not ours.
PROBE = re.compile(r"/[\w-]+/_stcore/(health|host-config)$")
NAME = re.compile(r"[\w.-]+\.(csv|json|png|html)", re.ASCII)  # of every file that is saved
ERRORS = '[data-testid="stException"], [data-testid="stAlertContentError"]'
# The dashboard's own error boxes are calm: a sentence beside this icon.
NOTICES = '[data-testid="stMain"] [data-testid="stIconMaterial"]:text-is("error")'
READY = '[data-testid="stApp"][data-test-script-state="notRunning"][data-test-connection-state="CONNECTED"]'
BUSY = '[data-testid="stSkeleton"], [data-testid="stSpinner"], [data-stale="true"]'

# Follows what the page asks of its server and is told by it: `waits` from a question for a run until that run begins,
# and from a run that ends for the sake of another (the page changes in the midst of it) until the other begins; `runs`
# from a run's beginning to its end. What the page itself shows is no measure: between two such runs it shows rest.
HEARD = """() => {
    const RERUN = 11, NEW_SESSION = 4, FINISHED = 6, EARLY = 2;  // fields of BackMsg and ForwardMsg, and a status
    const heard = window.heard = { waits: true, runs: false };
    const send = WebSocket.prototype.send;
    const known = new WeakSet();
    WebSocket.prototype.send = function (message) {
        if (!known.has(this)) {
            known.add(this);
            this.addEventListener("message", ({ data }) => {
                const fields = read(new Uint8Array(data));
                if (fields.has(NEW_SESSION)) Object.assign(heard, { waits: false, runs: true });
                if (fields.has(FINISHED)) {
                    Object.assign(heard, { waits: heard.waits || fields.get(FINISHED) === EARLY, runs: false });
                }
            });
        }
        if (read(message).has(RERUN)) heard.waits = true;
        return send.call(this, message);
    };
    // The outermost fields of a message in Protocol Buffers: their numbers, and their values where they are numbers.
    function read(bytes) {
        const fields = new Map();
        let at = 0;
        const number = () => {
            let value = 0, scale = 1, byte;
            do {
                byte = bytes[at++];
                value += (byte & 127) * scale;
                scale *= 128;
            } while (byte > 127);
            return value;
        };
        while (at < bytes.length) {
            const key = number(), kind = key & 7;
            if (kind !== 0 && kind !== 2) throw new Error(`a message has a field of kind ${kind}`);
            const value = number();
            fields.set(key >>> 3, value);
            if (kind === 2) at += value;
        }
        return fields;
    }
}"""
# True once the page has been at rest for 150 ms, since a run may ask for another.
CALM = """([ready, busy, wait]) => {
    const now = performance.now();
    const rests = !heard.waits && !heard.runs && document.querySelector(ready) && !document.querySelector(busy);
    if (!rests || window.restWait !== wait) { window.restWait = wait; window.restSince = now; }
    return rests && now - window.restSince > 150;
}"""


@dataclass
class Visit:
    """A tab on the dashboard at `url`; `faults`: errors on the console or in scripts, foreign requests, error boxes."""

    page: Page
    url: str
    look: str
    errors_expected: bool = False
    faults: list[str] = field(default_factory=list)
    waits: int = 0

    def __post_init__(self) -> None:
        self.page.set_default_timeout(SECONDS)
        self.page.add_init_script(f"({HEARD})()")
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.faults.append(f"page error: {error}"))
        self.page.on("request", self._request)
        self.page.on("websocket", self._socket)

    def open(self, path: str = "/") -> Visit:
        """Go to a page by its address, and wait until it is drawn."""
        self.page.goto(self.url + path)
        return self.settle()

    def settle(self) -> Visit:
        """Wait until the script has run and nothing is still loading, then look for error boxes."""
        self.waits += 1
        self.page.wait_for_function(CALM, arg=[READY, BUSY, self.waits])
        self.faults += [f"error box: {box.inner_text()}" for box in self.page.locator(ERRORS).all()]
        if not self.errors_expected:
            self.faults += [f"error notice on {self.page.url}: {self.main.inner_text()[:300]}" for _ in self._notices()]
        return self

    def _notices(self) -> list[Locator]:
        return self.page.locator(NOTICES).all()

    @property
    def main(self) -> Locator:
        return self.page.get_by_test_id("stMain")

    @property
    def sidebar(self) -> Locator:
        return self.page.get_by_test_id("stSidebar")

    def heading(self) -> str:
        return self.main.get_by_role("heading", level=1).inner_text()

    def go(self, name: str) -> Visit:
        """Click on a page's name in the sidebar."""
        self.sidebar.get_by_role("link", name=name, exact=True).click()
        return self.settle()

    def pages(self) -> list[str]:
        """The pages' names, as the sidebar has them."""
        return [text.splitlines()[-1] for text in self.sidebar.get_by_test_id("stSidebarNavLink").all_inner_texts()]

    def choose_user(self, user: str) -> Visit:
        """Type a user's id into the sidebar."""
        box = self.sidebar.get_by_label("User", exact=True)
        box.fill(user)
        box.press("Enter")
        return self.settle()

    def choose(self, option: str) -> Visit:
        """Click on an option of a segmented control."""
        self.main.get_by_test_id("stButtonGroup").get_by_text(option, exact=True).click()
        return self.settle()

    def copied_link(self) -> str:
        """Press the button that copies the link to what is shown; what the clipboard then holds."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.main.locator(".st-key-copy_link button").click()
        self.main.locator('.st-key-copy_link button[data-done="Copied"]').wait_for()
        return self.page.evaluate("navigator.clipboard.readText()")

    def taken(self, button: Locator) -> Path:
        """The file that a button saves, with the ending of the name that it suggests."""
        with self.page.expect_download() as coming:
            button.click()
        name = coming.value.suggested_filename
        assert NAME.fullmatch(name), name
        path = Path(coming.value.path())
        return path.rename(path.with_name(f"{path.name}-{name}"))

    def read(self, key: str) -> Any:
        """What the button of this key saves, a table or a record; many pages have it in their fold of downloads."""
        button = self.page.locator(f".st-key-{key} button:visible")
        if folded := not button.count():
            self.downloads()
        path = self.taken(button.first)
        if folded:
            self.page.keyboard.press("Escape")
        return pd.read_csv(path) if path.suffix == ".csv" else json.loads(path.read_text(encoding="utf-8"))

    def downloads(self) -> Locator:
        """Open the page's fold of downloads; what it holds."""
        self.main.locator(".st-key-download button").first.click()
        return self.page.get_by_test_id("stPopoverBody")

    def picture(self, name: str) -> Visit:
        """Keep a picture in $VASP_LENS_SCREENSHOTS, where that is set."""
        if folder := os.environ.get("VASP_LENS_SCREENSHOTS"):
            path = Path(folder) / f"{name}-{self.look}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            size = self.page.viewport_size
            # Streamlit scrolls inside the page: the window is made as high as what is in it.
            height = max(size["height"], self.main.evaluate("node => node.scrollHeight"))
            self.page.set_viewport_size({"width": size["width"], "height": height})
            self.page.wait_for_timeout(300)
            self.page.screenshot(path=path)
            self.page.set_viewport_size(size)
        return self

    def _console(self, message: ConsoleMessage) -> None:
        where = (message.location or {}).get("url", "")
        if message.type == "error" and not ("404" in message.text and PROBE.search(where)):
            self.faults.append(f"console: {message.text} ({where})")

    def _request(self, request: Request) -> None:
        self._same_host(request.url)

    def _socket(self, socket: WebSocket) -> None:
        self._same_host(socket.url)

    def _same_host(self, url: str) -> None:
        asked = urlsplit(url)
        if asked.scheme not in {"data", "blob"} and asked.netloc != urlsplit(self.url).netloc:
            self.faults.append(f"request to another host: {url}")
