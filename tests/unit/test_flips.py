"""Which documents flipped between two variants."""

import numpy as np
from compared_variants import per_doc

from archlab.results.counted_runs import CountedRun
from archlab.results.flips import Flip, flips_by_mistakes, flips_by_share
from archlab.results.recounting import Recounter


def test_a_document_has_flipped_where_most_seeds_say_so() -> None:
    # columns: one for A in all seeds, one in two of three, one in a single one, a tie, one for B
    a = np.asarray([[1.0, 1, 0, 1, 0], [1, 1, 0, 1, 0], [1, 0, 1, 1, 0]])
    b = np.asarray([[0.0, 0, 0, 1, 1], [0, 0, 0, 1, 1], [0, 0, 0, 1, 0]])
    flips = flips_by_share(a, b, 5)
    assert flips.for_a == (
        Flip(document=0, seeds_a=3, seeds_b=0),
        Flip(document=1, seeds_a=2, seeds_b=0),
    )
    assert flips.for_b == (Flip(document=4, seeds_a=0, seeds_b=2),)


def test_among_equals_the_larger_difference_comes_first() -> None:
    flips = flips_by_share(np.asarray([[0.1, 0.5, 0.3]]), np.zeros((1, 3)), 2)
    assert [flip.document for flip in flips.for_a] == [1, 2]
    assert (flips.count_a, flips.count_b, flips.for_b) == (3, 0, ())
    turned = flips_by_share(np.zeros((1, 3)), np.asarray([[0.1, 0.5, 0.3]]), 2)
    assert [flip.document for flip in turned.for_b] == [1, 2]


def test_half_of_the_seeds_are_not_most() -> None:
    flips = flips_by_share(np.asarray([[1.0], [0.0]]), np.asarray([[0.0], [0.0]]), 5)
    assert (flips.count_a, flips.count_b) == (0, 0)


def run(*counts: tuple[int, int, int]) -> CountedRun:
    found = per_doc([{"PER": of} for of in counts])
    return CountedRun(tuple(found["words"]), Recounter(found))


def test_a_document_is_right_without_anything_wrong_or_missed() -> None:
    a, b = run((1, 0, 0), (1, 0, 0), (0, 0, 0)), run((1, 0, 1), (1, 2, 0), (0, 0, 0))
    flips = flips_by_mistakes([a], [b], ["ents"], 5)
    assert flips is not None
    assert [flip.document for flip in flips.for_a] == [1, 0]  # two mistakes before one
    assert flips_by_mistakes([b], [b], [], 5) is None
    nothing = run((0, 1, 0))
    assert flips_by_mistakes([nothing], [nothing], ["ents"], 5) is None
