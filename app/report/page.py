"""The report as one HTML file that asks nothing of a network: its sections put into the template."""

from __future__ import annotations

from base64 import b64encode
from datetime import datetime
from functools import cache
import hashlib
import json
import platform

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from app import overview_facts, words
from app.report import look, maps, markup, model, pieces, quality, story, trust
from app.report.gathering import Gathered
from app.theme import ASSETS
from vasp_models import provenance

FOLDER = ASSETS / "report"
MARK = "VASP Lens report"  # by this a file is known as one of ours
WHOM = (
    "For those who decide about a recommender, and for those who have to answer for what it recommends. Each section "
    "begins with its answer; the small folds say how it was computed. The file is whole: it can be kept, sent on and "
    "printed, and it asks nothing of the network."
)
LIMITS = (
    "**Offline only.** The figures say how well the model finds films that users had already chosen. Whether a user "
    "would like the others, nobody has asked.",
    "**Scores are not probabilities.** They put films in an order for one user; they do not compare users, and twice "
    "the score is not twice the chance.",
    "**Reasons are the model’s, not the user’s.** They say what in the history moved the answer, not why somebody "
    "likes a film. Films that say the same cover for each other, so that each alone looks small.",
    "**One user is an example.** What was measured over many users stands in the sections with ± or an interval.",
    "**± covers users, not training.** The model was trained once ({seed}); another run would differ a little.",
    "**Maps show films alone.** They ask for profiles of one film, which no user has; places mean something within a "
    "map, never between maps.",
)
SIMULATED = "**The viewers of this data set are simulated.** The films are real; nothing here was observed of people."


def html(gathered: Gathered) -> str:
    """The report as the text of one file."""
    lines, about = provenance.line(gathered.about), gathered.about
    drawn = gathered.maps is not None
    texts = {"style": style(), "script": maps.script() if drawn else ""}
    names = {"checkpoint": gathered.checkpoint.label}
    context = {
        **{name: Markup(text) for name, text in texts.items()},
        "policy": policy(**texts),
        "mark": f"{MARK}, {about['program']}",
        "line": lines,
        "provenance": {name: value for name, value in about.items() if isinstance(value, str)},
        "provenance_json": script_json(about),
        "maps_json": script_json(maps.data(gathered)) if drawn else None,
        "title": f"VASP Lens report · {names['checkpoint']}{_whose(gathered)}",
        "logos": {name: Markup(look.logo(name)) for name in ("light", "dark")},
        "day": _day(about["made"]),
        "model": overview_facts.model_title(gathered.checkpoint),
        "data": _data(gathered),
        "summary": summary(gathered),
        "whom": WHOM,
        "limits": limits(gathered),
        "damaged": gathered.damaged,
        "footer": footer(gathered),
        **sections(gathered),
    }
    return _template().render(context | {"contents": contents(context)})


def sections(gathered: Gathered) -> dict:
    """What each section shows, by the name that it has in the template."""
    told = None
    if gathered.story is not None:
        why = story.explained(gathered) if gathered.story.film is not None else None
        told = {"question": story.question(gathered), "list": story.recommended(gathered), "why": why}
    return {
        "model_part": model.section(gathered),
        "maps_part": maps.section(gathered),
        "story": told,
        "quality": quality.section(gathered),
        "trust": trust.section(gathered),
    }


def contents(context: dict) -> list[tuple[str, str]]:
    """The sections that there are: id and title (Markdown)."""
    told = context["story"]
    rows = [("model", "How good is it?"), ("maps", context["maps_part"]["question"])]
    rows += [("list", told["question"])] if told else []
    rows += [("why", told["why"]["question"])] if told and told["why"] else []
    return [
        *rows,
        ("quality", context["quality"]["question"]),
        ("trust", "Are the reasons real?"),
        ("reading", "What this report does not say"),
    ]


