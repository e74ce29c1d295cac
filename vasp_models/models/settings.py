"""Settings and options as JSON and as `--set key=value`, checked by name and type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
import json
import types
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from vasp_models.errors import SettingError
from vasp_models.models import MODELS
from vasp_models.models.parts import PARTS
from vasp_models.models.vasp import ProductSettings
from vasp_models.training.options import Stage, TrainOptions, Turn

# Chosen by options of their own on the command line, or what gives a setting its name.
_HIDDEN = {"stages", "parts", "name", "device", "seed", "rate_scale", "turns"}

NOTHING = "nothing"  # how no value is written


def settings_to_json(settings: Any) -> dict[str, Any]:
    """Settings with the name of their class."""
    return {"kind": type(settings).__name__, **asdict(settings)}


def settings_from_json(plain: Mapping[str, Any]) -> Any:
    """Settings from settings_to_json. Raises KeyError or TypeError where a name is unknown or missing."""
    values = {key: value for key, value in plain.items() if key != "kind"}
    kind = {row.kind.Settings.__name__: row.kind.Settings for row in MODELS.values()}[plain["kind"]]
    if kind is ProductSettings:
        values["parts"] = {name: PARTS[name].Settings(**chosen) for name, chosen in values["parts"].items()}
    return kind(**values)


def options_to_json(options: TrainOptions) -> dict[str, Any]:
    """Options as plain values."""
    plain = json.loads(json.dumps(asdict(options)))
    return {name: value for name, value in plain.items() if value is not None}  # as before there was rows_at_once


def options_from_json(plain: Mapping[str, Any]) -> TrainOptions:
    """Options from options_to_json."""
    stages = tuple(_stage(stage) for stage in plain["stages"])
    return TrainOptions(**{**plain, "stages": stages})


def _stage(plain: Mapping[str, Any]) -> Stage:
    turns = tuple(Turn(**turn) for turn in plain.get("turns", ()))
    return Stage(**{**plain, "parts": tuple(plain["parts"]), "turns": turns})


def override(settings: Any, options: TrainOptions, changes: Mapping[str, str]) -> tuple[Any, TrainOptions]:
    """Settings and options with some values replaced, given as text under a name such as `latents` or `joint.epochs`.

    A bare name stands for every place that has it; a prefix (a part or a stage) narrows it down.
    Raises SettingError for a name that nothing has or a value of the wrong kind.
    """
    chosen: dict[str, dict[str, tuple[str, str]]] = {}  # owner -> setting -> its name as it was given, and the text
    for name, text in changes.items():
        places = [place for place in _places(settings, options) if place == name or place.endswith("." + name)]
        if not places:
            known = ", ".join(sorted({place.rsplit(".", 1)[-1] for place in _places(settings, options)}))
            raise SettingError(f"Unknown setting {name!r}: expected one of {known}, as in --set NAME=VALUE.")
        for place in places:
            owner, _, leaf = place.rpartition(".")
            chosen.setdefault(owner, {})[leaf] = (name, text)
    own, known = chosen.get("", {}), _names(settings)
    if parts := getattr(settings, "parts", {}):
        settings = replace(settings, parts={name: _changed(part, chosen.get(name, {})) for name, part in parts.items()})
    settings = _changed(settings, {leaf: given for leaf, given in own.items() if leaf in known})
    stages = tuple(_changed(stage, chosen.get(stage.name, {})) for stage in options.stages)
    options = _changed(options, {leaf: given for leaf, given in own.items() if leaf not in known})
    return settings, replace(options, stages=stages)


@dataclass(frozen=True)
class Choice:
    """A setting as `--set` names it, what it is where nobody chooses, and the kind of value it takes, in words."""

    name: str
    default: Any
    kind: str


def choices(settings: Any, options: TrainOptions) -> list[Choice]:
    """Every setting that can be changed, under its full name: of the model, its parts and its stages."""
    found = [*_choices("", settings)]
    for name, part in getattr(settings, "parts", {}).items():
        found += _choices(f"{name}.", part)
    found += _choices("", options)
    for stage in options.stages:
        found += _choices(f"{stage.name}.", stage)
    return found


def _choices(prefix: str, values: Any) -> Iterator[Choice]:
    kinds = get_type_hints(type(values))
    yield from (Choice(prefix + name, getattr(values, name), _in_words(kinds[name])) for name in _names(values))


def _in_words(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(NOTHING if each is type(None) else _in_words(each) for each in get_args(kind))
    return {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}[kind]


def with_epochs(options: TrainOptions, epochs: int) -> TrainOptions:
    """Options whose stages share `epochs` in their old proportions, at least one each. Raises SettingError."""
    training = [stage for stage in options.stages if stage.epochs]
    if not training:
        raise SettingError("This model is computed in one step and has no epochs: leave --epochs out.")
    if epochs < len(training):
        raise SettingError(f"--epochs {epochs} is too few: this schedule has {len(training)} stages of at least one.")
    shares = [max(1, round(epochs * stage.epochs / options.epochs)) for stage in training]
    while sum(shares) != epochs:  # rounding: the longest stage gives or takes
        shares[shares.index(max(shares))] += 1 if sum(shares) < epochs else -1
    left = iter(shares)
    return replace(options, stages=tuple(replace(s, epochs=next(left)) if s.epochs else s for s in options.stages))


def _places(settings: Any, options: TrainOptions) -> Iterator[str]:
    yield from _names(settings)
    for part, chosen in getattr(settings, "parts", {}).items():
        yield from (f"{part}.{name}" for name in _names(chosen))
    yield from _names(options)
    for stage in options.stages:
        yield from (f"{stage.name}.{name}" for name in _names(stage))


def _names(values: Any) -> list[str]:
    return [field.name for field in fields(values) if field.name not in _HIDDEN]


def _changed(values: Any, given: Mapping[str, tuple[str, str]]) -> Any:
    """All of them at once: what goes together is checked when it is together."""
    assert is_dataclass(values)
    kinds = get_type_hints(type(values))
    return replace(values, **{leaf: _parsed(kinds[leaf], *each) for leaf, each in given.items()})


def _parsed(kind: Any, name: str, text: str) -> Any:
    if get_origin(kind) is Literal:
        if text in get_args(kind):
            return text
        raise SettingError(f"--set {name}={text}: expected one of {', '.join(get_args(kind))}.")
    if get_origin(kind) in (Union, types.UnionType):
        if text == NOTHING:
            return None
        kind = next(choice for choice in get_args(kind) if choice is not type(None))
    if kind is bool:
        if text.lower() in ("true", "false"):
            return text.lower() == "true"
        raise SettingError(f"--set {name}={text}: expected true or false.")
    try:
        return kind(text)
    except ValueError:
        words = {int: "a whole number", float: "a number"}
        raise SettingError(f"--set {name}={text}: expected {words.get(kind, kind.__name__)}.") from None
