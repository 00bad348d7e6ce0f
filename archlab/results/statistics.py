"""What a table says of several numbers, and how two variants are compared.

docs/statistics.md explains the method and shows how often it is wrong.
"""

import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, Self

from archlab.records import Json
from archlab.results.two_way import half_width, p_value, variance_parts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Population = Literal["seeds and documents", "documents", "seeds"]

LEVEL = 0.05
"""p below this is called a difference; intervals are of 1 - LEVEL."""

MOST_SEEDS = 1000
"""More seeds than these nobody trains."""

# Differences that vary by less than this share of the values do so by rounding alone.
_ROUNDING = 1e-9

_POWER_QUANTILE = 0.8416  # of the normal distribution, for a power of 80%


@dataclass(frozen=True)
class Spread:
    """Mean and sample standard deviation (n - 1) of n numbers; sd is None for fewer than two."""

    mean: float
    sd: float | None
    n: int


def spread(values: Sequence[float]) -> Spread | None:
    """Mean and spread of some numbers, in their own unit; None for none."""
    if not values:
        return None
    sd = statistics.stdev(values) if len(values) > 1 else None
    return Spread(statistics.fmean(values), sd, len(values))


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The first variant less the second, in the metric's unit; what cannot be known is None.

    low, high: the interval of 95%. p: two-sided, before any correction; 1 where the two are equal everywhere.
    generalises_over: what the interval and p speak of, new seeds, new documents or both; None where nothing
    can be said beyond these runs.
    seed_variance, document_variance: what seeds and documents add to the variance of `difference`.
    effect: Hedges' g, the difference in pooled standard deviations between seeds, less its bias with few of
    them (Hedges 1981, Journal of Educational Statistics 6:107-128); .2, .5 and .8 are small, middle and
    large (Cohen 1988). documents: None where they are not known one by one.
    """

    difference: float
    low: float | None
    high: float | None
    p: float | None
    effect: float | None
    seeds: int
    documents: int | None
    generalises_over: Population | None
    seed_variance: float | None
    document_variance: float | None

    @property
    def standard_error(self) -> float | None:
        parts = [part for part in (self.seed_variance, self.document_variance) if part is not None]
        return sum(parts) ** 0.5 if parts else None

    def to_dict(self) -> Json:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Json) -> Self:
        """Keys of newer schemas are ignored; KeyError where one is missing."""
        return cls(**{field.name: data[field.name] for field in fields(cls)})


def compare(first: "ArrayLike", second: "ArrayLike") -> Comparison:
    """Compare two variants by the scores of the same seeds on the same documents.

    first, second: (seeds, documents), what each document contributes to a run's score, so that the mean over
    documents is the score: right or wrong for an accuracy, pseudo-values for other metrics (see
    `archlab.results.pseudo_values`). Or (seeds,), the scores alone, where documents are not known one by one.

    With several seeds and documents, the interval and p hold for new seeds and new documents: see
    `archlab.results.two_way`. With one seed it is the paired t-test over documents, with scores alone, or one
    document, the paired t-test over seeds: `generalises_over` says so. Raises ValueError for arrays that do
    not pair, are empty, or hold NaN or infinity.
    """
    one, other = _paired(first, second)
    differences = one - other
    seeds, documents = differences.shape
    tolerance = _ROUNDING * max(float(abs(one).max()), float(abs(other).max()))
    over, of_seeds, of_documents = _variances(differences)
    difference = float(differences.mean())
    width, p = _half_width_and_p(difference, of_seeds, of_documents, seeds, documents, tolerance)
    if over and float(abs(differences).max()) <= tolerance:
        p = 1.0
    return Comparison(
        difference=difference,
        low=None if width is None else difference - width,
        high=None if width is None else difference + width,
        p=p,
        effect=_hedges_g(one.mean(axis=1), other.mean(axis=1), tolerance),
        seeds=seeds,
        documents=None if _dimensions(first) == 1 else documents,
        generalises_over=over,
        seed_variance=of_seeds,
        document_variance=of_documents,
    )


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """p-values of a family, corrected so that one false claim in it is as rare as for one p-value alone.

    Holm 1979, Scandinavian Journal of Statistics 6:65-70. None stays None and does not count.
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, place) in enumerate(known):
        highest = max(highest, min(1.0, (len(known) - rank) * p))
        corrected[place] = highest
    return corrected