def summary(gathered: Gathered) -> str:
    """The report in one paragraph (Markdown): how good, for the example why, and whether the reasons hold."""
    told = [model.answer(gathered)]
    told += [story.answer(gathered)] if gathered.story is not None else []
    told += [trust.answer(gathered)] if "fidelity" in gathered.measured else []
    return " ".join(told)


def limits(gathered: Gathered) -> list[str]:
    """What the report does not say (Markdown)."""
    about = gathered.checkpoint.manifest
    seed = f"seed {about['provenance']['seed']}"
    first = [SIMULATED] if about["dataset"].get("simulated") else []
    return [*first, *(limit.format(seed=seed) for limit in LIMITS)]


def footer(gathered: Gathered) -> pieces.Table:
    """Where the report comes from, digests in full."""
    about, manifest = gathered.about, gathered.checkpoint.manifest
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    made = manifest["provenance"]
    return pieces.facts(
        [
            ("Made", f"{about['made']} by {about['program']}, Python {platform.python_version()}"),
            ("Made again by", about["command"]),
            ("Checkpoint", f"{about['checkpoint']}, sha256 {about['checkpoint_digest']}"),
            ("Data", f"{about['data']}, {about['data_fingerprint'] or 'without a fingerprint'}"),
            ("Licence of the data", str(manifest["dataset"].get("licence") or "not recorded")),
            ("Trained by", f"{made['command']} ({made['created']}, {made['device']})"),
            ("Versions", versions),
        ]
    )


def _whose(gathered: Gathered) -> str:
    return "" if gathered.story is None else f" · user {gathered.story.user.id}"


def _data(gathered: Gathered) -> str:
    manifest, films = gathered.checkpoint.manifest, len(gathered.checkpoint.catalogue)
    users = manifest["protocol"]["stats"]["train_users"]
    data = overview_facts.dataset_title(gathered.checkpoint)
    return f"{data} · {words.count(users, 'train user')} · {words.count(films, 'film')}"


def _day(made: str) -> str:
    day = datetime.fromisoformat(made)
    return f"{day.day} {day:%B %Y}"


@cache
def style() -> str:
    """The style of the file: typefaces, colours of both themes, what the maps take them for, and our own rules."""
    light, dark = (f"{{ color-scheme: {name}; {look.variables(name)} }}" for name in ("light", "dark"))
    names = {
        "text-color": "text", "background-color": "background", "border-color": "border", "primary-color": "text",
        "dataframe-header-background-color": "card", "secondary-background-color": "card",
    }  # fmt: skip
    taken = "; ".join(f"--st-{name}: var(--{own})" for name, own in names.items())
    font = '--st-base-radius: 8px; --st-font: "Source Sans", "Source Sans 3", system-ui, sans-serif'
    rules = [
        look.typefaces(),
        f":root, #paper {light}",
        f"@media screen and (prefers-color-scheme: dark) {{ :root {dark} }}",
    ]
    return "\n".join(
        [
            *rules,
            f"#lens, #paper {{ {taken}; {font}; color: var(--text) }}",
            (FOLDER / "report.css").read_text(encoding="utf-8"),
        ]
    )


def policy(style: str, script: str) -> str:
    """The content security policy: nothing is fetched, and no script or style runs but those of this file."""
    allowed = {"style-src": style, "script-src": script}
    hashes = [f"{kind} {_hash(text)}" for kind, text in allowed.items() if text]
    return "; ".join(
        ["default-src 'none'", *hashes, "font-src data:", "img-src data:", "base-uri 'none'", "form-action 'none'"]
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def script_json(value: object) -> Markup:
    """A value as JSON that no text from data can end: `<`, `>` and `&` are written as escapes."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_listed)
    return Markup(text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e"))


def _listed(value: object) -> object:
    if hasattr(value, "tolist"):  # numpy's arrays and numbers
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is no JSON")


@cache
def _template():
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"inline": markup.inline, "block": markup.block}
    return environment.get_template("report.html")
