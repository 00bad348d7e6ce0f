"""The sentence at the end of a grid: which variant to take, why, and what more seeds would tell."""

from archlab.reporting.numbers import difference, score
from archlab.results.advice import Advice, Rival
from archlab.results.statistics import seeds_needed


def advice_text(advice: Advice) -> str:
    """One sentence with its reason; a second one where the data cannot tell."""
    column = "" if advice.column is None else f"{advice.column}: "
    return f"{column}{_said(advice)}"


def _said(advice: Advice) -> str:
    if advice.take is None:
        return (
            "Which variant to take cannot be said: what chance adds is not known. Train them with more seeds."
        )
    if advice.rival is None:
        return f"Take {advice.take}: it is better than {_all(advice)}."
    if advice.take != advice.best:
        taken = advice.rival
        told = _undecided(advice.undecided) if advice.undecided else _would_tell(taken, "the two apart")
        why = f"it is {_fast(taken)} as {advice.best}, the best, and {_not_worse(taken)}"
        return f"Take {advice.take}: {why}. {told}"
    if advice.undecided:
        return f"Take {advice.take} for now: it has the highest mean. {_undecided(advice.undecided)}"
    pair = "the two apart" if advice.open == 1 else f"{advice.rival.label} from it"
    told = _would_tell(advice.rival, pair)
    return f"Take {advice.take}: it has the highest mean, and {_slower(advice)}. {told}"


def _fast(rival: Rival) -> str:
    return f"{rival.times_as_fast or 0:.1f} times as fast"


def _not_worse(rival: Rival) -> str:
    seeds = "one seed does" if rival.comparison.seeds == 1 else f"{rival.comparison.seeds} seeds do"
    return f"{seeds} not show it to be worse ({_shown(rival)})"


def _shown(rival: Rival) -> str:
    return f"{difference(rival.comparison.difference)}, p = {score(rival.p)}, corrected"


def _undecided(rival: Rival) -> str:
    told = _would_tell(rival, "")
    return f"{rival.label}, {_fast(rival)}, may be worse ({_shown(rival)}): {told[0].lower()}{told[1:]}"


def _all(advice: Advice) -> str:
    """`all 3 others (p < .05, corrected for their number)`"""
    if advice.unknown:
        return f"the {advice.worse} that can be compared with it (p < .05, corrected for their number)"
    if advice.worse == 1:
        return "the other (p < .05)"
    return f"all {advice.worse} others (p < .05, corrected for their number)"


def _slower(advice: Advice) -> str:
    if advice.open == 1 and advice.rival:
        return f"{advice.rival.label}, which may be as good, is not faster"
    return f"none of the {advice.open} that may be as good is faster"


def _would_tell(rival: Rival, pair: str) -> str:
    """What it would take to know, as a sentence. pair: `the two apart`, or nothing."""
    compared, tell = rival.comparison, f"tell {pair}".rstrip()
    if compared.difference == 0 and compared.p == 1:
        return f"Nothing tells {pair}."
    if compared.seeds < 2:
        return f"More seeds may {tell}."
    more = seeds_needed(compared)
    if more is None:
        return f"More seeds would not {tell}{', more documents might' if compared.documents else ''}."
    if more == 0:  # were it not for the correction
        return f"A few more seeds should {tell}."
    return f"About {more} more seed{'s' if more > 1 else ''} would {tell}, if the difference is real."
