"""How numbers and answers are written: plain functions of values, used by pages, dialogs and downloads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import math

import numpy as np

from vasp_models.recommending import FACTOR_TITLES

PART_NAMES = {
    "joint": "Joint", "nease": "NEASE", "low_rank": "Low-rank path", "sparse": "Sparse path", "flvae": "FLVAE",
}  # fmt: skip
LINEAR = ("nease", "low_rank", "sparse")  # the parts whose logit is a sum over the history
INKS = {  # Streamlit's names of their colours
    **dict.fromkeys(LINEAR, "orange"), "flvae_residual": "blue", "flvae_latent": "green",
}  # fmt: skip
NOT_SEEN = "not seen by the model"
CLEAR_PURITY = 0.05  # a smaller difference between two parts is not worth a sentence
PART_NOTES = {**dict.fromkeys(LINEAR, "linear part"), "flvae": "both deep heads"}
DISTANCE_NAMES = {"paper": "Paper", "lift": "Lift"}


def factor_name(factor: str) -> str:
    """A factor of the model as people read it."""
    return FACTOR_TITLES.get(factor, factor.replace("_", " ").capitalize())


def inked(factor: str) -> str:
    """A factor's name after a square in its colour (Markdown); for an unknown factor the name alone."""
    return f":{INKS[factor]}[■]\u00a0{factor_name(factor)}" if factor in INKS else factor_name(factor)


def part_name(part: str) -> str:
    """A part of the model as people read it."""
    return PART_NAMES.get(part, part.upper() if len(part) <= 6 else factor_name(part))


def times(log_factor: float, decimals: int = 1) -> str:
    """A log factor as what it does: ``×4.1`` lifts, ``÷1.2`` lowers; ``×206`` from 100 on, ``×5.5·10⁶`` from 10⁶."""
    sign, size = ("×", log_factor) if log_factor >= 0 else ("÷", -log_factor)
    factor = math.exp(min(size, 700.0))
    if factor >= 999_999.5:
        mantissa, exponent = f"{factor:.1e}".split("e")
        return f"{sign}{'' if mantissa == '1.0' else f'{mantissa}·'}10{_superscript(int(exponent))}"
    text = f"{factor:,.{decimals if factor < 99.95 else 0}f}"
    return f"×{text}" if float(text.replace(",", "")) == 1 else f"{sign}{text}"


def quality(value: float, digits: int = 3) -> str:
    """A quality between 0 and 1 without its leading zero: ``.443``."""
    text = f"{value:.{digits}f}"
    return text.replace("0.", ".", 1) if abs(value) < 1 and not text.lstrip("-").startswith("1") else text


def share(value: float, digits: int = 0) -> str:
    """A share as ``59%``."""
    return f"{100 * value:.{digits}f}%"


def plain_score(value: float) -> str:
    """A raw score in three significant digits."""
    return f"{value:.2e}" if value and not 1e-3 <= abs(value) < 1e5 else f"{value:.3g}"


def scientific(value: float) -> str:
    """A small residual in scientific form: ``2.1 × 10⁻⁷``."""
    if not value:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    return f"{value / 10**exponent:.1f} × 10{_superscript(exponent)}"


