"""Several recommenders on the same users: accuracy, differences to one of them, slices, what their lists are like.

No model is asked: everything is read from what `quality.measure_quality` kept of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from vasp_models.errors import DataError
from vasp_models.evaluation import intervals
from vasp_models.evaluation.intervals import Difference
from vasp_models.evaluation.quality import JOINT
from vasp_models.evaluation.served import Served

SURE = 0.05  # a difference with a smaller corrected p is told as one
REFERENCE, BETTER, WORSE, ALIKE = "reference", "better", "worse", "not told apart"
HIGHER, LOWER = "higher", "lower"  # the same of measures of which more is neither good nor bad
MEASURES = (  # of the lists beside their accuracy, in the order to be read
    *("coverage@10", "coverage@20", "coverage@100", "gini"),
    *("novelty", "popularity", "tail", "calibration", "diversity"),
)
APART = ["difference", "difference_low", "difference_high", "p", "verdict"]
OVERALL = ["system", "n", "mean", "se", "low", "high", *APART]
BY_SLICE = ["slice", "system", "n", "mean", "low", "high", *APART]
OF_LISTS = ["measure", "system", "mean", "se", *APART]


@dataclass(frozen=True)
class Compared:
    """What was measured of each system, by name, and which of them the others are compared with.

    Raises DataError where the reference is not among them, or the users or their hold-outs differ.
    """

    served: Mapping[str, Served]
    reference: str

    def __post_init__(self) -> None:
        if self.reference not in self.served:
            raise DataError(f"{self.reference} was not measured: expected one of {', '.join(self.served)}.")
        if len({each.measured["sample"] for each in self.served.values()}) > 1:
            raise DataError(
                "The measures are of different users or hold-outs, so no difference of them means anything: expected "
                "one data set, one split, and `vasp-lens quality` with the same --users and --seed."
            )

    @property
    def first(self) -> Served:
        """The reference's measure."""
        return self.served[self.reference]

    @property
    def others(self) -> list[str]:
        """All but the reference, in their order."""
        return [name for name in self.served if name != self.reference]

    def overall(self, metric: str) -> pd.DataFrame:
        """Each system by a metric of `found.USER_METRICS` over all users: columns OVERALL, in the order given.

        `difference` is the system's value less the reference's, paired user by user (Student's t), and `p` is
        corrected after Holm for the number of systems. None or NaN where there is no number.
        """
        own = self.first.values(metric)
        apart = {name: intervals.paired_means(self.served[name].values(metric), own) for name in self.others}
        corrected = dict(zip(apart, intervals.holm(_ps(apart.values())), strict=True))
        rows = []
        for name, each in self.served.items():
            found = each.overall(metric)
            row = name, found.n, found.mean, found.se, found.low, found.high
            rows.append((*row, *_apart(apart.get(name), corrected.get(name))))
        return pd.DataFrame(rows, columns=OVERALL)

    def by_slice(self, kind: str, metric: str) -> pd.DataFrame:
        """Each system in each slice of a kind of `slices.KINDS`: columns BY_SLICE, slice by slice.

        Differences are paired; `p` is corrected after Holm for the slices, and that by Bonferroni for the systems.
        """
        pairs = {
            name: self.served[name].against(kind, metric, JOINT, JOINT, self.first).set_index("slice")
            for name in self.others
        }
        tables = {name: each.accuracy(kind, metric).set_index("slice") for name, each in self.served.items()}
        rows = []
        for place in tables[self.reference].index:
            for name, table in tables.items():
                found, apart, p = table.loc[place], None, None
                if name in pairs:
                    pair = pairs[name].loc[place]
                    apart = Difference(*(_known(pair[column]) for column in ("difference", "low", "high", "p")))
                    p = None if apart.p is None else min(apart.p * len(pairs), 1.0)
                row = place, name, int(found["n"]), *(_known(found[column]) for column in ("mean", "low", "high"))
                rows.append((*row, *_apart(apart, p)))
        return pd.DataFrame(rows, columns=BY_SLICE)

    def lists(self) -> pd.DataFrame:
        """What the lists of each system are like beside their accuracy: columns OF_LISTS, measure by measure.

        Differences are paired as in `overall`; `p` is corrected after Holm for all systems and measures together.
        """
        kept = {name: each.measured["beyond"][JOINT] for name, each in self.served.items()}
        rows = [(measure, name, kept[name].get(measure)) for measure in MEASURES for name in kept]
        rows = [row for row in rows if row[2]]
        apart = [
            None
            if name == self.reference
            else intervals.paired_means(self.served[name].of_lists(measure), self.first.of_lists(measure))
            for measure, name, _ in rows
        ]
        corrected = intervals.holm(_ps(apart))
        table = [
            (measure, name, each["mean"], each["se"], *_apart(difference, p, (HIGHER, LOWER)))
            for (measure, name, each), difference, p in zip(rows, apart, corrected, strict=True)
        ]
        return pd.DataFrame(table, columns=OF_LISTS)


def verdict(difference: float | None, p: float | None, words: tuple[str, str] = (BETTER, WORSE)) -> str:
    """What may be said of a difference to the reference: it is beyond chance in one direction, or not told apart."""
    if difference is None or p is None or not p < SURE:
        return ALIKE
    return words[0] if difference > 0 else words[1]


def _apart(apart: Difference | None, p: float | None, words: tuple[str, str] = (BETTER, WORSE)) -> tuple:
    """The last columns of a row: a difference with its corrected p in words; of the reference itself none."""
    if apart is None:
        return None, None, None, None, REFERENCE
    return apart.mean, apart.low, apart.high, _known(p), verdict(apart.mean, _known(p), words)


def _ps(differences) -> np.ndarray:
    return np.array([np.nan if each is None or each.p is None else each.p for each in differences])


def _known(value: float | None) -> float | None:
    return None if value is None or value != value else float(value)
