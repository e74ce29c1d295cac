"""What the film page asks of histories, behind Streamlit's caches: read once a checkpoint, counted once a film."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from app import cached
from vasp_models.bundles import counted
from vasp_models.data.audience import Audience
from vasp_models.data.audience import audience as count

if TYPE_CHECKING:
    from vasp_models.checkpoints import Checkpoint
    from vasp_models.data.interactions import Interactions


def audience(chosen: Checkpoint, item: int) -> Audience:
    """Who of the train users likes a film (item number)."""
    return _audience(chosen.content, int(item), chosen)


@st.cache_data(max_entries=64, show_spinner=False)
def _audience(content: str, item: int, _chosen: Checkpoint) -> Audience:
    if _chosen.is_bundle:
        return counted.audience(_chosen, item)
    return count(_trained(content, _chosen), _chosen.catalogue, item, _favourites(_chosen))


@st.cache_resource(max_entries=2, show_spinner=False)
def _trained(content: str, _chosen: Checkpoint) -> Interactions:
    return _chosen.users.histories.take(_chosen.users.rows("train"))


def _favourites(chosen: Checkpoint) -> np.ndarray:
    return cached.users(chosen, "train")["taste"].to_numpy(dtype=object)
