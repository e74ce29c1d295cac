"""What the documents claim, as data: which rows must be better than which, on which data that can be tested."""

from __future__ import annotations

from dataclasses import dataclass

from vasp_models.published.recipes import MASK_GAIN, RECIPES, Recipe

SMALL = ("ml-latest-small", "ml-100k", "demo")
SHOPS = ("amusic", "lastfm", "atoy")  # leave-one-out data of the framework's document
GENRES, INTERACTIONS = "genres", "interactions"  # claims of figure 3, which are decided by the parts of the model


@dataclass(frozen=True)
class Claim:
    """A sentence of a document and the rows that decide it.

    `pairs`: in each the first row has to be better than the second (or than nothing, for None) in `metric`. It can be
    tested on the data sets of `only` (all but those of `never`, where it is empty). `of` is what of a model's parts
    decides, for GENRES and INTERACTIONS. `theirs` are the published rows that stand beside pairs of other names.
    """

    key: str
    text: str
    recipe: str
    pairs: tuple[tuple[str, str | None], ...] = ()
    metric: str = "ndcg@100"
    less_is_better: bool = False
    only: tuple[str, ...] = ()
    never: tuple[str, ...] = SHOPS
    of: str = ""
    theirs: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def about(self) -> Recipe:
        """The recipe that measures it."""
        return RECIPES[self.recipe]

    @property
    def published_as(self) -> dict[str, str]:
        """Our row -> the published row beside it, where they have different names."""
        return dict(self.theirs)

    def is_about(self, data: str) -> bool:
        """Whether a data set can test it."""
        return data in self.only if self.only else data not in self.never


def _best(first: str, *others: str) -> tuple[tuple[str, str], ...]:
    return tuple((first, other) for other in others)


def _worst(last: str, *others: str) -> tuple[tuple[str, str], ...]:
    return tuple((other, last) for other in others)


_FULL, _DROPOUT = "Full input", "Full input, dropout"
_EASE = "EASE, l2 500"
_RANKING = ("VASP", "H+Vamp Gated", "RecVAE", "Mult-VAE", "EASE", "Mult-DAE")
_LARGE = (*SHOPS, *SMALL)
_BASELINES = ("Mult-DAE", "Mult-VAE", "EASE", "RecVAE", "H+Vamp Gated", "NEASE", "FLVAE")
_OUR_READING = "This is the project’s reading of the document’s low figures for EASE, not a claim of the document."

