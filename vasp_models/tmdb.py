"""The Movie Database: asked for the poster of a film by TMDB's id, or by title and year.

Source: its API, version 3. ``/movie/ID`` and ``/search/movie`` name a poster, and the image server gives it in a choice
of widths. The terms ask for the attribution below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
import io
import json
import logging
import re
import time
from typing import TYPE_CHECKING, Any
import unicodedata
from urllib.parse import urljoin, urlsplit

from vasp_models.errors import PosterError, UnfitPosterError

if TYPE_CHECKING:
    import requests

ATTRIBUTION = "This product uses the TMDB API but is not endorsed or certified by TMDB."
API, IMAGES = "https://api.themoviedb.org/3", "https://image.tmdb.org/t/p/w342"
WIDTH, HEIGHT = 342, 513  # pixels of every poster, whatever was served
MOST_BYTES = 4 * 2**20
MOST_PIXELS = 40_000_000
_MOST_REDIRECTS = 3
_BLOCK = 1 << 14
_PATH = re.compile(r"/[\w.-]+")
_V3_KEY = re.compile(r"[0-9a-fA-F]{32}")
_OTHER_NAMES = re.compile(r"(?:\s*\([^()]*\))+$")  # Seven (a.k.a. Se7en)


@dataclass(frozen=True)
class Film:
    """What a poster is looked up by: TMDB's id where the data set links to it, else title and year."""

    title: str
    year: int | None = None
    tmdb: str | None = None


@dataclass(frozen=True)
class Service:
    """Where posters are asked for, with a key of version 3 (32 hexadecimal digits) or a read access token."""

    key: str = field(repr=False)
    api: str = API
    images: str = IMAGES
    seconds: float = 5.0  # that each of the two requests may take


def image(film: Film, service: Service) -> bytes | None:
    """The film's poster as a JPEG of WIDTH x HEIGHT pixels, None where TMDB has none.

    Raises PosterError where the service refuses the key, cannot be reached or answers in another way than expected,
    UnfitPosterError where what it gives is no image that can be shown.
    """
    with _session(service) as session:
        path = _path(session, film, service)
        content = None if path is None else _get(session, service.images + path, {}, service.seconds)
    return None if content is None else fitted(content)


