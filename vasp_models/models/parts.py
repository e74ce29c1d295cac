"""What a product may be made of, by the names that presets and settings use."""

from __future__ import annotations

from vasp_models.models.flvae import FLVAE
from vasp_models.models.low_rank import LowRank
from vasp_models.models.nease import NEASE
from vasp_models.models.net_part import HVampPart, RecVAEPart
from vasp_models.models.part import Part
from vasp_models.models.sparse import Sparse

PARTS: dict[str, type[Part]] = {
    "nease": NEASE,
    "low_rank": LowRank,
    "sparse": Sparse,
    "flvae": FLVAE,
    "recvae": RecVAEPart,
    "hvamp": HVampPart,
}