CLAIMS: tuple[Claim, ...] = (
    Claim("cosine", "Cosine loss trains the best NEASE", "vasp-table1", _best("Cosine", "MSE", "Focal")),
    Claim("focal", "Focal loss trains the worst NEASE", "vasp-table1", _worst("Focal", "MSE", "Cosine")),
    Claim(
        "joint", "Joint learning from the start beats both other ways of training", "vasp-table2",
        _best("Joint", "Pretrained ensemble", "Alternating"),
    ),
    Claim(
        "alternating", "Alternating training is the worst of the three ways", "vasp-table2",
        _worst("Alternating", "Pretrained ensemble", "Joint"),
    ),
    Claim("best", "VASP ranks best of all eight models", "vasp-table3", _best("VASP", *_BASELINES)),
    Claim("product", "The product ranks better than each of its parts", "vasp-table3", _best("VASP", "NEASE", "FLVAE")),
    Claim("nease", "NEASE, trained, beats EASE in closed form", "vasp-table3", (("NEASE", "EASE"),)),
    Claim("flvae", "The deep FLVAE beats the shallow Mult-VAE", "vasp-table3", (("FLVAE", "Mult-VAE"),)),
    Claim(
        "identity", "Training on halves keeps a deep model from repeating its input", "vasp-figure2",
        _best("Halves", _FULL, _DROPOUT), "echo@100", less_is_better=True,
    ),
    Claim(
        "halves", "Training on halves makes a deep model rank better", "vasp-figure2", _best("Halves", _FULL, _DROPOUT)
    ),
    Claim("map", "Films of one genre lie together in what VASP knows", "vasp-figure3", metric="purity", of=GENRES),
    Claim(
        "nonlinear", "The FLVAE part holds the non-linear dependencies, the EASE part the linear ones", "vasp-figure3",
        (("FLVAE", "NEASE"),), "interaction share", of=INTERACTIONS,
    ),
    Claim(
        "hvamp-large", "On large data H+Vamp Gated ranks best", "seed001-table2",
        _best("H+Vamp Gated", "LFM", "EASE", "Mult-VAE", "RecVAE"), never=_LARGE,
    ),
    Claim(
        "ease-large", "EASE falls behind Mult-VAE, also on large data", "seed001-table2", (("Mult-VAE", _EASE),),
        never=_LARGE, theirs=((_EASE, "EASE"),), note="Tested with the l2 of EASE’s own paper, 500, not with .5.",
    ),
    Claim(
        "l2-large", "EASE is under-regularised at an l2 of .5", "seed001-table2", ((_EASE, "EASE"),), never=_LARGE,
        note=_OUR_READING,
    ),
    Claim(
        "hvamp-small", "On small data H+Vamp Gated ranks best, with one narrow layer", "seed001-table1",
        _best("H+Vamp Gated", "LFM", "EASE", "Mult-VAE", "RecVAE"), only=SMALL,
    ),
    Claim(
        "deep", "On small data a deeper H+Vamp overfits", "seed001-table1", (("H+Vamp Gated", "H+Vamp Gated, deep"),),
        only=SMALL,
    ),
    Claim(
        "recvae", "On small data RecVAE overfits, behind Mult-VAE", "seed001-table1", (("Mult-VAE", "RecVAE"),),
        only=SMALL,
    ),
    Claim(
        "ease-small", "EASE falls far behind Mult-VAE on small data", "seed001-table1", (("Mult-VAE", _EASE),),
        only=SMALL, theirs=((_EASE, "EASE"),), note="Tested with an l2 of 500, not with .5.",
    ),
    Claim(
        "l2-small", "EASE is under-regularised at an l2 of .5", "seed001-table1", ((_EASE, "EASE"),), only=SMALL,
        note=_OUR_READING,
    ),
    Claim(
        "framework", "The framework’s choice beats CFNet", "deepcf-table2",
        (("Framework, dot product", "CFNet"),), "hr@10", only=("amusic", "atoy"),
        theirs=(("Framework, dot product", "Framework"), ("CFNet", "CFNet")),
    ),
    Claim(
        "framework-mlp", "The framework’s choice beats CFNet", "deepcf-table2",
        (("Framework, MLP", "CFNet"),), "hr@10", only=("lastfm",),
        theirs=(("Framework, MLP", "Framework"), ("CFNet", "CFNet")),
    ),
    Claim(
        "histories", "Interaction vectors as inputs beat user and item numbers", "deepcf-table2",
        (("Framework, dot product", "Numbers, dot product"), ("Framework, MLP", "Numbers, MLP")), "hr@10", only=SHOPS,
    ),
    Claim(
        "choice-dot", "No choice is best on all data: here the dot product is", "deepcf-table2",
        (("Framework, dot product", "Framework, MLP"),), "hr@10", only=("amusic", "atoy"),
    ),
    Claim(
        "choice-mlp", "No choice is best on all data: here the MLP is", "deepcf-table2",
        (("Framework, MLP", "Framework, dot product"),), "hr@10", only=("lastfm",),
    ),
    Claim(
        "mask", "Films of the history that are ranked again spoil the figure", "blog-ranking",
        (("EASE", None), ("Mult-VAE", None), ("CDAE", None)), MASK_GAIN,
        note="The blog’s own code throws its mask away; how much a mask gains is measured here.",
    ),
    Claim("blog-order", "EASE ranks before CDAE and Mult-VAE", "blog-ranking", _best("EASE", "CDAE", "Mult-VAE")),
    Claim(
        "ratings", "AutoRec predicts ratings better than the deeper DeepRec", "blog-ratings",
        (("U-AutoRec", "DeepRec"),), "rmse", less_is_better=True,
    ),
    Claim(
        "slides", "The order is VASP, H+Vamp Gated, RecVAE, Mult-VAE, EASE, Mult-DAE", "vasp-table3",
        tuple(zip(_RANKING, _RANKING[1:], strict=False)),
    ),
)  # fmt: skip


def claims_on(data: str) -> tuple[Claim, ...]:
    """The claims that a data set can test, in their order."""
    return tuple(claim for claim in CLAIMS if claim.is_about(data))
