"""VASP: a Hadamard product of differentiable recommenders (Vančura and Kordík 2021, section III-C).

The product of the paper has two parts, NEASE and FLVAE (eq. 9), and three logistic factors, since FLVAE's decoder
has two heads. A product of one part is that model alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from vasp_models.data.interactions import Interactions
from vasp_models.errors import ModelError, SettingError
from vasp_models.models.base import Validate
from vasp_models.models.inputs import Alone, Inputs, Subsets
from vasp_models.models.part import Part
from vasp_models.models.parts import PARTS
from vasp_models.models.weights import TorchRecommender
from vasp_models.training.batches import Bag
from vasp_models.training.loop import Training
from vasp_models.training.losses import wide
from vasp_models.training.options import LINEAR_LOSSES, Epoch, TrainOptions, check_ranges
from vasp_models.training.state import TrainingState


@dataclass(frozen=True)
class ProductSettings:
    """The settings of each part, and how much of the catalogue is modelled."""

    parts: dict[str, object] = field(default_factory=dict)
    # Share of the items, most popular among train users first, that the model covers; the others get score 0
    # (log score -inf) and count as nothing in a history. The authors' public code has .33, the paper names none.
    items_share: float = 1.0

    def __post_init__(self) -> None:
        check_ranges(self, items_share=(1e-6, 1))


@dataclass(frozen=True)
class ProductOutput:
    """Logits of all parts by factor name, (rows, items); the KL of each part that has one."""

    logits: dict[str, Tensor]
    kl: list[Tensor]
    constant: float = 0.0  # what losses of a linear output take from its logit

    @property
    def log_factors(self) -> dict[str, Tensor]:
        """log sigmoid of the logits, at least fp32 (rows, items): their sum is the log score (eq. 7)."""
        return {name: functional.logsigmoid(wide(value)) for name, value in self.logits.items()}


class Product(TorchRecommender):
    """log x^ = sum over the parts of their log factors (eq. 7 in log space)."""

    Settings = ProductSettings

    def __init__(self, settings: ProductSettings, n_items: int, seed: int = 0) -> None:
        super().__init__(settings, n_items)
        self.n_modelled = max(1, int(n_items * settings.items_share))
        self.register_buffer("modelled", torch.arange(self.n_modelled))  # item numbers of the model's columns
        generator = torch.Generator().manual_seed(seed)
        self.nets = nn.ModuleDict(
            {name: PARTS[name](chosen, self.n_modelled, generator) for name, chosen in settings.parts.items()}
        )
        self.parts: Mapping[str, tuple[str, ...]] = {name: net.factor_names for name, net in self.nets.items()}
        self.factor_names = tuple(name for names in self.parts.values() for name in names)
        self.eval()

    def forward(
        self, x: Inputs, parts: tuple[str, ...], noise: torch.Generator | None = None, targets: Tensor | None = None
    ) -> ProductOutput:
        """Run the named parts on histories in modelled columns, for the target columns (all without them)."""
        outputs = [self.nets[part](x, noise, targets) for part in parts]
        return ProductOutput(
            {name: value for output in outputs for name, value in output.logits.items()},
            [output.kl for output in outputs if output.kl is not None],
            sum(net.bias for net in map(self.nets.__getitem__, parts) if net.loss_without_bias),
        )

    def fit_epochs(
        self,
        train: Interactions,
        options: TrainOptions,
        validate: Validate | None = None,
        state: TrainingState | None = None,
    ) -> Iterator[Epoch]:
        """Train through the stages of the options; `state` lets an interrupted run go on."""
        self._check_train(train)
        self._check_losses(options)
        state = state or TrainingState()
        self._choose_items(train)
        self.to(options.device)
        known = self._columns(train)
        for net in () if state.weights else self.nets.values():
            net.initialise(known)
        check = None if validate is None else lambda parts: validate(partial(self._score_of, parts))
        yield from Training(self, known, options, check, state).epochs()

    @property
    def transient(self) -> tuple[str, ...]:
        """Beginnings of the paths of weights that only training needs."""
        return tuple(f"nets.{part}.{name}." for part, net in self.nets.items() for name in net.transient)

    def turned(self, part: str) -> None:
        """Called after an epoch in which a part moved."""
        self.nets[part].turned()

    def log_score(self, histories: Interactions, parts: tuple[str, ...] | None = None) -> np.ndarray:
        """Sum of the log factors of some parts (default all), float32 (rows, items); -inf where not modelled."""
        return self._on_all_items(histories, parts or tuple(self.nets), lambda factors: sum(factors.values())[None])[0]

    def log_factors(self, histories: Interactions) -> np.ndarray:
        """Log factors in the order of factor_names, float32 (factors, rows, items); -inf where not modelled."""
        self._check(histories)
        return self._on_all_items(histories, tuple(self.nets), lambda factors: torch.stack(list(factors.values())))

    def on_subsets(
        self, history: np.ndarray, weights: Tensor, targets: np.ndarray | None = None, along: bool = False
    ) -> ProductOutput:
        """Answers to sub-profiles of one history, differentiable in their weights (see HasGradient)."""
        columns = self._column_of[np.asarray(history, dtype=np.int64)]
        known = torch.from_numpy(np.flatnonzero(columns >= 0)).to(self.device)
        items = torch.from_numpy(columns).to(self.device)[known]
        weights = weights.to(self.device)[:, known]
        x = Subsets.along(items, weights, len(known)) if along else Subsets.real(items, weights)
        return self(x, tuple(self.nets), targets=None if targets is None else self._covered(targets))

    def alone(self, items: np.ndarray) -> Alone:
        """What each part makes of each of some items alone (see AnswersAlone)."""
        return Alone.of(self.nets, self._covered(items))

    def among(self, asked: Alone, targets: Alone) -> dict[str, Tensor]:
        """Log factors of the targets for each of the asked alone, at least fp32 (asked, targets)."""
        each = (net.logits(asked.features[name], targets.columns) for name, net in self.nets.items())
        return ProductOutput({name: value for logits in each for name, value in logits.items()}, []).log_factors

    def covers(self, items: np.ndarray) -> np.ndarray:
        """Which of some items are among the modelled columns."""
        return self._column_of[np.asarray(items, dtype=np.int64)] >= 0

    @property
    def linear_factor(self) -> str | None:
        """The factor of the part whose logit is linear, if one is."""
        return None if self._linear_part is None else self._linear_part.factor_names[0]

    @property
    def linear_bias(self) -> float:
        """Its logit for an empty history."""
        return 0.0 if self._linear_part is None else self._linear_part.bias

    def item_weights(self, items: np.ndarray, targets: np.ndarray | None = None) -> np.ndarray:
        """Rows of the linear part's matrix, float (items, targets); 0 from uncovered items and NaN to them."""
        part, column_of = self._linear_part, self._column_of
        if part is None:
            raise ModelError(f"The product of {', '.join(self.nets)} has no linear part: expected one, such as NEASE.")
        rows, columns = (column_of if each is None else column_of[np.asarray(each)] for each in (items, targets))
        known = [torch.from_numpy(each[each >= 0]).to(self.device) for each in (rows, columns)]
        with torch.inference_mode():
            found = part.item_weights(*known).cpu().numpy()
        weights = np.zeros((len(rows), len(columns)), dtype=found.dtype)
        weights[:, columns < 0] = np.nan
        weights[np.ix_(rows >= 0, columns >= 0)] = found
        return weights

    @property
    def _linear_part(self) -> Part | None:
        return next((net for net in self.nets.values() if net.linear), None)

    def _covered(self, targets: np.ndarray) -> Tensor:
        columns = self._column_of[np.asarray(targets, dtype=np.int64)]
        if (columns < 0).any():
            raise ModelError(
                f"Items {np.asarray(targets)[columns < 0][:3].tolist()} are not covered by the model: expected targets "
                f"among the {self.n_modelled:,} items that it models."
            )
        return torch.from_numpy(columns).to(self.device)

    def _scores(self, histories: Interactions) -> np.ndarray:
        return self.log_score(histories)

    def _read(self, histories: Interactions) -> tuple[Interactions, np.ndarray]:
        return self._columns(histories), self.modelled.cpu().numpy()

    def _answered(self, rows: Bag) -> Tensor:
        return sum(self(rows, tuple(self.nets)).log_factors.values())

    def _score_of(self, parts: tuple[str, ...], histories: Interactions, candidates: np.ndarray | None = None):
        scores = self.log_score(histories, parts)
        return scores if candidates is None else np.take_along_axis(scores, candidates, axis=1)

    def _on_all_items(self, histories: Interactions, parts: tuple[str, ...], combine) -> np.ndarray:
        known = self._columns(histories)
        return self._scattered(self.in_blocks(known, lambda rows: combine(self(rows, parts).log_factors)))

    def _check_losses(self, options: TrainOptions) -> None:
        for stage in options.stages:
            if stage.negatives is not None:
                raise SettingError(
                    f"Stage {stage.name!r} samples negatives, and a product looks at all items: expected none."
                )
            if stage.following is not None:
                raise SettingError(
                    f"Stage {stage.name!r} reads order, and a product reads sets: expected no following."
                )
            if stage.loss == "bce":
                raise SettingError(
                    f"The loss bce of stage {stage.name!r} is of logits, and a product gives log probabilities: "
                    "expected focal or softmax."
                )
            n_factors = sum(len(self.parts[part]) for part in stage.parts)
            if stage.loss in LINEAR_LOSSES and n_factors > 1:
                raise SettingError(
                    f"The loss {stage.loss} of stage {stage.name!r} needs one linear output, not {n_factors} factors: "
                    "expected focal or softmax; mse and cosine are for `vasp-lens train nease`."
                )

    def _choose_items(self, train: Interactions) -> None:
        if self.n_modelled < self.n_items:
            popular = np.argsort(-train.item_counts, kind="stable")[: self.n_modelled]
            self.modelled.copy_(torch.from_numpy(np.sort(popular)))

    @property
    def _column_of(self) -> np.ndarray:
        """The model's column of each item, int64 (items); -1 for items that it does not cover."""
        column = np.full(self.n_items, -1, dtype=np.int64)
        column[self.modelled.cpu().numpy()] = np.arange(self.n_modelled)
        return column

    def _columns(self, histories: Interactions) -> Interactions:
        """The histories in the model's own columns, without the items that it does not cover."""
        if self.n_modelled == self.n_items:
            return histories
        columns = self._column_of[histories.indices].astype(np.int32)
        kept = columns >= 0
        indptr = np.concatenate([[0], np.cumsum(np.bincount(histories.row_numbers[kept], minlength=len(histories)))])
        return Interactions(indptr, columns[kept], self.n_modelled, histories.ordered)

    def _scattered(self, values: np.ndarray) -> np.ndarray:
        if self.n_modelled == self.n_items:
            return values
        everything = np.full((*values.shape[:-1], self.n_items), -np.inf, dtype=np.float32)
        everything[..., self.modelled.cpu().numpy()] = values
        return everything
