"""How much worse a score has become, and whether seeds and documents explain it: the test of the CI gate.

Documents are paired: the runs of now and of the baseline are scored on the same. Seeds are not: with another
architecture or other data, a seed gives other luck. So the noise of seeds is known from both sides together,
with S + T - 2 degrees of freedom for S and T seeds: three seeds of each find a drop that three pairs would
miss, and the baseline may have more seeds than what is compared with it. Where equal seeds do give equal
luck, the test claims less than its level, never more. Otherwise it is that of `archlab.results.two_way`.
Where the documents are others, they are not paired either: what each side's documents vary by adds up.
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

MOST_NUMBERS = 50_000_000
"""Of one score in a baseline, seeds times documents: more do not fit into memory everywhere."""

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

    By document where both tell documents; else by seeds alone. Raises BaselineError for documents that cannot
    be unpacked.
    """
    import numpy as np

    old, new = before.scores.get(name), now.scores.get(name)
    if old is None or new is None or not old.seeds or not new.seeds:
        return None
    if _tells_documents(old, before) and _tells_documents(new, now):
        paired = before.dev_digest == now.dev_digest
        if paired and before.dev_documents != now.dev_documents:
            raise _unreadable(before, f"there are {now.dev_documents} of these, not {before.dev_documents}")
        return compare_sides(_by_document(old, before), _by_document(new, now), direction, paired=paired)
    means = [np.asarray(list(score.seeds.values()), dtype=np.float64)[:, None] for score in (old, new)]
    return compare_sides(means[0], means[1], direction)


def compare_sides(old: "Floats", new: "Floats", direction: str = "higher", *, paired: bool = True) -> Tested:
    """old: (S, documents), new: (T, documents), what each document adds to the score of each seed.

    One document stands for scores that are not known document by document. paired: whether the documents of
    both are the same; if not, there may be more on one side.
    """
    difference = float(new.mean() - old.mean())
    worse = -difference if direction == "higher" else difference
    seen = Tested(
        before=float(old.mean()), after=float(new.mean()), drop=worse, seeds=min(len(old), len(new))
    )
    noise = _noise(old, new) if paired else _noise_of_others(old, new)
    if noise is None:
        return seen
    seen = replace(seen, test=_named(noise, old, new, paired=paired))
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
    per_seed, seed_variance = 1 / len(old) + 1 / len(new), _seed_variance(old, new)
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


def _noise_of_others(old: "Floats", new: "Floats") -> Noise:
    """Of sides with other documents. What seeds make of single documents is in both parts: too much."""
    return Noise(
        seed_variance=_seed_variance(old, new),
        document_variance=sum(float(side.mean(axis=0).var(ddof=1)) / side.shape[1] for side in (old, new)),
        df=len(old) + len(new) - 2,
        documents=min(old.shape[1], new.shape[1]),
    )


def _seed_variance(old: "Floats", new: "Floats") -> float | None:
    """Of the difference; None for one seed each."""
    df = len(old) + len(new) - 2
    within = _within(old.mean(axis=1), new.mean(axis=1))
    return within / df * (1 / len(old) + 1 / len(new)) if df else None


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


def _named(noise: Noise, old: "Floats", new: "Floats", *, paired: bool) -> str:
    seeds = f"{len(old)} and {len(new)} seeds"
    if not paired:
        return f"two-way test of {seeds} on {old.shape[1]} and {new.shape[1]} other documents"
    if noise.documents == 1:
        return f"t-test of {seeds}; documents are not known"
    if noise.df == 0:
        return f"paired t-test over {noise.documents} documents, one seed"
    return f"two-way test of {seeds} on {noise.documents} documents"


def _tells_documents(score: ScoreSnapshot, place: Snapshot) -> bool:
    """Two at least, by all seeds: one varies as nobody knows."""
    return place.dev_documents > 1 and score.seeds.keys() == score.documents.keys()


def _by_document(score: ScoreSnapshot, place: Snapshot) -> "Floats":
    """(seeds, documents)"""
    import numpy as np

    if place.dev_documents * len(score.seeds) > MOST_NUMBERS:
        raise _unreadable(place, f"they are more than {MOST_NUMBERS:,} numbers")
    try:
        values = [
            unpack(score.documents[seed], mean, place.dev_documents) for seed, mean in score.seeds.items()
        ]
    except ValueError as error:
        raise _unreadable(place, str(error)) from None
    return np.stack(values)


def _unreadable(place: Snapshot, why: str) -> BaselineError:
    return BaselineError(
        f"The documents of {place.label} in the baseline cannot be read: {why}.",
        "Bring it back from version control, or make it anew with --update.",
    )
