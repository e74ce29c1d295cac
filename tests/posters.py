"""A small TMDB of our own: answers to search and look-up, images, and every way in which a service can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import io
import json
from threading import Thread
from urllib.parse import parse_qs, urlsplit

from PIL import Image

KEY = "0123456789abcdef0123456789abcdef"
TOKEN = "eyJhbGciOi.eyJhdWQi.c2lnbmF0dXJl"


def picture(width: int = 400, height: int = 560, colour: str = "#334455", kind: str = "JPEG") -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(made, kind)
    return made.getvalue()


def film(number: int, title: str, year: int, poster: str | None = "/poster.jpg") -> dict:
    return {
        "id": number,
        "title": title,
        "original_title": title,
        "release_date": f"{year}-05-01",
        "poster_path": poster,
    }


@dataclass
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]


@dataclass
class Tmdb:
    """The server: `pages` holds path -> (status, headers, content) or a function that writes the answer itself."""

    address: str = ""
    pages: dict[str, object] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def api(self) -> str:
        return f"{self.address}/3"

    @property
    def images(self) -> str:
        return f"{self.address}/t/p/w342"

    def paths(self) -> list[str]:
        return [each.path for each in self.asked]

    def answer(self, path: str, value: object, status: int = 200, **headers: str) -> None:
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.pages[path] = status, headers, content

    def write(self, path: str, writes: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.pages[path] = writes

    def knows(self, *films: dict, content: bytes | None = None) -> None:
        """Look-up, search and poster of some films."""
        self.answer("/3/search/movie", {"results": list(films)})
        for each in films:
            self.answer(f"/3/movie/{each['id']}", each)
            if each["poster_path"]:
                self.answer(f"/t/p/w342{each['poster_path']}", picture() if content is None else content)


@contextmanager
def serving() -> Iterator[Tmdb]:
    here = Tmdb()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(asked.query).items()}
            here.asked.append(Asked(asked.path, query, dict(self.headers)))
            found = here.pages.get(asked.path, (404, {}, b'{"status_code": 34}'))
            try:
                if callable(found):
                    found(self)
                    return
                status, headers, content = found
                self.send_response(status)
                for name, value in ({"Content-Length": str(len(content))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):
                pass  # whoever asked has had enough

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        here.address = f"http://127.0.0.1:{server.server_port}"
        Thread(target=server.serve_forever, daemon=True).start()
        yield here
        server.shutdown()