def seconds(value: float) -> str:
    """A duration as ``4 min 12 s``."""
    whole = round(value)
    if whole < 60:
        return f"{max(whole, 1)} s"
    hours, rest = divmod(whole, 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: ``1 film``, ``3,483 films``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def markdown(text: str) -> str:
    """`text` from data with every character that Markdown or Streamlit would read as a sign made plain."""
    return "".join("\\" + c if c in r"\`*_{}[]<>()#+-.!|~$:^&" else c for c in text)


def sentence(text: str) -> str:
    """A plain sentence as Markdown: what stands between backticks stays code, everything else is text."""
    pieces = text.split("`")
    return "".join(f"`{piece}`" if n % 2 else markdown(piece) for n, piece in enumerate(pieces))


def joined(names: Sequence[str]) -> str:
    """Names in a sentence: ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "none"


def _superscript(number: int) -> str:
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def strongest_factor(lifts: Mapping[str, np.ndarray]) -> tuple[str, int]:
    """The factor that lifts most films most, and how many films those are."""
    names = list(lifts)
    winners = np.bincount(np.argmax(np.stack([lifts[name] for name in names]), axis=0), minlength=len(names))
    return names[int(winners.argmax())], int(winners.max())


def recommendation_answer(
    title: str,
    n_candidates: int,
    lifts: Mapping[str, np.ndarray],
    base_rank: int | None,
    n_hits: int,
    n_held_out: int,
    k: int,
    part: str | None = None,
    ranked: Sequence[str] = (),
) -> str:
    """The Recommend page's answer: what comes first, what the history did to it, how many hits, whose doing it is.

    `base_rank` is the first film's place for a stranger, None where a stranger's films all have the same score. Where
    one `part` alone ranks, the answer tells of its score, the product of the factors `ranked`.
    """
    first = f"**{markdown(title)}** comes first of {n_candidates:,} unseen films{f' by {part} alone' if part else ''}"
    if lifts:
        total = float(sum(lifts[name][0] for name in ranked or lifts))
        moved = f" and its place from #{base_rank:,} to #1" if base_rank else "; for a stranger all films score alike"
        moved = "; for a stranger it comes first too" if base_rank == 1 else moved
        change = times(total, 0 if abs(total) > 2.3 else 1)
        first += f": this history {'raises' if total >= 0 else 'lowers'} its score {change}{moved}"
    hits = ""
    if n_held_out:
        hits = f"**{n_hits} of the {k}** films shown {'is' if n_hits == 1 else 'are'} among the {n_held_out:,} held out"
    voice = "" if part else _voice(lifts, k, bool(hits))
    rest = [clause for clause in (hits, voice) if clause]
    return f"{first}. {', and '.join(rest)}." if rest else f"{first}."


def _voice(lifts: Mapping[str, np.ndarray], k: int, follows: bool) -> str:
    """Which factor speaks loudest, as a clause that stands alone or follows another; empty without factors."""
    if not lifts:
        return ""
    name, films = strongest_factor(lifts)
    whose = "them" if follows else f"the {k} shown"
    speaker = factor_name(name) if factor_name(name).isupper() else f"the {factor_name(name).lower()}"
    speaker = speaker if follows else speaker[0].upper() + speaker[1:]
    return f"{speaker} is the strongest voice for {'all' if films == k else films} of {whose}"


def why_no_hits(split: str, n_held_out: int) -> str | None:
    """Why the list of a user who is no test user shows no hits, or shows hits that prove less; None for test users."""
    if split == "train":
        return "This is a **train user**: the model learned from every film of this history, so nothing was held out."
    if split == "validation":
        tuned = "This is a **validation user**: the model was chosen by how well it finds this user's held-out films"
        return f"{tuned}, so the hits prove less than a test user's." if n_held_out else f"{tuned}."
    return None if n_held_out else "Nothing was held out for this user, so the list can show no hits."


def overview_answer(model: str, dataset: str, metrics: Mapping, difference: Mapping | None) -> str:
    """The Overview page's answer: model, data, NDCG@100 and, where known, the paired difference to another model."""
    users = count(int(metrics["users"]), "unseen user")
    first = (
        f"**{model}**, trained on **{markdown(dataset)}**, puts the films that {users} liked high in its lists: "
        f"**NDCG@100 {quality(metrics['ndcg@100']['mean'])}**"
    )
    if not difference:
        return f"{first}."
    above = "above" if difference["mean"] >= 0 else "below"
    gap, same = quality(abs(difference["mean"])), "the same user" if metrics["users"] == 1 else "the same users"
    if difference["se"] is not None:
        gap += f"\u00a0±\u00a0{quality(difference['se'])}"
    return f"{first}, which is {gap} {above} {difference['title']} on {same}."


def maps_answer(purity: Mapping[str, float], chance: float, coloured: str) -> str:
    """The maps' answer: which part gathers genres, in the shares of a film's ten nearest that share its genre."""
    parts = {part: value for part, value in purity.items() if part != "joint"}
    shares = [f"**{share(value)}** in {part_name(part)}" for part, value in sorted(parts.items(), key=lambda p: -p[1])]
    joint = share(purity["joint"])
    shares.append(f"{joint} in the joint model" if parts else f"**{joint}**")
    near = f"Of the ten films nearest to a film of {coloured}, {joined(shares)} share its genre"
    near = f"{near}; by chance {share(chance)}."
    return f"**{_gathers(parts)}** {near}" if len(parts) > 1 else near


def _gathers(parts: Mapping[str, float]) -> str:
    best, worst = max(parts, key=parts.get), min(parts, key=parts.get)
    if parts[best] - parts[worst] >= CLEAR_PURITY:
        return f"{part_name(best)} gathers films of a genre more than {part_name(worst)}."
    return f"{joined([part_name(part) for part in parts])} gather genres about equally."