def best(film: Film, results: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The result of the same title that is nearest in year, at most one off; None rather than another film."""
    others = _OTHER_NAMES.search(film.title)
    names = [film.title, _main(film.title), *(re.findall(r"\(([^()]*)\)", others[0]) if others else [])]
    wanted = {_plain(re.sub(r"^a\.k\.a\.", "", name)) for name in names} - {""}
    found = []
    for result in results:
        its = {_plain(str(result.get(name) or "")) for name in ("title", "original_title")}
        off = _years_off(film.year, str(result.get("release_date") or ""))
        if its & wanted and off <= 1:
            found.append((off, len(found), result))
    return min(found, key=lambda each: each[:2])[2] if found else None


def fitted(content: bytes) -> bytes:
    """An image, cut to the shape of a poster and made as large: JPEG. Raises UnfitPosterError for anything else."""
    from PIL import Image, ImageOps

    made = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "WEBP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise UnfitPosterError(f"The poster has {picture.width:,} x {picture.height:,} pixels.")
            whole = ImageOps.fit(picture.convert("RGB"), (WIDTH, HEIGHT), Image.Resampling.LANCZOS)
            whole.save(made, "JPEG", quality=88)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):  # what Pillow raises for broken files
        raise UnfitPosterError("The poster is no whole image.") from None
    return made.getvalue()


def _session(service: Service) -> requests.Session:
    """A session that carries the key: a token in a header, a key of version 3 in the query, as the service wants it."""
    import requests

    # Its messages, also warnings of an answer's odd headers, hold whole addresses, and with them a key of version 3.
    for name in ("urllib3.connectionpool", "urllib3.connection"):
        logging.getLogger(name).setLevel(logging.ERROR)
    session, key = requests.Session(), service.key.strip()
    session.headers["User-Agent"] = "vasp-lens"

    def signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if _server(request.url) == _server(service.api):  # the image server needs no key
            if _V3_KEY.fullmatch(key):
                request.prepare_url(request.url, {"api_key": key})
            else:
                request.headers["Authorization"] = f"Bearer {key}"
        return request

    session.auth = signed  # an entry in ~/.netrc would replace a header that is set otherwise
    return session


def _path(session: requests.Session, film: Film, service: Service) -> str | None:
    """The path of the film's poster on the image server."""
    if film.tmdb and film.tmdb.isdecimal():
        answer = _json(_get(session, f"{service.api}/movie/{film.tmdb}", {}, service.seconds))
    else:
        asked = {"query": _main(film.title), "include_adult": "false"}
        asked |= {"year": str(film.year)} if film.year else {}
        results = _json(_get(session, f"{service.api}/search/movie", asked, service.seconds)).get("results")
        answer = best(film, [each for each in results if isinstance(each, dict)] if isinstance(results, list) else [])
    path = answer.get("poster_path") if answer else None
    return path if isinstance(path, str) and _PATH.fullmatch(path) else None


def _main(title: str) -> str:
    """A title without the other names in parentheses at its end."""
    return _OTHER_NAMES.sub("", title) or title


def _years_off(year: int | None, released: str) -> int:
    if not year:
        return 0
    return abs(year - int(released[:4])) if released[:4].isdecimal() else 1


def _plain(title: str) -> str:
    """A title by its letters and digits alone, without accents and a leading article."""
    folded = unicodedata.normalize("NFKD", title.casefold().replace("&", " and "))
    words = re.sub(r"[^\w\s]", "", "".join(c for c in folded if not unicodedata.combining(c))).split()
    return "".join(words[1:] if len(words) > 1 and words[0] in {"the", "a", "an"} else words)


def _server(url: str) -> tuple[str, str]:
    return urlsplit(url)[:2]


def _get(session: requests.Session, url: str, query: dict[str, str], seconds: float) -> bytes | None:
    """The content at an address, None where there is none (404); never from another host than the one asked."""
    import requests
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    host, deadline = urlsplit(url).hostname or "", time.monotonic() + seconds
    look = {"timeout": seconds, "stream": True, "allow_redirects": False}
    try:
        for _ in range(_MOST_REDIRECTS + 1):
            with session.get(url, params=query, **look) as response:
                if not response.is_redirect:
                    return _content(response, host, deadline)
                target = urljoin(url, response.headers["Location"])
            if _server(target) != _server(url):
                raise PosterError(_failed(f"{host} sends on to another host"))
            url, query = target, {}
        raise PosterError(_failed(f"{host} sends on without end"))
    # Without the library's own words, which hold the address and with it the key.
    except (requests.Timeout, ReadTimeoutError):
        raise PosterError(_failed(f"{host} did not answer within {seconds:g} s")) from None
    except (requests.RequestException, HTTPError, OSError, ValueError):
        raise PosterError(_failed(f"{host} cannot be reached")) from None


def _content(response: requests.Response, host: str, deadline: float) -> bytes | None:
    if response.status_code in {401, 403}:
        raise PosterError(
            f"{host} refuses the TMDB key ({response.status_code}): expected a valid API key or read access token; "
            "mend tmdb_key in .streamlit/secrets.toml, or TMDB_API_KEY."
        )
    if response.status_code == 404:
        return None
    if response.status_code != 200:
        raise PosterError(_failed(f"{host} answers {response.status_code}"))
    # read1 gives what has come by now; read waits for a whole block, however slowly its bytes come.
    content, read = bytearray(), getattr(response.raw, "read1", response.raw.read)
    while block := read(_BLOCK, decode_content=True):
        content += block
        if len(content) > MOST_BYTES:
            raise UnfitPosterError(f"The poster has more than {MOST_BYTES >> 20} MB.")
        if time.monotonic() > deadline:
            raise PosterError(_failed(f"{host} is too slow"))
    return bytes(content)


def _failed(what: str) -> str:
    return f"Posters cannot be fetched: {what}. The pages go on without them, and they are tried again later."


def _json(content: bytes | None) -> dict[str, Any]:
    """An answer of the service; empty where there is none."""
    try:
        answer = {} if content is None else json.loads(content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise PosterError(_failed("the answer is not the JSON that was expected"))
    return answer
