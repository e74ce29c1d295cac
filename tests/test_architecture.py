"""The house rules that a reader would else have to trust: who imports whom, torch late, nothing unsafe, small files."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
import importlib.metadata
import os
from pathlib import Path
import re
import subprocess
import sys
import textwrap
import tomllib

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("vasp_models", "app", "pages")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
SCRIPTS = sorted((ROOT / "assets").rglob("*.js"))

# Each part of vasp_models, and the parts it may import (itself always). A line reads: data builds on errors and places.
FOUNDATION = {"errors", "places", "provenance"}
MAY_IMPORT = {
    "errors": set(),
    "places": {"errors"},
    "provenance": set(),
    "devices": {"errors"},
    "jobs": FOUNDATION,
    "measures": FOUNDATION | {"jobs"},
    "tmdb": {"errors"},
    "manifests": FOUNDATION | {"data"},
    "verified": FOUNDATION | {"data"},
    "published": FOUNDATION | {"evaluation", "results"},
    "posters": FOUNDATION | {"data", "tmdb"},
    "diagnostics": FOUNDATION | {"checkpoints", "data", "devices", "jobs", "measures", "posters", "projections"},
    "data": FOUNDATION,
    "evaluation": FOUNDATION | {"data"},
    "training": FOUNDATION | {"data", "devices", "evaluation"},
    "models": FOUNDATION | {"data", "devices", "evaluation", "training"},
    "plans": FOUNDATION | {"data", "devices", "evaluation", "training", "models"},
    "recommending": FOUNDATION | {"data", "evaluation", "models"},
    "explanations": FOUNDATION
    | {"data", "evaluation", "jobs", "measures", "training", "models", "recommending", "projections"},
    "projections": FOUNDATION | {"data", "jobs"},
}
WHOLE_PROGRAM = {
    "checkpoints",
    "answering",
    "bundles",
    "runs",
    "benchmarking",
    "reproducing",
    "comparing",
    "demo_checkpoint",
    "measuring",
    "studies",
    "speed",
    "scoring",
    "cli",
}  # these stand on everything below them
TORCH_FREE = (
    *("data", "evaluation", "checkpoints", "recommending", "explanations", "projections", "answering", "bundles"),
    *(
        "errors",
        "places",
        "provenance",
        "manifests",
        "verified",
        "devices",
        "jobs",
        "measures",
        "cli",
        "tmdb",
        "posters",
        "diagnostics",
        "comparing",
        "results",
        "published",
        "scoring",
    ),
)
# Import name -> name in the registry.
OTHER_NAMES = {"sklearn": "scikit-learn", "markdown_it": "markdown-it-py", "PIL": "pillow"}
PAGES, MODELS = ROOT / "pages", ROOT / "vasp_models" / "models"
PAGE_LINES, MODEL_LINES, FILE_LINES, FUNCTION_LINES = 120, 250, 299, 60


@dataclass(frozen=True)
class Import:
    file: Path
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.module}"


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def nodes(kind: type | tuple[type, ...], files: list[Path] = FILES) -> Iterator[tuple[Path, ast.AST]]:
    for path in files:
        for node in ast.walk(tree(path)):
            if isinstance(node, kind):
                yield path, node


def imports() -> Iterator[Import]:
    for path, node in nodes((ast.Import, ast.ImportFrom)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif node.module in {"vasp_models", "app"}:  # from vasp_models import places
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = [node.module or "." * node.level]
        yield from (Import(path, node.lineno, name) for name in names)


def part_of(path: Path) -> tuple[str, str]:
    """("vasp_models", "data") of vasp_models/data/splits.py; ("app", "main") of app/main.py."""
    folder, *rest = path.relative_to(ROOT).with_suffix("").parts
    return folder, rest[0]


def shown(found: list) -> str:
    return "\n" + "\n".join(map(str, found))


def test_the_core_knows_neither_streamlit_nor_the_dashboard():
    strangers = {"streamlit", "app", "pages"}
    core = [each for each in imports() if part_of(each.file)[0] == "vasp_models"]
    found = [each for each in core if each.module.split(".")[0] in strangers]
    assert not found, shown(found)


def test_nobody_imports_a_page():
    found = [each for each in imports() if each.module.split(".")[0] == "pages"]
    assert not found, shown(found)


def test_each_part_of_the_core_imports_only_what_it_stands_on():
    found = []
    for each in imports():
        folder, part = part_of(each.file)
        names = each.module.split(".")
        if folder != "vasp_models" or names[0] != "vasp_models" or len(names) == 1 or part in WHOLE_PROGRAM:
            continue
        if names[1] not in MAY_IMPORT.get(part, FOUNDATION) | {part}:
            found.append(each)
    assert not found, shown(found)


def test_only_the_command_line_imports_the_command_line():
    found = [each for each in imports() if each.module.startswith("vasp_models.cli") and "cli" not in each.file.parts]
    assert not found, shown(found)


def test_charts_draw_without_streamlit():
    found = [each for each in imports() if part_of(each.file)[0] == "app" and each.file.stem in {"charts", "theme"}]
    assert len({each.file for each in found}) >= 2, "app/charts.py is gone: this rule needs a new name"
    assert not [each for each in found if each.module.startswith("streamlit")]


def test_reports_are_drawn_and_worded_where_streamlit_is_not_installed():
    """With all that they import of the pages' charts and words."""
    names = modules("app", ("report",))
    assert "app.report.page" in names
    body = f"""
        import importlib
        for name in {names!r}:
            importlib.import_module(name)
    """
    done = without("streamlit", body)
    assert done.returncode == 0, done.stderr


