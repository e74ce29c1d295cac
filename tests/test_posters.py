"""Posters against a server of our own: what is found, what is kept and for how long, and every way to fail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
import gzip
import io
import json
import logging
import threading
import time
import traceback

from PIL import Image
import pytest

from tests import posters as fake
from tests.data import layouts
from vasp_models import checkpoints, places, posters, tmdb
from vasp_models.data import releases
from vasp_models.data.catalogue import Catalogue, catalogue_frame
from vasp_models.errors import PosterError, UnfitPosterError
from vasp_models.posters import Posters
from vasp_models.tmdb import Film, Service

MATRIX = Film("The Matrix", 1999)
LINKED = Film("The Matrix", 1999, "603")


@pytest.fixture(scope="module")
def running():
    with fake.serving() as server:
        yield server


@pytest.fixture
def server(running, home):
    running.pages.clear(), running.asked.clear()
    return running


def service(server, key: str = fake.KEY, seconds: float = 2.0) -> Service:
    return Service(key, server.api, server.images, seconds)


def size(image: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(image)).size


def test_by_link_the_film_itself_is_asked_for_and_by_title_the_search(server):
    server.knows(fake.film(603, "The Matrix", 1999))
    assert size(posters.fetch(LINKED, service(server)).image) == (tmdb.WIDTH, tmdb.HEIGHT)
    assert server.paths() == ["/3/movie/603", "/t/p/w342/poster.jpg"]
    server.asked.clear()
    assert posters.fetch(MATRIX, service(server)).image
    assert server.paths() == ["/3/search/movie", "/t/p/w342/poster.jpg"]
    assert (server.asked[0].query["query"], server.asked[0].query["year"]) == ("The Matrix", "1999")


@pytest.mark.parametrize("shape", [(400, 560), (90, 600), (800, 200), (1, 1)])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_every_poster_has_the_same_size(shape, kind):
    made = tmdb.fitted(fake.picture(*shape, kind=kind))
    assert size(made) == (tmdb.WIDTH, tmdb.HEIGHT) and made.startswith(b"\xff\xd8")


def test_a_key_goes_into_the_query_and_a_token_into_a_header_and_neither_to_the_image_server(running, server):
    with fake.serving() as images:
        server.knows(fake.film(603, "The Matrix", 1999))
        images.answer("/t/p/w342/poster.jpg", fake.picture())
        posters.fetch(LINKED, Service(fake.KEY, server.api, images.images))
        assert server.asked[0].query == {"api_key": fake.KEY} and "Authorization" not in server.asked[0].headers
        posters.fetch(LINKED, Service(f" {fake.TOKEN}\n", server.api, images.images))
        assert server.asked[1].headers["Authorization"] == f"Bearer {fake.TOKEN}" and not server.asked[1].query
        assert len(images.asked) == 2
        for asked in images.asked:
            assert not asked.query and "Authorization" not in asked.headers


def test_an_entry_in_netrc_does_not_replace_the_token(server, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n", encoding="utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    server.knows(fake.film(603, "The Matrix", 1999))
    posters.fetch(LINKED, service(server, fake.TOKEN))
    assert server.asked[0].headers["Authorization"] == f"Bearer {fake.TOKEN}"


@pytest.mark.parametrize("key", [fake.KEY, fake.TOKEN, "bad\nkey"])
@pytest.mark.parametrize("status", [401, 404, 500, None])
def test_the_key_is_never_said(server, key, status, caplog):
    caplog.set_level(logging.DEBUG)
    where = service(server, key) if status else Service(key, "http://127.0.0.1:9/3", server.images, 1.0)
    if status:
        server.answer("/3/movie/603", {}, status)
    try:
        said = posters.fetch(LINKED, where).why
    except PosterError as error:
        said = str(error)
        assert key not in "".join(traceback.format_exception(error)), "the library's own words hold the address"
    assert said and key not in said + caplog.text + repr(where)
    assert not [path for path in posters.folder().glob("*") if key in path.read_text(encoding="latin-1")]


def test_what_was_found_is_kept_and_not_asked_for_again(server):
    server.knows(fake.film(603, "The Matrix", 1999))
    assert posters.kept(MATRIX) is None
    found = posters.fetch(MATRIX, service(server))
    assert posters.kept(MATRIX) == found and len(server.asked) == 2
    assert posters.folder() == places.cache_folder() / "posters"
    assert not list(posters.folder().glob(".*")), "files are written whole"


@pytest.mark.parametrize(
    ("film", "results"),
    [
        (MATRIX, []),
        (MATRIX, [fake.film(1, "The Matrix", 2021)]),
        (MATRIX, [fake.film(1, "The Matrix Revisited", 1999)]),
        (MATRIX, [fake.film(1, "The Matrix", 1999, None)]),
        (MATRIX, [fake.film(1, "The Matrix", 1999, "//evil.example/x.jpg")]),
        (MATRIX, ["no film", 7]),
    ],
)
def test_no_poster_rather_than_another_films(server, film, results):
    server.answer("/3/search/movie", {"results": results})
    server.answer("/t/p/w342//evil.example/x.jpg", fake.picture())
    found = posters.fetch(film, service(server))
    assert found.image is None and "no poster" in found.why
    assert posters.kept(film) == found and len(server.asked) == 1


@pytest.mark.parametrize(
    ("title", "year", "candidates", "expected"),
    [
        ("The Matrix", 1999, [("Matrix", 2000), ("The Matrix", 1999)], 1),
        ("The Matrix", 1999, [("Matrix", 2000), ("The Matrix", 1997)], 0),
        ("Amelie", 2001, [("Amélie", 2001)], 0),
        ("Seven (a.k.a. Se7en)", 1995, [("Se7en", 1995)], 0),
        ("Three Colors: Red (Trois couleurs: Rouge)", 1994, [("Trois Couleurs : Rouge", 1994)], 0),
        ("Tom & Jerry", 1992, [("Tom and Jerry", 1992)], 0),
        ("A", 1990, [("B", 1990)], None),
        ("Solaris", None, [("Solaris", 2002), ("Solaris", 1972)], 0),
        ("Solaris", 1972, [("Solaris", 2002), ("Solaris", 1972)], 1),
        ("東京物語", 1953, [("東京物語", 1953)], 0),
        ("(500) Days of Summer", 2009, [("500", 2009), ("(500) Days of Summer", 2009)], 1),
    ],
)
def test_which_result_is_the_film(title, year, candidates, expected):
    results = [fake.film(number, *each) for number, each in enumerate(candidates)]
    found = tmdb.best(Film(title, year), results)
    assert (None if found is None else found["id"]) == expected


@pytest.mark.parametrize("missing", ["/3/movie/603", "/t/p/w342/poster.jpg"])
def test_404_means_there_is_none_and_is_kept_for_a_while(server, missing):
    server.knows(fake.film(603, "The Matrix", 1999))
    del server.pages[missing]
    assert posters.fetch(LINKED, service(server)).image is None
    assert posters.kept(LINKED).image is None
    record = next(posters.folder().glob("*.json"))
    about = json.loads(record.read_text())
    days = (datetime.fromisoformat(about["until"]) - datetime.now(UTC)) / timedelta(days=1)
    assert days == pytest.approx(posters.NONE_DAYS, abs=0.01)
    record.write_text(json.dumps(about | {"until": "2020-01-01T00:00:00+00:00"}))
    assert posters.kept(LINKED) is None


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"schema": 2}', b'{"schema": 1, "until": 3}'])
def test_a_damaged_record_is_as_none(server, damage):
    server.knows(fake.film(603, "The Matrix", 1999))
    posters.fetch(LINKED, service(server))
    next(posters.folder().glob("*.json")).write_bytes(damage)
    assert posters.kept(LINKED) is None


def test_a_damaged_image_is_fetched_again(server):
    server.knows(fake.film(603, "The Matrix", 1999))
    posters.fetch(LINKED, service(server))
    next(posters.folder().glob("*.jpg")).write_bytes(fake.picture(colour="red"))
    assert posters.kept(LINKED) is None


def refused(server, film: Film = LINKED, seconds: float = 2.0) -> str:
    with pytest.raises(PosterError) as error:
        posters.fetch(film, service(server, seconds=seconds))
    assert posters.kept(film) is None
    return str(error.value)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_that_is_refused_names_where_to_mend_it(server, status):
    server.answer("/3/movie/603", {"status_message": "Invalid API key"}, status)
    said = refused(server)
    assert "tmdb_key" in said and "TMDB_API_KEY" in said and str(status) in said


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_service_that_fails_is_said_to(server, status):
    server.answer("/3/movie/603", {}, status)
    assert str(status) in refused(server)


def test_an_answer_that_is_not_json(server):
    server.answer("/3/movie/603", b"<html>Sign in to the hotel's network</html>")
    assert "JSON" in refused(server)
    server.answer("/3/movie/603", b"[1]")
    assert "JSON" in refused(server)


def test_a_service_that_is_silent_is_given_up(server):
    ended = threading.Event()
    server.write("/3/movie/603", lambda handler: ended.wait(5))
    began = time.monotonic()
    assert "did not answer within 0.3 s" in refused(server, seconds=0.3)
    assert time.monotonic() - began < 2
    ended.set()


def test_an_answer_with_broken_headers_does_not_bring_the_key_into_the_log(server, caplog):
    caplog.set_level(logging.DEBUG)
    broken = b"HTTP/1.0 200 OK\r\nServer: x\r\nno header at all\r\n\r\n{}"
    server.write("/3/movie/603", lambda handler: handler.wfile.write(broken))
    posters.fetch(LINKED, service(server))
    assert server.asked[0].query == {"api_key": fake.KEY} and fake.KEY not in caplog.text


def test_what_is_sent_compressed_is_read(server):
    server.knows(fake.film(603, "The Matrix", 1999))
    _, _, content = server.pages["/3/movie/603"]
    server.answer("/3/movie/603", gzip.compress(content + b" " * 200_000), **{"Content-Encoding": "gzip"})
    assert posters.fetch(LINKED, service(server)).image
    server.answer("/3/movie/604", b"no gzip", **{"Content-Encoding": "gzip"})
    assert "cannot be reached" in refused(server, Film("Another", 1999, "604"))


@pytest.mark.parametrize("block", [1, tmdb._BLOCK])
def test_a_service_that_trickles_is_given_up(server, block):
    def trickle(handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b" " * block)
            handler.wfile.flush()
            time.sleep(0.05)

    server.write("/3/movie/603", trickle)
    began = time.monotonic()
    assert "too slow" in refused(server, seconds=0.3)
    assert time.monotonic() - began < 2


def test_a_redirect_is_followed_on_the_same_server_alone(server):
    server.knows(fake.film(603, "The Matrix", 1999))
    server.answer("/t/p/w342/poster.jpg", b"", 302, Location="/t/p/w342/other.jpg")
    server.answer("/t/p/w342/other.jpg", fake.picture())
    assert posters.fetch(LINKED, service(server)).image
    with fake.serving() as other:
        other.answer("/x.jpg", fake.picture())
        server.answer("/t/p/w342/poster.jpg", b"", 302, Location=f"{other.address}/x.jpg")
        with pytest.raises(PosterError, match="another host"):
            posters.fetch(LINKED, service(server))
        assert not other.asked
    server.answer("/t/p/w342/poster.jpg", b"", 302, Location="/t/p/w342/poster.jpg")
    with pytest.raises(PosterError, match="without end"):
        posters.fetch(LINKED, service(server))


@pytest.mark.parametrize(
    "content",
    [b"", b"no image", b"<svg xmlns='http://www.w3.org/2000/svg'/>", fake.picture()[:300], b"GIF89a" + bytes(40)],
    ids=["nothing", "text", "svg", "cut short", "gif"],
)
def test_what_is_no_image_is_refused_and_not_asked_for_all_day(server, content):
    server.knows(fake.film(603, "The Matrix", 1999), content=content)
    found = posters.fetch(LINKED, service(server))
    assert found.image is None and "no whole image" in found.why
    assert posters.kept(LINKED) == found


def test_what_is_too_large_is_refused(server, monkeypatch):
    server.knows(fake.film(603, "The Matrix", 1999), content=bytes(tmdb.MOST_BYTES + 1))
    assert "more than 4 MB" in posters.fetch(LINKED, service(server)).why
    monkeypatch.setattr(tmdb, "MOST_PIXELS", 400 * 560 - 1)
    with pytest.raises(UnfitPosterError, match="400 x 560 pixels"):
        tmdb.fitted(fake.picture())


def test_a_folder_that_cannot_be_written_is_no_reason_to_show_nothing(server, monkeypatch):
    server.knows(fake.film(603, "The Matrix", 1999))
    posters.folder().parent.mkdir(parents=True)
    posters.folder().write_text("a file stands in the way", encoding="utf-8")
    assert posters.fetch(LINKED, service(server)).image
    fetched = Posters(service(server))
    assert waited(fetched, LINKED).image and waited(fetched, LINKED).image
    assert server.paths().count("/3/movie/603") == 2, "once by fetch, once in the background"


def waited(fetched: Posters, film: Film):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if found := fetched.poster(film):
            return found
        time.sleep(0.01)
    raise AssertionError("no poster came")


def test_in_the_background_nobody_waits_and_a_film_is_asked_for_once(server):
    go = threading.Event()
    server.knows(fake.film(603, "The Matrix", 1999))
    _, _, content = server.pages["/3/movie/603"]

    def slowly(handler) -> None:
        go.wait(5)
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(content)

    server.write("/3/movie/603", slowly)
    fetched, began = Posters(service(server)), time.monotonic()
    assert [fetched.poster(LINKED) for _ in range(5)] == [None] * 5
    assert time.monotonic() - began < 0.5
    go.set()
    assert waited(fetched, LINKED).image and server.paths().count("/3/movie/603") == 1
    assert not fetched._asked, "what lies in the folder is not held in memory too"


def test_a_service_that_failed_is_left_alone_for_a_while(server, monkeypatch):
    server.answer("/3/movie/603", {}, 503)
    fetched = Posters(service(server))
    with pytest.raises(PosterError, match="503"):
        waited(fetched, LINKED)
    with pytest.raises(PosterError, match="503"):
        fetched.poster(Film("Another", 2000))
    assert len(server.asked) == 1
    server.knows(fake.film(603, "The Matrix", 1999))
    monkeypatch.setattr(posters, "PAUSE", 0.0)
    assert waited(fetched, LINKED).image


def test_a_film_is_linked_where_its_data_set_is_at_hand_and_the_same(home, tmp_path):
    folder = layouts.written(layouts.release("ml-latest-small"), tmp_path / "files")
    about = {"name": "ml-latest-small", "fingerprint": releases.get("ml-latest-small", folder).fingerprint}
    linked = posters.links(about)
    assert linked["4"] == "4" and "3" not in linked, "the third film has no link"
    catalogue = Catalogue(catalogue_frame([3, 4], ["The Été (1953)", "Untitled"], ["", ""]))
    assert posters.film(catalogue, 0, linked) == Film("The Été", 1953, None)
    assert posters.film(catalogue, 1, linked) == Film("Untitled", None, "4")
    assert posters.links(about | {"fingerprint": "another"}) == posters.links({"name": "gone"}) == {}
    assert posters.links(checkpoints.load("demo").manifest["dataset"]) == {}
