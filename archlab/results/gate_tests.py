"""A variant's score now and in the baseline, paired by seed and document, as the gate tests them."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING

from archlab.errors import BaselineError
from archlab.results.packing import unpack
from archlab.results.snapshots import ScoreSnapshot, Snapshot
from archlab.results.statistics import Comparison, compare

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Pairs = Sequence[tuple[int, int]]


@dataclass(frozen=True, kw_only=True)
class Tested:
    """before, after: means over the seeds compared. drop: how much worse, 0 or less where it is not.

    p: one-sided, that a drop is chance; None where that cannot be known. certain: all runs differ alike.
    test: its name, and what it generalises over.
    """

    before: float
    after: float
    drop: float
    low: float | None
    high: float | None
    p: float | None
    certain: bool
    seeds: int
    test: str | None

    @property
    def difference(self) -> float:
        return self.after - self.before


def compare_scores(before: Snapshot, now: Snapshot, name: str, direction: str) -> Tested | None:
    """Compare one score; None where one of the two has none.

    By document where both tell documents, and the same; else by seeds alone. Seeds that both have are paired;
    where they have none in common, the first with the first, which loses a little and claims nothing wrong.
    Raises BaselineError for documents that cannot be unpacked.
    """
    old, new = before.scores.get(name), now.scores.get(name)
    if old is None or new is None or not old.seeds or not new.seeds:
        return None
    pairs = _pairs(old, new)
    compared = _compared(old, new, pairs, before, now)
    worse = -compared.difference if direction == "higher" else compared.difference
    return Tested(
        before=fmean(old.seeds[seed] for seed, _ in pairs),
        after=fmean(new.seeds[seed] for _, seed in pairs),
        drop=worse,
        low=compared.low,
        high=compared.high,
        p=None if compared.p is None else (compared.p / 2 if worse > 0 else 1 - compared.p / 2),
        certain=compared.p is None and compared.seeds > 1,
        seeds=compared.seeds,
        test=_named(compared),
    )


def _pairs(old: ScoreSnapshot, new: ScoreSnapshot) -> Pairs:
    """Seeds of the baseline with seeds of now."""
    shared = sorted(old.seeds.keys() & new.seeds.keys())
    if shared:
        return [(seed, seed) for seed in shared]
    return list(zip(sorted(old.seeds), sorted(new.seeds), strict=False))


def _compared(
    old: ScoreSnapshot, new: ScoreSnapshot, pairs: Pairs, before: Snapshot, now: Snapshot
) -> Comparison:
    """Now less the baseline."""
    same = before.dev_digest is not None and before.dev_digest == now.dev_digest
    if same and all(a in old.documents and b in new.documents for a, b in pairs):
        olds = [_values(old, seed, before) for seed, _ in pairs]
        news = [_values(new, seed, now) for _, seed in pairs]
        return compare(news, olds)
    return compare([new.seeds[b] for _, b in pairs], [old.seeds[a] for a, _ in pairs])


def _values(score: ScoreSnapshot, seed: int, place: Snapshot) -> "Floats":
    try:
        return unpack(score.documents[seed], score.seeds[seed], place.dev_documents)
    except ValueError as error:
        message = f"The baseline's documents of {place.label} with seed {seed} cannot be read: {error}."
        raise BaselineError(message, "Bring it back from version control, or make it anew.") from None


def _named(compared: Comparison) -> str | None:
    if compared.p is None:
        return None
    if compared.generalises_over == "seeds and documents":
        return f"two-way test over {compared.seeds} seeds and {compared.documents} documents"
    if compared.generalises_over == "documents":
        return f"paired t-test over {compared.documents} documents, one seed"
    return f"paired t-test over {compared.seeds} seeds"