def test_no_import_is_relative_and_none_shadows_the_standard_library():
    assert not [each for each in imports() if each.module.startswith(".")]
    # `streamlit run app/main.py` puts app/ first on the path.
    assert not [path for path in (ROOT / "app").glob("*.py") if path.stem in sys.stdlib_module_names]


def test_every_package_that_is_imported_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [line for name, lines in project["optional-dependencies"].items() if name != "dev" for line in lines]
    declared = {canonicalize_name(Requirement(line).name) for line in (*project["dependencies"], *extras)}
    known = sys.stdlib_module_names | {"vasp_models", "app", "pages", "__future__"}
    missing = []
    for each in imports():
        name = each.module.split(".")[0]
        if name not in known and canonicalize_name(OTHER_NAMES.get(name, name)) not in declared:
            missing.append(each)
    assert not missing, shown(missing)


def test_the_constraints_pin_everything_that_is_installed_for_us():
    lines = (line.split("#")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines())
    pins = {canonicalize_name(pin.name): str(pin.specifier) for pin in map(Requirement, filter(None, lines))}
    here, anywhere = closure("vasp-lens", extra="dev")
    # A CUDA build of torch brings its own libraries, which it pins itself.
    ours = {name for name in here if not re.match(r"nvidia-|cuda-|triton", name)}
    assert {name: pins.get(name) for name in ours} == {
        name: f"=={importlib.metadata.version(name).split('+')[0]}" for name in ours
    }
    assert pins.keys() <= anywhere, "constraints.txt pins what nobody needs"


def closure(start: str, extra: str) -> tuple[set[str], set[str]]:
    """Names of all that `start` needs on this machine, and of all that these would need on any machine."""
    here, anywhere, todo = set(), set(), [(start, extra)]
    while todo:
        name, wanted = todo.pop()
        for need in map(Requirement, importlib.metadata.requires(name) or ()):
            needed = canonicalize_name(need.name)
            if need.marker is None or need.marker.evaluate({"extra": wanted}):
                todo += [(needed, "")] if needed not in here else []
                here.add(needed)
            if need.marker is None or "extra" not in str(need.marker) or wanted:
                anywhere.add(needed)
    return here, anywhere


