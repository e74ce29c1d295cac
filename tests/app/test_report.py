"""The report: whole, escaped, with its origin, for every kind of model, user and film."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
import hashlib
from html.parser import HTMLParser
import json
import re

import pytest

from app.report import gathering, markup, page, writing
from app.report.__main__ import main
from tests import trained
from vasp_models import answering, checkpoints, measures, provenance
from vasp_models.bundles import making
from vasp_models.data.catalogue import Catalogue
from vasp_models.errors import BundleError, SettingError, UnknownItemError, UnknownUserError

EVIL = "</script><img src=x onerror=alert(1)> & *b*"


class Read(HTMLParser):
    """A file of HTML as a browser takes it apart: tags with their attributes, texts of scripts and headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []
        self.inside: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in {"script", "style", "h1", "h2", "h3", "h4", "title", "code", "svg"}:
            self._open.append(tag)
            self.inside.setdefault(tag, []).append("")

    def handle_endtag(self, tag):
        if self._open and self._open[-1] == tag:
            self._open.pop()

    def handle_data(self, data):
        if self._open:
            self.inside[self._open[-1]][-1] += data

    def named(self, tag: str) -> list[dict]:
        return [attributes for name, attributes in self.tags if name == tag]

    def script(self, name: str) -> str:
        at = next(n for n, each in enumerate(self.named("script")) if each.get("id") == name)
        return self.inside["script"][at]


def told(checkpoint, user=None, film=None) -> str:
    return writing.made(checkpoint, answering.open(checkpoint, "cpu"), user, film)


@pytest.fixture(scope="module")
def demo():
    return checkpoints.load("demo")


@pytest.fixture(scope="module")
def gathered(demo):
    return gathering.gather(demo, answering.open(demo, "cpu"), "vasp-lens report demo --out report.html")


@pytest.fixture(scope="module")
def html(gathered):
    return page.html(gathered)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """A small checkpoint without maps and measures."""
    return trained.checkpoint(tmp_path_factory.mktemp("report") / "mine")


def test_it_is_one_file_that_asks_nothing_of_the_network(html):
    read = Read(html)
    assert not re.search(r"(src|href|action|poster)=\"(?!#|data:)", html)
    assert not [url for url in re.findall(r"url\(([^)]*)\)", html) if not url.startswith('"data:')]
    policy = next(each["content"] for each in read.named("meta") if each.get("http-equiv"))
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy and "http" not in policy
    texts = [
        read.inside["style"][0],
        *(read.script(each.get("id")) for each in read.named("script") if "id" not in each),
    ]
    texts += [read.inside["script"][n] for n, each in enumerate(read.named("script")) if each.get("type") == "module"]
    for text in texts:
        assert b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy
    assert len(html.encode()) < 3e6


def test_headings_and_sections_can_be_found(html):
    read = Read(html)
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))
    ids = [each["id"] for _, each in read.tags if "id" in each]
    assert len(ids) == len(set(ids))
    links = [each["href"] for each in read.named("a")]
    assert links and all(link.removeprefix("#") in ids for link in links)
    assert all(
        each.get("role") == "img" and each["aria-label"] for each in read.named("svg") if "logo" not in str(each)
    )


def test_it_says_what_the_pages_say(gathered, html, demo):
    film, words = gathered.story.film, re.sub(r"<[^>]+>", "", html)
    assert demo.catalogue.titles[film.item] in Read(html).inside["h2"][3]
    measured = demo.metrics["test"]["ndcg@100"]["mean"]
    assert f"NDCG@100 {measured:.3f}".replace("0.", ".") in words
    assert "the viewers are simulated" in words and "not probabilities" in words
    for title, value in list(film.case.supporters.items())[:3]:
        assert title in words and film.case.unit.text(value) in words
    assert len(gathered.story.first) == gathering.TOLD
    names = [demo.catalogue.titles[item] for item in gathered.story.found.items]
    assert all(name in words for name in map(lambda text: text.replace("&", "&amp;").replace("'", "&#39;"), names))


def test_every_export_says_where_it_comes_from(html, demo):
    read = Read(html)
    about = json.loads(read.script("provenance"))
    metas = {each["name"].removeprefix("vasp-lens:"): each["content"] for each in read.named("meta") if "name" in each}
    for name, value in about.items():
        assert name == "versions" or metas[name] == value
    assert about["checkpoint_digest"] == demo.digest and about["command"] == "vasp-lens report demo --out report.html"
    assert about["data_fingerprint"] == demo.manifest["dataset"]["fingerprint"] and about["versions"]["numpy"]
    assert provenance.line(about) in html and demo.digest in html
    assert json.loads(read.script("maps-data"))["light"]["provenance"] == provenance.line(about)


class Renamed:
    """A checkpoint whose films have other titles."""

    def __init__(self, checkpoint, catalogue) -> None:
        self._checkpoint, self.catalogue = checkpoint, catalogue

    def __getattr__(self, name: str):
        return getattr(self._checkpoint, name)


def renamed(checkpoint, title: str = EVIL):
    """The checkpoint with a title and a genre for each film that would end a script."""
    frame = checkpoint.catalogue.frame
    titles, genres = [f"{title} {n}" for n in range(len(frame))], [[title, "Horror"]] * len(frame)
    return Renamed(checkpoint, Catalogue(frame.assign(title=titles, genres=genres)))


