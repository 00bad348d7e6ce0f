"""Documents that one variant gets right and the other wrong, in most seeds."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

from archlab.records import Json
from archlab.results.counted_runs import CountedRun

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

By = Literal["mistakes", "share"]


@dataclass(frozen=True, kw_only=True)
class Flip:
    """A document. seeds_a, seeds_b: in how many seeds A, and B, is right there, or ahead of the other.

    document: its place in the dev corpus, from 0. text: None where it is not known.
    """

    document: int
    seeds_a: int
    seeds_b: int
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class Flips:
    """Documents that flipped, the clearest first.

    by: what `right` means. mistakes: nothing wrong and nothing missed there. share: a greater share of the
    score than the other's, where no document is wholly right or mistakes are not what the score counts.
    for_a: those that speak for A, for_b: for B; count_a, count_b: how many there are in all.
    without_text: why no text is known, or None.
    """

    by: By
    seeds: int
    for_a: tuple[Flip, ...]
    for_b: tuple[Flip, ...]
    count_a: int
    count_b: int
    without_text: str | None = None

    def to_dict(self) -> Json:
        return asdict(self)


def flips_by_mistakes(
    a: Sequence[CountedRun], b: Sequence[CountedRun], measures: Sequence[str], most: int
) -> Flips | None:
    """a, b: the runs, by seed. measures: that the score is made of. most: how many each way.

    None where nothing is counted, or no run gets any document right.
    """
    import numpy as np

    if not measures:
        return None
    wrong_a, wrong_b = (np.stack([run.mistakes(measures) for run in runs]) for runs in (a, b))
    right_a, right_b = wrong_a == 0, wrong_b == 0
    if not (right_a.any() or right_b.any()):
        return None
    return _flips("mistakes", right_a, right_b, (wrong_b - wrong_a).mean(axis=0), most)


def flips_by_share(a: "Floats", b: "Floats", most: int) -> Flips:
    """a, b: what each document contributes to the score, (seeds, documents)."""
    return _flips("share", a > b, b > a, (a - b).mean(axis=0), most)


def _flips(by: By, is_a: "Flags", is_b: "Flags", clearness: "Floats", most: int) -> Flips:
    """is_a, is_b: (seeds, documents), whether it speaks for A, or B. clearness: (documents,), high for A."""
    seeds_a, seeds_b = is_a.sum(axis=0), is_b.sum(axis=0)
    half = len(is_a) / 2
    for_a = (seeds_a > half) & (seeds_b < half)
    for_b = (seeds_b > half) & (seeds_a < half)
    lead = seeds_a - seeds_b
    chosen = {
        "for_a": sorted(for_a.nonzero()[0].tolist(), key=lambda d: (-lead[d], -clearness[d], d)),
        "for_b": sorted(for_b.nonzero()[0].tolist(), key=lambda d: (lead[d], clearness[d], d)),
    }
    told = {
        side: tuple(
            Flip(document=d, seeds_a=int(seeds_a[d]), seeds_b=int(seeds_b[d])) for d in documents[:most]
        )
        for side, documents in chosen.items()
    }
    return Flips(
        by=by,
        seeds=len(is_a),
        for_a=told["for_a"],
        for_b=told["for_b"],
        count_a=len(chosen["for_a"]),
        count_b=len(chosen["for_b"]),
    )