def without(blocked: str, body: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run Python where importing a package is an error."""
    guard = f"""
        import sys
        class Blocked:
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] == {blocked!r}:
                    raise ImportError("{blocked} was imported")
        sys.meta_path.insert(0, Blocked())
        sys.path.insert(0, {str(ROOT)!r})
    """
    code = textwrap.dedent(guard) + textwrap.dedent(body)
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, capture_output=True, text=True, env=dict(os.environ))


def modules(folder: str, parts: tuple[str, ...] | None = None) -> list[str]:
    paths = [path for path in FILES if part_of(path)[0] == folder and (parts is None or part_of(path)[1] in parts)]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in paths]
    return [name for name in names if not name.endswith("__main__")]


def test_torch_is_imported_only_when_a_model_is_needed():
    # app.main is the script that Streamlit runs: it draws as soon as it is imported, and has its own tests.
    dashboard = [name for name in modules("app") if name != "app.main"]
    names = ["vasp_models", *modules("vasp_models", TORCH_FREE), *dashboard]
    body = f"""
        import importlib
        for name in {names!r}:
            importlib.import_module(name)
    """
    done = without("torch", body)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("extra", ["implicit", "ray"])
def test_what_is_an_extra_is_imported_only_where_it_is_asked_for(extra):
    body = f"""
        import importlib
        for name in {modules("vasp_models")!r}:
            importlib.import_module(name)
    """
    done = without(extra, body)
    assert done.returncode == 0, done.stderr


def test_no_model_brings_sympy():
    """Most of a second, in every command that makes a model."""
    body = """
        import sys
        from vasp_models.models import MODELS, create, preset
        for name in MODELS:
            create(name, preset(name)[0], 20)
        assert "sympy" not in sys.modules
    """
    done = without("streamlit", body)
    assert done.returncode == 0, done.stderr


def test_the_demo_can_be_read_without_torch():
    body = """
        from vasp_models import checkpoints
        demo = checkpoints.load("demo")
        assert len(demo.catalogue) >= 600 and demo.metrics and len(demo.users.frame) and len(demo.curve)
    """
    done = without("torch", body)
    assert done.returncode == 0, done.stderr


def test_the_core_runs_where_streamlit_is_not_installed():
    body = f"""
        import importlib
        for name in {modules("vasp_models")!r}:
            importlib.import_module(name)
    """
    done = without("streamlit", body)
    assert done.returncode == 0, done.stderr


def test_nothing_is_pickled():
    unsafe = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    assert not [each for each in imports() if each.module.split(".")[0] in unsafe]
    found = []
    for path, node in nodes(ast.Call):
        call = ast.unparse(node.func)
        pickles = any(word.arg == "allow_pickle" and ast.unparse(word.value) != "False" for word in node.keywords)
        if pickles or call in {"torch.load", "torch.save"} or call.endswith((".to_pickle", ".read_pickle")):
            found.append(f"{path.relative_to(ROOT)}:{node.lineno} {call}")
    assert not found, shown(found)


def test_no_data_is_rendered_as_html():
    found = []
    for path, node in nodes(ast.Call):
        unsafe = {word.arg: ast.unparse(word.value) for word in node.keywords}.get("unsafe_allow_html", "False")
        call = ast.unparse(node.func)
        # Own rules of style are constants: a literal, a CONSTANT or a file of ours.
        own = bool(node.args) and re.fullmatch(r"(\w+\.)?[A-Z_]+|['\"]<style>.*", ast.unparse(node.args[0]), re.S)
        if (unsafe != "False" or call in {"st.html", "components.html"}) and not own:
            found.append(f"{path.relative_to(ROOT)}:{node.lineno} {call}")
    for path in SCRIPTS:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", line):
                found.append(f"{path.relative_to(ROOT)}:{number} {line.strip()}")
    assert not found, shown(found)


def test_nothing_of_ours_is_fetched_from_another_host():
    written = re.compile(r"https?://[^\s\"'`)>]+")
    texts = [path for path in (ROOT / "assets").rglob("*") if path.suffix in {".js", ".css", ".svg", ".html"}]
    found = [f"{path.name}: {url}" for path in texts for url in written.findall(path.read_text(encoding="utf-8"))]
    assert not [line for line in found if "www.w3.org" not in line], found  # the name of SVG's namespace is no request


def _text(node: ast.AST | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def test_no_page_reads_the_widgets_of_another():
    """What a file asks of the session is the value of a widget of its own; what is shared goes through app/state.py."""
    found = []
    for path in (path for path in FILES if part_of(path)[0] in {"app", "pages"}):
        asked = [node.slice for _, node in nodes(ast.Subscript, [path]) if _is_session(node.value)]
        asked += [
            node.args[0]
            for _, node in nodes(ast.Call, [path])
            if isinstance(node.func, ast.Attribute) and _is_session(node.func.value) and node.args
        ]
        for key in asked:  # a text or a name of this file; an attribute is a name of another one
            if isinstance(key, ast.Attribute) or _is_imported(path, key):
                found.append(f"{path.relative_to(ROOT)}:{key.lineno} asks for {ast.unparse(key)}")
    assert not found, shown(found)


LOOKS = {"answer"}  # keys of containers, which only give a place its style


def test_no_two_files_give_their_widgets_one_key():
    """Else the one would find what was chosen in the other."""
    owners: dict[str, set[str]] = {}
    for path, node in nodes(ast.Call):
        if part_of(path)[0] == "vasp_models" or not ast.unparse(node.func).startswith(("st.", "widgets.")):
            continue
        for word in node.keywords:
            if word.arg == "key" and _text(word.value):
                owners.setdefault(_text(word.value), set()).add(str(path.relative_to(ROOT)))
    twice = {key: sorted(files) for key, files in owners.items() if len(files) > 1 and key not in LOOKS}
    assert not twice, twice


def _is_session(node: ast.AST) -> bool:
    return ast.unparse(node) == "st.session_state"


def _is_imported(path: Path, key: ast.AST) -> bool:
    """Whether a key is a name that another file of ours defines."""
    names = {
        alias.asname or alias.name
        for _, node in nodes(ast.ImportFrom, [path])
        if (node.module or "").split(".")[0] in {"app", "pages"}
        for alias in node.names
    }
    return isinstance(key, ast.Name) and key.id in names


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path):
    lines = len(path.read_text(encoding="utf-8").splitlines())
    limit = {PAGES: PAGE_LINES, MODELS: MODEL_LINES}.get(path.parent, FILE_LINES)
    assert lines <= limit, f"{path.name} has {lines} lines, {limit} are allowed"
    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for _, node in nodes((ast.FunctionDef, ast.AsyncFunctionDef), [path])
        if node.end_lineno - node.lineno + 1 > FUNCTION_LINES
    ]
    assert not long, long
