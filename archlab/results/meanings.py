"""What a comparison says, in one plain sentence."""

from archlab.results.statistics import LEVEL, Comparison, seeds_needed


def meaning(comparison: Comparison, a: str, b: str) -> str:
    """a, b: what the two are called; the comparison is that of B less A."""
    if comparison.p is None:
        return _without_p(comparison)
    if comparison.p < LEVEL:
        better = b if comparison.difference > 0 else a
        return f"{better} is better; that should hold for {_new(comparison)}."
    if comparison.difference == 0 and comparison.p == 1:
        return f"{_these(comparison)} show no difference at all."
    return f"{_these(comparison)} cannot tell them apart: {what_would_tell(comparison)}"


def what_would_tell(comparison: Comparison) -> str:
    """What it takes to tell two apart that are not."""
    if comparison.seeds < 2:
        return "train more seeds."
    more = seeds_needed(comparison)
    if more is None and (comparison.documents or 0) > 1:
        return "more seeds would not either, it takes more documents."
    if more is None:
        return "no number of seeds would, if the difference is as small as it seems."
    return f"about {more} more would, if the difference is real."


def _without_p(comparison: Comparison) -> str:
    if comparison.seeds < 2:
        return "One seed, and documents that are not known one by one: nothing can be said. Train more seeds."
    return "The difference is the same for every seed: what chance adds to it cannot be told."


def _new(comparison: Comparison) -> str:
    if comparison.generalises_over == "documents":
        return "new documents; how much it depends on the seed, one seed cannot tell"
    if comparison.generalises_over == "seeds":
        return "new seeds on these documents; whether it does for new documents is not known"
    return "new seeds and new documents"


def _these(comparison: Comparison) -> str:
    return "One seed" if comparison.seeds == 1 else f"These {comparison.seeds} seeds"