def seeds_needed(comparison: Comparison) -> int | None:
    """How many more seeds would tell the two apart, with a chance of 80%; 0 where they are told apart.

    It takes the difference and the variances as they were seen. Seeds shrink their own part of the variance
    alone: None where the documents are too few for any number of seeds, and where the variance is not known.
    """
    seen, documents = comparison, comparison.documents or 1
    if seen.p is not None and seen.p < LEVEL:
        return 0
    if seen.low is None or seen.seed_variance is None:
        return None
    of_one_seed, of_documents = seen.seed_variance * seen.seeds, seen.document_variance or 0.0

    def would_tell(seeds: int) -> bool:
        width, _ = _half_width_and_p(0.0, of_one_seed / seeds, of_documents, seeds, documents, 0.0)
        error = (of_one_seed / seeds + of_documents) ** 0.5
        return width is not None and abs(seen.difference) >= width + _POWER_QUANTILE * error

    if not would_tell(MOST_SEEDS):
        return None
    too_few, enough = seen.seeds, MOST_SEEDS
    while enough - too_few > 1:
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if would_tell(middle) else (middle, enough)
    return enough - seen.seeds


def _paired(first: "ArrayLike", second: "ArrayLike") -> "tuple[Floats, Floats]":
    """Both as (seeds, documents)."""
    import numpy as np

    one, other = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if one.shape != other.shape or one.ndim not in (1, 2) or not one.size:
        raise ValueError(f"cannot pair scores of shapes {one.shape} and {other.shape}")
    if not (np.isfinite(one).all() and np.isfinite(other).all()):
        raise ValueError("cannot compare scores that are not finite")
    return one.reshape(len(one), -1), other.reshape(len(other), -1)


def _dimensions(values: Any) -> int:
    import numpy as np

    return np.ndim(values)


def _variances(differences: "Floats") -> tuple[Population | None, float | None, float | None]:
    """What the variance of the mean can be known over, and the parts of seeds and documents in it."""
    seeds, documents = differences.shape
    if seeds > 1 and documents > 1:
        of_seeds, of_documents = variance_parts(differences)
        return "seeds and documents", float(of_seeds), float(of_documents)
    if seeds > 1:
        return "seeds", float(differences.var(ddof=1)) / seeds, None
    if documents > 1:
        return "documents", None, float(differences.var(ddof=1)) / documents
    return None, None, None


def _half_width_and_p(
    difference: float,
    seed_variance: float | None,
    document_variance: float | None,
    seeds: int,
    documents: int,
    tolerance: float,
) -> tuple[float | None, float | None]:
    """Half of the interval, and p. None where nothing varies by more than the tolerance."""
    from scipy.special import stdtr, stdtrit

    error = ((seed_variance or 0.0) + (document_variance or 0.0)) ** 0.5
    if error <= tolerance:
        return None, None
    if seed_variance is not None and document_variance is not None:
        parts = seed_variance, document_variance
        width = half_width(*parts, seeds, documents, LEVEL)
        return width, p_value(difference, *parts, seeds, documents)
    df = (seeds if seed_variance is not None else documents) - 1
    return error * float(stdtrit(df, 1 - LEVEL / 2)), 2 * float(stdtr(df, -abs(difference) / error))


def _hedges_g(one: "Floats", other: "Floats", tolerance: float) -> float | None:
    """From the scores of each seed, (seeds,) each."""
    if len(one) < 2:
        return None
    pooled = math.sqrt((one.var(ddof=1) + other.var(ddof=1)) / 2)
    if pooled <= tolerance:
        return None
    unbiased = 1 - 3 / (4 * (2 * len(one) - 2) - 1)
    return unbiased * float(one.mean() - other.mean()) / pooled
