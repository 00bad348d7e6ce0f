"""How much worse a score has become, and whether seeds and documents explain it: the test of the CI gate.

Documents are paired: the runs of now and of the baseline are scored on the same. Seeds are not: with another
architecture or other data, a seed gives other luck. So the noise of seeds is known from both sides together,
with S + T - 2 degrees of freedom for S and T seeds: three seeds of each find a drop that three pairs would
miss, and the baseline may have more seeds than what is compared with it. Where equal seeds do give equal
luck, the test claims less than its level, never more. Otherwise it is that of `archlab.results.two_way`.
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import TYPE_CHECKING

from archlab.errors import BaselineError
from archlab.results.packing import unpack
from archlab.results.snapshots import ScoreSnapshot, Snapshot
from archlab.results.statistics import LEVEL
from archlab.results.two_way import half_width, p_value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Scores are kept to a millionth; what varies less varies by rounding.
_ROUNDING = 2e-6


@dataclass(frozen=True, kw_only=True)
class Tested:
    """before, after: means over seeds. drop: how much worse, 0 or less where it is not.

    seeds: of the side with fewer. low, high: the interval of 95% of `difference`. p: one-sided, that chance
    makes such a drop; None where that cannot be known. certain: nothing varies, and they differ. test: its
    name, with what it generalises over.
    """

    before: float
    after: float
    drop: float
    seeds: int
    low: float | None = None
    high: float | None = None
    p: float | None = None
    certain: bool = False
    test: str | None = None

    @property
    def difference(self) -> float:
        return self.after - self.before


@dataclass(frozen=True, kw_only=True)
class Noise:
    """What explains a difference. seed_variance, document_variance: of the difference; None: not known.

    df: the degrees of freedom of what seeds add.
    """

    seed_variance: float | None
    document_variance: float | None
    df: int
    documents: int

    @property
    def error(self) -> float:
        return sqrt((self.seed_variance or 0.0) + (self.document_variance or 0.0))


def compare_scores(before: Snapshot, now: Snapshot, name: str, direction: str) -> Tested | None:
    """Compare one score, now less the baseline; None where one of the two has none.

    By document where both tell documents, and the same; else by seeds alone. Raises BaselineError for
    documents that cannot be unpacked.
    """
    import numpy as np

    old, new = before.scores.get(name), now.scores.get(name)
    if old is None or new is None or not old.seeds or not new.seeds:
        return None
    same = before.dev_digest is not None and before.dev_digest == now.dev_digest
    by_document = same and _tells_documents(old) and _tells_documents(new)
    if by_document:
        return compare_sides(_by_document(old, before), _by_document(new, now), direction)
    means = [np.asarray(list(score.seeds.values()), dtype=np.float64)[:, None] for score in (old, new)]
    return compare_sides(means[0], means[1], direction)


def compare_sides(old: "Floats", new: "Floats", direction: str = "higher") -> Tested:
    """old: (S, documents), new: (T, documents), what each document adds to the score of each seed.

    One document stands for scores that are not known document by document.
    """
    difference = float(new.mean() - old.mean())
    worse = -difference if direction == "higher" else difference
    seen = Tested(
        before=float(old.mean()), after=float(new.mean()), drop=worse, seeds=min(len(old), len(new))
    )
    noise = _noise(old, new)
    if noise is None:
        return seen
    seen = replace(seen, test=_named(noise, old, new))
    if noise.error <= _ROUNDING:
        differs = abs(difference) > _ROUNDING
        return replace(seen, p=None if differs else 1.0, certain=differs)
    p, width = _p_and_width(difference, noise)
    return replace(
        seen,
        low=difference - width,
        high=difference + width,
        p=p / 2 if worse > 0 else 1 - p / 2,
    )


def _noise(old: "Floats", new: "Floats") -> Noise | None:
    """None where there is one number on each side."""
    df, documents = len(old) + len(new) - 2, old.shape[1]
    per_seed = 1 / len(old) + 1 / len(new)
    seed_variance = _within(old.mean(axis=1), new.mean(axis=1)) / df * per_seed if df else None
    if documents == 1:
        return (
            None
            if df == 0
            else Noise(seed_variance=seed_variance, document_variance=None, df=df, documents=1)
        )
    of_documents = float((new.mean(axis=0) - old.mean(axis=0)).var(ddof=1))
    if df:
        rest = _within(*(side - side.mean(axis=1, keepdims=True) for side in (old, new)))
        of_documents = max(of_documents - rest / df / (documents - 1) * per_seed, 0.0)
    return Noise(
        seed_variance=seed_variance, document_variance=of_documents / documents, df=df, documents=documents
    )


def _within(old: "Floats", new: "Floats") -> float:
    """The squares of what differs from the mean over the seeds of its own side."""
    return float(sum(((side - side.mean(axis=0)) ** 2).sum() for side in (old, new)))


def _p_and_width(difference: float, noise: Noise) -> tuple[float, float]:
    """Two-sided p, and half the interval of 95%."""
    from scipy.special import stdtr, stdtrit

    if noise.seed_variance is not None and noise.document_variance is not None:
        parts = noise.seed_variance, noise.document_variance, noise.df + 1, noise.documents
        return p_value(difference, *parts), half_width(*parts, LEVEL)
    df = noise.documents - 1 if noise.seed_variance is None else noise.df
    return 2 * float(stdtr(df, -abs(difference) / noise.error)), noise.error * float(
        stdtrit(df, 1 - LEVEL / 2)
    )


def _named(noise: Noise, old: "Floats", new: "Floats") -> str:
    seeds = f"{len(old)} and {len(new)} seeds"
    if noise.documents == 1:
        return f"t-test of {seeds}; documents are not known"
    if noise.df == 0:
        return f"paired t-test over {noise.documents} documents, one seed"
    return f"two-way test of {seeds} on {noise.documents} documents"


def _tells_documents(score: ScoreSnapshot) -> bool:
    return score.seeds.keys() == score.documents.keys()


def _by_document(score: ScoreSnapshot, place: Snapshot) -> "Floats":
    """(seeds, documents)"""
    import numpy as np

    try:
        values = [
            unpack(score.documents[seed], mean, place.dev_documents) for seed, mean in score.seeds.items()
        ]
    except ValueError as error:
        raise BaselineError(
            f"The documents of {place.label} in the baseline cannot be read: {error}.",
            "Bring it back from version control, or make it anew with --update.",
        ) from None
    return np.stack(values)