def test_nothing_from_data_becomes_markup(small):
    evil = renamed(small)
    text = page.html(gathering.gather(evil, answering.open(small, "cpu"), f"vasp-lens report {EVIL!r}"))
    read = Read(text)
    assert not read.named("img") and not any("onerror" in each for _, each in read.tags)
    assert len(read.named("script")) == 1
    assert EVIL in json.loads(read.script("provenance"))["command"]
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt; &amp; *b* " in text


def test_data_of_the_maps_end_no_script(gathered, demo):
    read = Read(page.html(replace(gathered, checkpoint=renamed(demo))))
    assert not read.named("img") and len(read.named("script")) == 3
    assert json.loads(read.script("maps-data"))["points"]["title"][0].startswith(EVIL)


def test_what_was_not_measured_is_named_with_its_command(small):
    text = told(small)
    commands = [code for code in Read(text).inside["code"]]
    for kind in ("map", "quality", "fidelity", "audit", "parts"):
        assert any(f"vasp-lens {kind} {small.argument}" in code for code in commands), kind
    assert "maps-data" not in text and text.count("<script") == 1


@pytest.mark.parametrize("model", ["ease", "popularity"])
def test_models_without_factors_have_a_report_too(model, tmp_path):
    checkpoint = trained.checkpoint(tmp_path / model, model)
    read = Read(told(checkpoint))
    words = " ".join(read.inside["h3"])
    assert "What the history adds" in words and "What each part of the model adds" not in words
    assert "This model is computed in one step" in told(checkpoint)


def test_a_film_of_the_history_is_explained_as_if_unseen(small):
    user = small.users.at(small.users.rows("test")[0])
    film = user.history[0]
    text = told(small, user.id, str(small.catalogue.ids[film]))
    assert "as if it were unseen" in text and small.catalogue.titles[film] in text
    assert f"--user {user.id} --film {small.catalogue.ids[film]} --out report.html" in text


def test_nobody_and_nothing_unknown_is_told_of(small):
    with pytest.raises(UnknownUserError, match="nobody"):
        told(small, "nobody")
    with pytest.raises(UnknownItemError, match="nothing"):
        told(small, None, "nothing")


def test_a_bundle_tells_the_same(small, tmp_path):
    bundle = making.make(small, tmp_path / "bundle", making.rows_of(small, 2), 3)
    user = bundle.users.frame["id"].iloc[0]

    def body(checkpoint):
        text = told(checkpoint, user)
        return text[text.index('<section id="list">') : text.index('<section id="quality">')]

    assert body(bundle) == body(small)
    films = set(range(len(small.catalogue))) - set(small.users.find(user).history.tolist())
    listed = set(
        answering.open(small, "cpu").recommend(small.users.find(user).history, answering.LISTED).items.tolist()
    )
    if beyond := sorted(films - listed):
        with pytest.raises(BundleError, match="vasp-lens"):
            told(bundle, user, str(small.catalogue.ids[beyond[0]]))


def test_a_report_never_takes_the_place_of_something_else(tmp_path, html):
    other, mine = tmp_path / "notes.html", tmp_path / "report.html"
    other.write_text("<p>Notes", encoding="utf-8")
    with pytest.raises(SettingError, match="--replace"):
        writing.check(other, replace=False)
    writing.check(other, replace=True)
    writing.write(mine, html)
    writing.check(mine, replace=False)
    with pytest.raises(SettingError, match="folder"):
        writing.check(tmp_path, replace=True)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["notes.html", "report.html"]


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--user=nobody",), "'nobody'"), (("--film=-nothing",), "'-nothing'"), (("--out=notes.html",), "--replace")],
)
def test_what_cannot_be_told_is_one_sentence(small, options, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes.html").write_text("my notes", encoding="utf-8")
    assert main([str(small.folder), "--device=cpu", "--out=report.html", *options]) == 2
    told_last = capsys.readouterr().err.strip().splitlines()[-1]
    assert said in told_last
    assert [path.read_text() for path in tmp_path.iterdir()] == ["my notes"]


def test_a_report_takes_the_place_of_an_older_one_and_of_what_is_given_up(small, tmp_path, capsys):
    file = tmp_path / "new" / "report.html"
    for _ in range(2):
        assert main([str(small.folder), "--device=cpu", f"--out={file}"]) == 0
    assert "MB" in capsys.readouterr().out
    file.write_text("my notes", encoding="utf-8")
    assert main([str(small.folder), "--device=cpu", f"--out={file}", "--replace"]) == 0
    assert file.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_words_of_the_pages_become_html_and_nothing_else_does():
    text = r":orange[■] NEASE :small[:gray[a **b** \[x\]]] :material/check: `c<d>` \<i\> <i> [a](b) ![c](d) &lt;"
    made = str(markup.inline(text))
    assert '<span class="ink-orange">■</span> NEASE' in made
    assert '<span class="ink-small"><span class="ink-gray">a <strong>b</strong> [x]</span></span> ✓' in made
    assert "<code>c&lt;d&gt;</code>" in made and "&lt;i&gt; &lt;i&gt;" in made
    assert "<a" not in made and "<img" not in made and "&amp;lt;" in made
    assert str(markup.block("a\n\nb")) == "<p>a</p>\n<p>b</p>\n"


def test_measures_of_every_kind_have_their_place(gathered):
    shown = page.sections(gathered)
    titles = len(shown["trust"]["parts"]) + 1
    assert titles == len(measures.KINDS), "a kind of measure that no section tells"
