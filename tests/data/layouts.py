"""Small made-up releases in the layouts of MovieLens and the Netflix Prize, and a server for them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
import hashlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import io
from pathlib import Path
from threading import Thread
import zipfile

import numpy as np

USERS, ITEMS = 30, 25
LICENCE = "You may redistribute the data set under these same conditions.\nPlease acknowledge it."
README = f"Summary\n=======\nMade up.\n\nUsage License\n=============\n\n{LICENCE}\n\n\nCitation\n========\nNobody.\n"
FOLDER_IN_ZIP = {"ml-10m": "ml-10M100K"}


def rows(half_stars: bool = True) -> list[tuple[int, int, float, int]]:
    """user, item, rating, timestamp of viewers who rate most films, seeded."""
    generator = np.random.default_rng(7)
    stars = np.arange(1, 11) / 2 if half_stars else np.arange(1.0, 6.0)
    found = []
    for user in range(1, USERS + 1):
        for item in sorted(generator.choice(ITEMS, 18, replace=False) + 1):
            found.append(
                (user, int(item), float(generator.choice(stars)), 1_000_000_000 + int(generator.integers(1e6)))
            )
    return found


def release(name: str) -> dict[str, bytes]:
    """Content of the files of a release, by their names."""
    if name == "netflix":
        return netflix()
    if name == "ml-100k":
        ratings = "".join(f"{u}\t{i}\t{r:g}\t{t}\n" for u, i, r, t in rows(half_stars=False))
        flags = "|".join("1" if place in {4, 5} else "0" for place in range(19))  # Children's and Comedy
        items = "".join(f"{i}|Été, The (19{i + 50})|01-Jan-1995||http://a,b|{flags}\n" for i in range(1, ITEMS + 1))
        return {"u.data": ratings.encode(), "u.item": items.encode("latin-1"), "README": README.encode()}
    if name in {"ml-1m", "ml-10m"}:
        ratings = "".join(f"{u}::{i}::{r:g}::{t}\n" for u, i, r, t in rows(half_stars=name == "ml-10m"))
        items = "".join(f"{i}::Été: Part {i}, The (19{i + 50})::Children's|Comedy\n" for i in range(1, ITEMS + 1))
        encoding = "latin-1" if name == "ml-1m" else "utf-8"
        return {"ratings.dat": ratings.encode(), "movies.dat": items.encode(encoding), "README": README.encode()}
    header = "userId,movieId,rating,timestamp\n"
    ratings = header + "".join(f"{u},{i},{r},{t}\n" for u, i, r, t in rows())
    items = "movieId,title,genres\n" + "".join(
        f'{i},"Été, The (19{i + 50})",Children|Comedy\n' for i in range(1, ITEMS + 1)
    )
    links = "movieId,imdbId,tmdbId\n" + "".join(f"{i},00{i},{'' if i == 3 else i}\n" for i in range(1, ITEMS + 1))
    texts = {"ratings.csv": ratings, "movies.csv": items, "links.csv": links, "README.txt": README}
    return {file: text.encode() for file, text in texts.items()}


def netflix(per_film: bool = False) -> dict[str, bytes]:
    """The Netflix Prize's files, all films in two files or each in its own."""
    films: dict[int, str] = {}
    for user, item, rating, time in rows(half_stars=False):
        date = np.datetime64(time, "s").astype("datetime64[D]")
        films[item] = films.get(item, f"{item}:\n") + f"{user},{rating:g},{date}\n"
    titles = "".join(f"{i},{'NULL' if i == 2 else 1950 + i},Été, Part, {i}\n" for i in range(1, ITEMS + 1))
    if per_film:
        ratings = {f"mv_{item:07d}.txt": text for item, text in films.items()}
    else:
        ordered = [films[item] for item in sorted(films)]
        ratings = {"combined_data_1.txt": "".join(ordered[:10]), "combined_data_2.txt": "".join(ordered[10:])}
    return {name: text.encode() for name, text in ratings.items()} | {"movie_titles.txt": titles.encode("latin-1")}


def written(files: dict[str, bytes], folder: Path) -> Path:
    """The files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def zipped(files: dict[str, bytes], prefix: str) -> bytes:
    """The files in a zip, under a folder as the publisher has them."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(prefix + name), content)  # no time of day: the same bytes each time
    return stream.getvalue()


def zip_of(name: str) -> bytes:
    """The zip of a release."""
    return zipped(release(name), FOLDER_IN_ZIP.get(name, name) + "/")


@dataclass
class Server:
    """What is served at which path: (status, body), and the length that is announced where it is another."""

    address: str = ""
    pages: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    announced: dict[str, int] = field(default_factory=dict)

    def publish(self, name: str, content: bytes, md5: str | None = "right") -> None:
        """Serve NAME.zip and, unless `md5` is None, the digest beside it."""
        self.pages[f"/{name}.zip"] = 200, content
        if md5 is not None:
            digest = hashlib.md5(content).hexdigest() if md5 == "right" else md5
            self.pages[f"/{name}.zip.md5"] = 200, f"MD5 ({name}.zip) = {digest}\n".encode()


@contextmanager
def serving() -> Iterator[Server]:
    """A server on this machine, for the time of the block."""
    served = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = served.pages.get(self.path, (404, b"not here"))
            self.send_response(status)
            self.send_header("Content-Length", str(served.announced.get(self.path, len(body))))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        served.address = f"http://127.0.0.1:{server.server_port}"
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()
