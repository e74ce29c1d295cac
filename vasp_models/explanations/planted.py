"""Planted truth: does the model hold what was planted in the simulated viewers of the demo?

Links, which are within reach of a linear model, are looked for in the linear path's weights; conjunctions, which are
not, in the pair interactions of the deep path (see `conjunctions`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vasp_models.data.catalogue import Catalogue
from vasp_models.data.demo import Planted
from vasp_models.data.interactions import Interactions
from vasp_models.errors import DataError
from vasp_models.explanations import conjunctions
from vasp_models.explanations.linear import linear_factor
from vasp_models.jobs import Report
from vasp_models.places import DEMO, assets_folder

if TYPE_CHECKING:
    from vasp_models.models.base import Recommender

TOP = 5
LINKS_DEMANDED = 0.8


def embedded() -> Planted:
    """What is planted in the viewers of the embedded demo."""
    return Planted.from_json((assets_folder() / DEMO / "planted.json").read_text(encoding="utf-8"))


def planted_truth(
    model: Recommender,
    planted: Planted,
    catalogue: Catalogue,
    profiles: Interactions,
    seed: int = 0,
    report: Report | None = None,
) -> dict[str, Any]:
    """What is found of the planted links and conjunctions, as plain JSON; None where the model lacks a path for it.

    `profiles` are histories of viewers whom the model was not trained on. Raises DataError where the catalogue is not
    that of the planted films.
    """
    _check(planted, catalogue)
    return {
        "seed": seed,
        "links": links(model, planted, catalogue),
        "conjunctions": conjunctions.told_apart(model, planted, catalogue, profiles, seed, report),
        "how": f"{_LINKS_READ} {conjunctions.READ}",
    }


_LINKS_READ = (
    f"A link from one film to another is found where the second is among the {TOP} films that the first raises most "
    "by NEASE's weights."
)


def links(model: Recommender, planted: Planted, catalogue: Catalogue, top: int = TOP) -> dict[str, Any]:
    """The share of links whose second film is among the `top` that the first raises most, W[first, :].

    "share_of_column" is the other reading: the first film among the `top` that raise the second most, W[:, second].
    Links to or from films that the catalogue lacks are left out; both are None for a model without a linear path.
    """
    known = [link for link in planted.links if {link.source, link.target} <= _known(catalogue)]
    row = {"planted": len(known), "found": None, "share": None, "share_of_column": None, "top": top}
    row |= {"demand": LINKS_DEMANDED, "by_kind": {}}
    if linear_factor(model) is None or not known:
        return row
    first, second = (
        np.array([catalogue.number(film) for film in ends])
        for ends in zip(*[(link.source, link.target) for link in known], strict=True)
    )
    weights = model.item_weights(np.arange(model.n_items))
    strength = weights[first, second]
    # NaN, a film that the model does not cover, is larger than nothing: such a link is not found.
    found = (strength == strength) & ((weights[first] > strength[:, None]).sum(axis=1) < top)
    led = (strength == strength) & ((weights[:, second] > strength).sum(axis=0) < top)
    kinds = np.array([link.kind for link in known])
    by_kind = {kind: _share(found[kinds == kind]) for kind in sorted(set(kinds.tolist()))}
    return row | _share(found) | {"share_of_column": float(led.mean()), "by_kind": by_kind}


def _share(found: np.ndarray) -> dict[str, Any]:
    return {"planted": len(found), "found": int(found.sum()), "share": float(found.mean())}


def _known(catalogue: Catalogue) -> set[int]:
    return set(catalogue.ids.tolist())


def _check(planted: Planted, catalogue: Catalogue) -> None:
    """Ids alone prove nothing: every data set counts its films from 1."""
    known = _known(catalogue)
    there = [film for film in planted.titles if film in known]
    same = [film for film in there if catalogue.titles[catalogue.number(film)] == planted.titles[film]]
    if not there or len(same) < len(there):
        raise DataError(
            "Nothing is planted in the data of this checkpoint: expected a model of the demo's simulated viewers, such "
            "as `demo` or one made by `vasp-lens train vasp --data demo`."
        )
