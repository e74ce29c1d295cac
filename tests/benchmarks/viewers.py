"""Viewers of the dashboard for measurements: sessions that speak Streamlit's protocol, and tabs of a real browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
import json
import random
import re

from google.protobuf.message import Message
from playwright.async_api import Error, Page, async_playwright
from playwright.async_api import TimeoutError as TooLate
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
import websockets

from tests.browser import chromium
from tests.browser.conftest import FLAGS
from tests.browser.visit import BUSY, CALM, READY
from vasp_models import checkpoints

# A browser slows down what it takes for windows behind others.
ALL_IN_FRONT = [
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-background-timer-throttling",
]
REST = 0.25  # seconds that a page is watched for being at rest
NAMES = {"": "Overview", "recommend": "Recommend", "explain": "Explain", "lab": "Profile lab"}
NAMES |= {"maps": "Sensitivity maps", "fidelity": "Explanation quality", "quality": "Quality"}
TRIGGERS = "$$STREAMLIT_INTERNAL_KEY_{}__events"
LISTS = {"recommend": ("10", "20", "50"), "maps": ("Lift", "Paper")}


def users() -> list[str]:
    """The demo's test users."""
    people = checkpoints.load("demo").users
    return people.frame["id"].iloc[people.rows("test")].tolist()


class Socket:
    """A viewer without a browser: it asks for runs and reads all that the server sends."""

    watched = 0.0  # seconds of each answer that are the viewer's own

    def __init__(self, url: str, people: list[str]) -> None:
        self.url, self.people, self.page = url.replace("http", "ws", 1) + "/_stcore/stream", people, ""
        self.pages: dict[str, str] = {}
        self.seen: dict[str, tuple[str, str]] = {}  # key of a widget -> its id and the fragment it stands in
        self.rows: dict[str, list[int]] = {}
        self.query, self.turn = "", 0

    async def open(self, page: str) -> None:
        self.socket = await websockets.connect(
            self.url, subprotocols=["streamlit"], max_size=None, max_queue=None, ping_interval=None, proxy=None
        )
        await self._ask(BackMsg(), page_name=page)

    async def go(self, page: str) -> None:
        """To a page, as its link in the sidebar does: without a query."""
        self.page, self.query, self.seen = page, "", {}
        await self._ask(BackMsg(), page_script_hash=self.pages[page])

    async def click(self, what: str, draw: random.Random) -> None:
        self.turn += 1
        widget = WidgetState()
        if what == "user":
            key, widget.string_value = "user_id", draw.choice(self.people)
        elif what in ("k", "distance"):
            key, options = ("bound_k", LISTS["recommend"]) if what == "k" else ("bound_distance", LISTS["maps"])
            widget.string_array_value.data.append(options[self.turn % len(options)])
        elif what == "next_film":
            key, widget.trigger_value = "next_film", True
        else:
            key = "lab_list"
            film = draw.choice(self.rows.get(key) or [0])
            widget.json_trigger_value = json.dumps([{"event": "acted", "value": film}])
        name, fragment = self.seen.get(key, ("", ""))
        widget.id = TRIGGERS.format(name) if what == "lab" else name
        asked = BackMsg()
        asked.rerun_script.widget_states.widgets.append(widget)
        await self._ask(asked, fragment_id=fragment, page_script_hash=self.pages.get(self.page, ""))

    async def close(self) -> None:
        await self.socket.close()

    async def _ask(self, asked: BackMsg, **fields: str) -> None:
        asked.rerun_script.query_string = self.query
        for name, value in fields.items():
            setattr(asked.rerun_script, name, value)
        asked.rerun_script.context_info.timezone = "UTC"
        await self.socket.send(asked.SerializeToString())
        while True:
            told = ForwardMsg()
            told.ParseFromString(await self.socket.recv())
            kind = told.WhichOneof("type")
            if kind == "script_finished" and told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return
            if kind == "page_info_changed":
                self.query = told.page_info_changed.query_string
            elif kind == "navigation":
                self.pages = {page.url_pathname: page.page_script_hash for page in told.navigation.app_pages}
                self.pages[""] = next(page.page_script_hash for page in told.navigation.app_pages if page.is_default)
            elif kind == "delta" and told.delta.WhichOneof("type") == "new_element":
                self._note(told.delta)

    def _note(self, delta: Message) -> None:
        element = getattr(delta.new_element, delta.new_element.WhichOneof("type"))
        if delta.new_element.WhichOneof("type") == "exception":
            raise AssertionError(f"the page raised: {element.message}")
        name = str(getattr(element, "id", "") or "")
        key = name.rsplit("-", 1)[-1]
        self.seen[key] = (name, delta.fragment_id)
        if delta.new_element.WhichOneof("type") == "bidi_component":
            text = element.json or element.mixed.json
            self.rows[key] = [int(number) for number in re.findall(r'"item": ?(\d+)', text)]


@asynccontextmanager
async def sockets(url: str, count: int) -> AsyncIterator[list[Socket]]:
    """So many sessions without browsers."""
    people = users()
    viewers = [Socket(url, people) for _ in range(count)]
    try:
        yield viewers
    finally:
        await asyncio.gather(*(viewer.close() for viewer in viewers if hasattr(viewer, "socket")))


class Tab:
    """A viewer with a browser: one tab in a window of its own."""

    watched = REST

    def __init__(self, url: str, people: list[str], page: Page) -> None:
        self.url, self.people, self.page, self.tab, self.turn = url, people, "", page, 0

    async def open(self, page: str) -> None:
        await self.tab.goto(f"{self.url}/{page}")
        await self._rest()

    async def go(self, page: str) -> None:
        self.page = page
        await self._do(
            self.tab.get_by_test_id("stSidebar").get_by_role("link", name=NAMES[page], exact=False).first.click()
        )

    async def click(self, what: str, draw: random.Random) -> None:
        self.turn += 1
        if what == "user":
            box = self.tab.get_by_test_id("stSidebar").get_by_label("User", exact=True)
            await box.fill(draw.choice(self.people))
            await self._do(box.press("Enter"))
        elif what in ("k", "distance"):
            options = LISTS["recommend" if what == "k" else "maps"]
            group = self.tab.locator(f".st-key-bound_{what} button")
            await self._do(group.filter(has_text=options[self.turn % len(options)]).first.click())
        elif what == "next_film":
            await self._do(self.tab.locator(".st-key-next_film button:visible").first.click())
        else:
            rows = self.tab.locator(".st-key-lab_list td.act button")
            await self._do(rows.nth(draw.randrange(min(await rows.count(), 8))).click())

    async def _do(self, deed) -> None:
        try:
            await deed
            await self._rest()
        except (TooLate, Error) as error:
            raise AssertionError(str(error).splitlines()[0]) from error

    async def _rest(self) -> None:
        self.turn += 1
        await self.tab.wait_for_function(CALM, arg=[READY, BUSY, self.turn], polling=50)

    async def close(self) -> None:
        await self.tab.context.close()


@asynccontextmanager
async def tabs(url: str, count: int) -> AsyncIterator[list[Tab]]:
    """So many windows of one Chromium."""
    people = users()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium.find(), args=[*FLAGS, *ALL_IN_FRONT])
        windows = [await browser.new_context(viewport={"width": 1440, "height": 900}) for _ in range(count)]
        viewers = [Tab(url, people, await window.new_page()) for window in windows]
        try:
            yield viewers
        finally:
            await asyncio.gather(*(viewer.close() for viewer in viewers))
            await browser.close()
