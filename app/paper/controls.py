"""The controls of the Paper page: the data set and the downloads, and the recipe whose rows are shown."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app import cached, exports, state, widgets
from app.paper import facts, tables
from vasp_models import provenance
from vasp_models.errors import VaspLensError
from vasp_models.published import recipes, verdicts
from vasp_models.published.reproduced import Measured


def data_set(found: Sequence[Measured]) -> str:
    """The data set whose claims are shown: the chosen one, else the one that most was measured on."""
    offered = facts.data_sets(found)
    if state.current().paper_data not in offered:
        state.settle(paper_data=offered[0])
    return state.current().paper_data


def row(found: Sequence[Measured], shown: facts.Shown) -> None:
    """The choice of the data set, and the downloads at its right."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        title = {"format_func": verdicts.title_of, "width": 260}
        st.selectbox("Data set", facts.data_sets(found), **title, **widgets.bound("paper_data"))
        st.space("stretch")
        with exports.menu():
            file, wide = f"claims-{shown.data}", {"width": "stretch"}
            rows, record = lambda: tables.records(shown), lambda: everything(shown)
            exports.download_csv(rows, file, None, "Claims as CSV", key="paper_csv", **wide)
            exports.download_json(record, file, None, "Everything as JSON", key="paper_json", **wide)


def everything(shown: facts.Shown) -> dict:
    """The claims with their verdicts, and all that was measured for them."""
    measured = {name: {"whose": each.whose} | each.record for name, each in shown.measured.items()}
    return {"data": shown.data, "claims": tables.records(shown).to_dict("records"), "measured": measured}


def recipe(shown: facts.Shown) -> str:
    """The recipe whose rows are shown."""
    offered = facts.measured_recipes(shown)
    if state.current().paper_recipe not in offered:
        state.settle(paper_recipe=next((name for name in offered if name == tables.MAIN), offered[0]))
    title = {"format_func": facts.recipe_title, "width": 420}
    return st.selectbox("Table", offered, **title, **widgets.bound("paper_recipe"))


def parts(chosen, data: str) -> facts.Parts:
    """What was measured of the parts of the open checkpoint, where it is a VASP of this data set."""
    if chosen.manifest["dataset"]["name"] != data or chosen.manifest["model"] != "vasp":
        return facts.Parts()
    try:
        found = cached.measure(chosen, recipes.PARTS)
    except VaspLensError:  # the page on explanation quality says what is wrong
        return facts.Parts()
    if found is None:
        return facts.Parts(None, None if chosen.is_bundle else provenance.command(recipes.PARTS, chosen.argument))
    return facts.Parts(found["parts"])
