"""The sentence at the end of a grid: what to take, why, and what would tell more."""

from dataclasses import replace

import pytest

from archlab.reporting.advice import advice_text
from archlab.results.advice import Advice, Contender, advise
from archlab.results.statistics import Comparison

CLOSE = Comparison(
    difference=-0.004,
    low=-0.02,
    high=0.012,
    p=0.61,
    effect=-0.3,
    seeds=3,
    documents=500,
    generalises_over="seeds and documents",
    seed_variance=3e-6,
    document_variance=1e-9,
)
WORSE = replace(CLOSE, difference=-0.2, low=-0.25, high=-0.15, p=0.001)
UNKNOWN = replace(CLOSE, low=None, high=None, p=None, seeds=1, seed_variance=None, document_variance=None)


def contenders(**speeds: float | None) -> list[Contender]:
    """By falling score."""
    return [
        Contender(label=label, score=0.9 - number / 1000, words_per_second=speed)
        for number, (label, speed) in enumerate(speeds.items())
    ]


def told(found: list[Contender], **comparisons: Comparison | None) -> Advice:
    advice = advise(found, lambda one, other: comparisons[one.label])
    assert advice is not None
    return advice


def test_the_fastest_of_those_that_may_be_as_good_is_taken() -> None:
    found = contenders(best=100.0, slow=90.0, fast=200.0, faster=300.0, poor=900.0)
    advice = told(found, slow=CLOSE, fast=CLOSE, faster=CLOSE, poor=WORSE)
    assert advice.rival is not None
    assert (advice.best, advice.take, advice.rival.label) == ("best", "faster", "faster")
    assert (advice.worse, advice.open, advice.undecided) == (1, 3, None)
    assert advice_text(advice) == (
        "Take faster: it is 3.0 times as fast as best, the best, and 3 seeds do not show it to be "
        "worse (-.004, p = 1.000, corrected). About 4 more seeds would tell the two apart, "
        "if the difference is real."
    )


def test_a_little_faster_is_noise() -> None:
    advice = told(contenders(best=100.0, fast=109.0), fast=CLOSE)
    assert advice.take == "best"
    assert advice_text(advice).startswith(
        "Take best: it has the highest mean, and fast, which may be as good, is not faster. About 4 more"
    )
    assert told(contenders(best=100.0, fast=110.1), fast=CLOSE).take == "fast"


def test_one_that_is_better_than_all_others_is_taken_however_slow() -> None:
    advice = told(contenders(best=1.0, a=900.0, b=800.0), a=WORSE, b=WORSE)
    assert (
        advice_text(advice)
        == "Take best: it is better than all 2 others (p < .05, corrected for their number)."
    )
    assert (
        advice_text(told(contenders(best=1.0, a=9.0), a=WORSE))
        == "Take best: it is better than the other (p < .05)."
    )


def test_p_is_corrected_for_the_number_of_variants() -> None:
    nearly = replace(WORSE, p=0.03)
    assert told(contenders(best=1.0, a=9.0), a=nearly).take == "best"
    three = told(contenders(best=1.0, a=9.0, b=8.0), a=nearly, b=nearly)
    assert (three.take, three.open, three.undecided) == ("best", 2, three.rival)
    assert advice_text(three) == (
        "Take best for now: it has the highest mean. a, 9.0 times as fast, may be worse "
        "(-.200, p = .060, corrected): a few more seeds should tell."
    )


def test_what_may_well_be_worse_is_not_taken_because_it_is_fast() -> None:
    unsure = replace(CLOSE, difference=-0.04, low=-0.1, high=0.02, p=0.12, seeds=2, seed_variance=1e-4)
    found = contenders(best=1.0, fast=14.0, lost_in_noise=2.0)
    advice = told(found, fast=unsure, lost_in_noise=CLOSE)
    assert advice.undecided is not None
    assert (advice.take, advice.undecided.label) == ("lost_in_noise", "fast")
    assert advice_text(advice) == (
        "Take lost_in_noise: it is 2.0 times as fast as best, the best, and 3 seeds do not show it to be "
        "worse (-.004, p = .610, corrected). fast, 14.0 times as fast, may be worse "
        "(-.040, p = .240, corrected): about 2 more seeds would tell, if the difference is real."
    )
    assert told(found[:2], fast=unsure).take == "best"


def test_the_next_is_named_where_none_is_faster() -> None:
    advice = told(contenders(best=100.0, second=50.0, third=20.0), second=CLOSE, third=CLOSE)
    assert advice_text(advice) == (
        "Take best: it has the highest mean, and none of the 2 that may be as good is faster. "
        "About 4 more seeds would tell second from it, if the difference is real."
    )


@pytest.mark.parametrize(
    ("comparison", "end"),
    [
        (replace(CLOSE, seeds=1, seed_variance=None), "More seeds may tell the two apart."),
        (
            replace(CLOSE, document_variance=1e-2),
            "More seeds would not tell the two apart, more documents might.",
        ),
        (replace(CLOSE, difference=0.0, p=1.0), "Nothing tells the two apart."),
    ],
)
def test_what_would_tell(comparison: Comparison, end: str) -> None:
    assert advice_text(told(contenders(best=1.0, fast=2.0), fast=comparison)).endswith(end)


@pytest.mark.parametrize("comparison", [UNKNOWN, None])
def test_where_chance_is_not_known_nothing_is_advised(comparison: Comparison | None) -> None:
    advice = told(contenders(best=1.0, fast=2.0), fast=comparison)
    assert advice.take is None
    assert advice_text(advice).startswith("Which variant to take cannot be said: what chance adds")


def test_what_cannot_be_compared_is_never_taken() -> None:
    advice = told(contenders(best=1.0, fast=2.0, other=9.0), fast=WORSE, other=None)
    assert (advice.take, advice.unknown) == ("best", 1)
    assert "the 1 that can be compared with it" in advice_text(advice)


def test_without_speeds_the_best_is_taken() -> None:
    assert told(contenders(best=None, other=9.0), other=CLOSE).take == "best"
    assert told(contenders(best=9.0, other=None), other=CLOSE).take == "best"


@pytest.mark.parametrize("found", [[], contenders(alone=1.0)])
def test_of_one_variant_there_is_nothing_to_advise(found: list[Contender]) -> None:
    assert advise(found, lambda one, other: CLOSE) is None


def test_what_is_better_on_the_seeds_that_both_have_is_never_called_worse() -> None:
    """The highest mean may rest on a seed that the other has not finished."""
    better = replace(CLOSE, difference=0.08, low=0.04, high=0.12, p=0.001)
    advice = told(contenders(best=1.0, fast=9.0), fast=better)
    assert (advice.take, advice.worse, advice.open) == ("fast", 0, 1)
    assert told(contenders(best=9.0, slow=1.0), slow=better).worse == 0


def test_a_column_is_named() -> None:
    advice = replace(told(contenders(best=1.0, a=9.0), a=WORSE), column="spelling")
    assert advice_text(advice).startswith("spelling: Take best")
