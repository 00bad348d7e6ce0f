"""The sentence at the end of a grid: which variant to take, why, and what more seeds would tell."""

from archlab.reporting.numbers import difference, score
from archlab.results.advice import Advice
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
    if advice.comparison is None:
        return f"Take {advice.take}: it is better than {_all(advice)}."
    if advice.take == advice.best:
        return f"Take {advice.take}: it has the highest mean, and {_slower(advice)}. {_would_tell(advice)}"
    compared = advice.comparison
    seeds = "one seed does" if compared.seeds == 1 else f"{compared.seeds} seeds do"
    times = f"{advice.times_as_fast or 0:.1f} times as fast as {advice.best}, the best"
    shown = f"{difference(compared.difference)}, p = {score(advice.p or 0.0)}, corrected"
    worse = f"and {seeds} not show it to be worse ({shown})"
    return f"Take {advice.take}: it is {times}, {worse}. {_would_tell(advice)}"


def _all(advice: Advice) -> str:
    """`all 3 others (p < .05, corrected for their number)`"""
    if advice.unknown:
        return f"the {advice.worse} that can be compared with it (p < .05, corrected for their number)"
    if advice.worse == 1:
        return "the other (p < .05)"
    return f"all {advice.worse} others (p < .05, corrected for their number)"


def _slower(advice: Advice) -> str:
    if advice.open == 1:
        return f"{advice.rival}, which may be as good, is not faster"
    return f"none of the {advice.open} that may be as good is faster"


def _would_tell(advice: Advice) -> str:
    """What it would take to know, as a sentence."""
    compared = advice.comparison
    assert compared is not None
    pair = "the two apart" if advice.open == 1 or advice.take != advice.best else f"{advice.rival} from it"
    if compared.difference == 0 and compared.p == 1:
        return f"Nothing tells {pair}."
    if compared.seeds < 2:
        return f"More seeds may tell {pair}."
    more = seeds_needed(compared)
    if more is None:
        return f"More seeds would not tell {pair}{', more documents might' if compared.documents else ''}."
    if more == 0:  # were it not for the correction
        return f"A few more seeds should tell {pair}."
    return f"About {more} more seed{'s' if more > 1 else ''} would tell {pair}, if the difference is real."
