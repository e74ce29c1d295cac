from __future__ import annotations

import hashlib

import pytest

from tests.data import layouts
from vasp_models.data import datasets, releases, splits
from vasp_models.errors import DataError, DownloadError, SettingError

MOVIELENS = [name for name, release in releases.RELEASES.items() if release.published]


@pytest.fixture(scope="module")
def server():
    with layouts.serving() as served:
        yield served


@pytest.fixture
def fresh(server):
    server.pages.clear()
    server.announced.clear()
    return server


def nothing_written(home):
    return not [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", MOVIELENS)
def test_a_downloaded_release_holds_what_was_published(name, fresh, home):
    fresh.publish(name, layouts.zip_of(name))
    steps = []
    releases.get(name, base_url=fresh.address, progress=lambda done, total: steps.append((done, total)))
    dataset = datasets.load(name)
    expected = layouts.rows(half_stars=name not in {"ml-100k", "ml-1m"})
    assert list(dataset.ratings().itertuples(index=False, name=None)) == expected
    first = dataset.items().iloc[0]
    assert first["title"] == ("The Été: Part 1" if name in {"ml-1m", "ml-10m"} else "The Été")
    assert (first["id"], first["year"], first["genres"]) == (1, 1951, ["Children", "Comedy"])
    assert dataset.manifest["licence_text"] == layouts.LICENCE
    assert dataset.manifest["redistribution"] == "same conditions"
    assert dataset.manifest["source"]["published_md5"] == hashlib.md5(layouts.zip_of(name)).hexdigest()
    size = len(layouts.zip_of(name))
    assert steps[-1] == (size, size)
    assert not list((home / "cache").iterdir())


def test_links_stay_as_they_came(fresh, home):
    fresh.publish("ml-25m", layouts.zip_of("ml-25m"))
    links = releases.get("ml-25m", base_url=fresh.address).links()
    assert links.iloc[2].tolist() == [3, "003", ""]
    assert list(links.columns) == ["item", "imdbId", "tmdbId"]


def test_zip_and_folder_at_hand_give_the_same_data_set(tmp_path, home):
    folder = layouts.written(layouts.release("ml-latest-small"), tmp_path / "files")
    archive = tmp_path / "some.zip"
    archive.write_bytes(layouts.zip_of("ml-latest-small"))
    first = releases.get("ml-latest-small", folder)
    second = releases.get("ml-latest-small", archive, replace=True)
    assert first.fingerprint == second.fingerprint
    assert second.manifest["source"]["md5"] == hashlib.md5(archive.read_bytes()).hexdigest()
    assert splits.make_split(second, heldout=5).stats["users"] > 10


def test_an_undigested_zip_has_its_digest_recorded(fresh, home):
    fresh.publish("ml-1m", layouts.zip_of("ml-1m"), md5=None)
    source = releases.get("ml-1m", base_url=fresh.address).manifest["source"]
    assert source["published_md5"] is None
    assert source["sha256"] == hashlib.sha256(layouts.zip_of("ml-1m")).hexdigest()


def test_a_folder_without_a_licence_says_so(tmp_path, home):
    files = layouts.release("ml-1m")
    del files["README"]
    manifest = releases.get("ml-1m", layouts.written(files, tmp_path / "files")).manifest
    assert manifest["redistribution"] == "unknown" and releases.TERMS in manifest["licence"]


def test_a_licence_that_forbids_redistribution_is_flagged():
    text = "<h2>Usage License</h2>\n<p>One may\nnot redistribute it &amp; so on.</p>\n<h2>Citation</h2>\nx"
    assert releases.licence_in(text) == "One may\nnot redistribute it & so on."
    described = releases._licensed(releases.RELEASES["ml-10m"], text, {})
    assert described.redistribution == "forbidden"


def climbing(member: str) -> bytes:
    return layouts.zipped(layouts.release("ml-1m") | {member: b"x"}, "")


BROKEN = {
    "truncated zip": (layouts.zip_of("ml-1m")[:-300], "not a whole zip file"),
    "a zip that climbs": (climbing("../evil.txt"), r"'\.\./evil\.txt', which climbs out"),
    "a zip with an absolute member": (climbing("/etc/evil.txt"), "climbs out"),
    "a zip that climbs on Windows": (climbing("a\\..\\..\\evil.txt"), "climbs out"),
    "a missing file": (layouts.zipped({"movies.dat": b"1::A::B\n"}, "ml-1m/"), "no ratings.dat"),
    "a web page": (b"<!DOCTYPE html><html>Log in</html>", "is no zip file"),
    "nothing": (b"", "broke off after 0"),
    "a corrupt member": (layouts.zip_of("ml-1m").replace(b"ratings.dat", b"ratings.dax", 1), "not a whole zip file"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_download_leaves_nothing(case, fresh, home):
    content, message = BROKEN[case]
    fresh.publish("ml-1m", content)
    with pytest.raises(DataError, match=message) as caught:
        releases.get("ml-1m", base_url=fresh.address)
    assert "\n" not in str(caught.value)
    assert nothing_written(home)


def test_a_wrong_digest_is_refused(fresh, home):
    fresh.publish("ml-1m", layouts.zip_of("ml-1m"), md5="0" * 32)
    with pytest.raises(DownloadError, match=f"its publisher announces {'0' * 32}"):
        releases.get("ml-1m", base_url=fresh.address)
    assert nothing_written(home)


def test_a_page_in_place_of_the_digest_is_refused(fresh, home):
    fresh.publish("ml-1m", layouts.zip_of("ml-1m"), md5=None)
    fresh.pages["/ml-1m.zip.md5"] = 200, b"<html>Log in</html>"
    with pytest.raises(DownloadError, match="holds 0 MD5 digests, expected 1"):
        releases.get("ml-1m", base_url=fresh.address)


def test_a_download_that_breaks_off_is_refused(fresh, home):
    fresh.publish("ml-1m", layouts.zip_of("ml-1m"))
    fresh.announced["/ml-1m.zip"] = 10 * len(layouts.zip_of("ml-1m"))
    with pytest.raises(DownloadError, match="broke off"):
        releases.get("ml-1m", base_url=fresh.address)
    assert nothing_written(home)


def test_an_absent_or_unreachable_publisher_is_named(fresh, home):
    with pytest.raises(DownloadError, match=r"ml-1m\.zip answers 404 .*--from FILE"):
        releases.get("ml-1m", base_url=fresh.address)
    with pytest.raises(DownloadError, match="cannot be reached"):
        releases.get("ml-1m", base_url="http://127.0.0.1:9")
    with pytest.raises(DownloadError, match="no web address"):
        releases.get("ml-1m", base_url="file:///tmp")


def test_a_digest_beside_a_zip_at_hand_is_checked(tmp_path, home):
    archive = tmp_path / "ml-1m.zip"
    archive.write_bytes(layouts.zip_of("ml-1m"))
    (tmp_path / "ml-1m.zip.md5").write_text("f" * 32 + "  ml-1m.zip\n")
    with pytest.raises(DownloadError, match="announces ffff"):
        releases.get("ml-1m", archive)


def test_what_cannot_be_got_is_said(tmp_path, home):
    with pytest.raises(SettingError, match="'ml-2m': expected one of ml-latest-small"):
        releases.get("ml-2m")
    with pytest.raises(SettingError, match="data get netflix --from FOLDER"):
        releases.get("netflix")
    with pytest.raises(DataError, match="check --from"):
        releases.get("ml-1m", tmp_path / "absent.zip")
    for name in ("a", "b"):
        layouts.written(layouts.release("ml-1m"), tmp_path / name)
    with pytest.raises(DataError, match=r"in several folders \(a, b\)"):
        releases.get("ml-1m", tmp_path)


def test_other_columns_than_the_release_has_are_refused(tmp_path, home):
    files = layouts.release("ml-20m") | {"ratings.csv": b"user,film,stars\n1,2,3\n"}
    with pytest.raises(DataError, match=r"ratings\.csv, line 1 has the columns user, film, stars, expected userId"):
        releases.get("ml-20m", layouts.written(files, tmp_path / "files"))


@pytest.mark.parametrize("per_film", [False, True])
def test_netflix_comes_from_either_of_its_layouts(per_film, tmp_path, home):
    folder = layouts.written(layouts.netflix(per_film), tmp_path / "files")
    genres = tmp_path / "netflix_genres.csv"
    genres.write_text("movieId,genres\n1,Family|Drama\n")
    dataset = releases.get("netflix", folder, genres=tmp_path)
    day = 86_400
    expected = {(user, item, rating, time // day * day) for user, item, rating, time in layouts.rows(half_stars=False)}
    assert set(dataset.ratings().itertuples(index=False, name=None)) == expected
    items = dataset.items().set_index("id")
    assert items.loc[1].tolist() == ["Été, Part, 1", 1951, ["Family", "Drama"]]
    assert items["year"].isna().tolist()[:3] == [False, True, False]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("7,9,2005-01-01", "line 3: '7,9,2005-01-01' is out of place"),
        ("7,4", "line 3: '7,4' is out of place"),
        (",4,2005-01-01", "line 3: ',4,2005-01-01' is out of place"),
        ("7,4,soon", "line 3: '7,4,soon' is out of place"),
    ],
)
def test_a_bad_line_of_netflix_is_named(line, message, tmp_path, home):
    files = layouts.netflix()
    first = files["combined_data_1.txt"].decode().splitlines()
    files["combined_data_1.txt"] = "\n".join([*first[:2], line, *first[3:]]).encode()
    with pytest.raises(DataError, match=r"combined_data_1\.txt, " + message):
        releases.get("netflix", layouts.written(files, tmp_path / "files"))
    assert nothing_written(home)


def test_the_official_small_release_comes_from_its_folder(shared, home):
    dataset = releases.get("ml-latest-small", shared / "data" / "ml-latest-small")
    counts = dataset.manifest["counts"]
    assert (counts["ratings"], counts["users"], counts["items"]) == (100_836, 610, 9_742)
    assert dataset.manifest["redistribution"] == "same conditions"
    assert dataset.links().iloc[0].tolist() == [1, "0114709", "862"]


def test_the_official_netflix_titles_and_genres_are_read(shared):
    from vasp_models.data import netflix

    titles = netflix.read_titles(shared / "data" / "netflix-prize" / "movie_titles.txt")
    assert len(titles["id"]) == 17_770 and titles["title"][0] == "Dinosaur Planet"
    assert len(netflix.read_genres(shared / "data" / "netflix-prize" / "netflix_genres.csv")) == 12_279
