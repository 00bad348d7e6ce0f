"""The test of the gate: documents paired, seeds not."""

import numpy as np
import pytest
from gated_runs import a_place
from scipy import stats

from archlab.errors import BaselineError
from archlab.results.gate_tests import compare_scores, compare_sides
from archlab.results.snapshots import ScoreSnapshot
from archlab.results.statistics import compare
from archlab.results.two_way import p_value


def sides(seeds: int, others: int, documents: int = 50, drop: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seeds)
    hard = random.normal(size=documents)
    old, new = (
        hard
        + random.normal(0, 0.1, (n, 1))
        + random.normal(0, 0.3, documents)
        + random.normal(0, 0.2, (n, documents))
        for n in (seeds, others)
    )
    return old, new - drop


def test_the_parts_worked_by_hand() -> None:
    # Means of seeds 1, 3 and 4, 8: pooled variance (2 + 8) / 2 = 5, of the difference 5. All documents differ
    # by 4, and the rest is 0: so seeds are all there is, with 2 degrees of freedom.
    hard = np.arange(1000) / 500 - 0.999
    old, new = (np.asarray(seeds)[:, None] + hard for seeds in ((1.0, 3.0), (4.0, 8.0)))
    found = compare_sides(old, new)
    assert found.difference == pytest.approx(4)
    assert found.p == pytest.approx(1 - p_value(4, 5.0, 0.0, 3, 1000) / 2)
    assert found.p == pytest.approx(float(stats.t.cdf(4 / 5**0.5, 2)), abs=1e-3)


def test_scores_alone_are_students_t_test_of_two_groups() -> None:
    old, new = (side.mean(axis=1, keepdims=True) for side in sides(4, 3, drop=0.1))
    expected = stats.ttest_ind(new[:, 0], old[:, 0], alternative="less")
    assert compare_sides(old, new).p == pytest.approx(float(expected.pvalue))
    assert compare_sides(old, new).test == "t-test of 4 and 3 seeds; documents are not known"


def test_one_seed_each_is_the_paired_test_over_documents() -> None:
    old, new = sides(1, 1, drop=0.1)
    found, expected = compare_sides(old, new), compare(new, old)
    assert expected.p is not None
    assert found.p == pytest.approx(expected.p / 2)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_one_number_each_tells_nothing_of_chance() -> None:
    found = compare_sides(np.asarray([[0.8]]), np.asarray([[0.7]]))
    assert (found.p, found.low, found.test, found.certain) == (None, None, None, False)


def test_the_same_runs_are_no_drop() -> None:
    old, _ = sides(3, 3)
    found = compare_sides(old, old)
    assert (found.drop, found.p) == (0, 0.5)


def test_what_does_not_vary_is_certain() -> None:
    old = np.ones((3, 4))
    assert compare_sides(old, old - 0.1).certain
    assert not compare_sides(old, old).certain
    assert compare_sides(old, old).p == 1


def test_a_drop_has_a_small_p_and_lower_may_be_better() -> None:
    old, new = sides(3, 3, drop=1.0)
    as_drop, as_gain = compare_sides(old, new), compare_sides(old, new, "lower")
    assert as_drop.p is not None
    assert as_gain.p is not None
    assert as_drop.p < 0.01
    assert as_gain.p == pytest.approx(1 - as_drop.p)
    assert as_drop.drop == -as_gain.drop == pytest.approx(1, abs=0.3)


def test_more_seeds_of_the_baseline_find_more() -> None:
    old, new = sides(12, 3, drop=0.25)
    few, many = compare_sides(old[:3], new), compare_sides(old, new)
    assert few.p is not None
    assert many.p is not None
    assert many.p < few.p
    assert many.seeds == few.seeds == 3


def test_three_seeds_of_each_find_what_three_pairs_miss() -> None:
    random = np.random.default_rng(5)
    old, new = 0.76 + random.normal(0, 0.015, (3, 1)), 0.70 + random.normal(0, 0.015, (3, 1))
    found, paired = compare_sides(old, new), compare(new[:, 0], old[:, 0])
    assert paired.p is not None
    assert found.p is not None
    assert found.p < paired.p / 2


def test_other_documents_are_not_paired() -> None:
    before, now = a_place(), a_place(share=0.7, dev_digest="others")
    found, paired = (compare_scores(before, side, "acc", "higher") for side in (now, a_place(share=0.7)))
    assert found is not None
    assert paired is not None
    assert found.test == "two-way test of 3 and 3 seeds on 400 and 400 other documents"
    assert found.p is not None
    assert paired.p is not None
    assert found.p > paired.p


@pytest.mark.parametrize(("seeds", "others"), [(3, 3), (5, 2)])
def test_other_documents_of_the_same_kind_fail_no_more_than_one_gate_in_twenty(
    seeds: int, others: int
) -> None:
    """Seeds alone would, four times as many: that other documents are harder is then taken for a drop."""
    random = np.random.default_rng(seeds)

    def side(seeds: int, documents: int) -> np.ndarray:
        return (random.random((seeds, documents)) < random.beta(2, 0.7, documents)).astype(float)

    pairs = [(side(seeds, 200), side(others, 300)) for _ in range(400)]
    p_values = [compare_sides(old, new, paired=False).p for old, new in pairs]
    assert sum(p is not None and p < 0.05 for p in p_values) <= 0.07 * len(pairs)


def test_a_baseline_that_counts_other_documents_than_it_names_is_refused() -> None:
    with pytest.raises(BaselineError, match="there are 400 of these, not 100"):
        compare_scores(a_place(dev_documents=100), a_place(), "acc", "higher")
    many = a_place(dev_documents=10_000_000, dev_digest="others", seeds=range(9))
    with pytest.raises(BaselineError, match="more than 50,000,000 numbers"):
        compare_scores(many, a_place(), "acc", "higher")
    none = compare_scores(a_place(dev_documents=0), a_place(), "acc", "higher")
    assert none is not None
    assert none.test == "t-test of 3 and 3 seeds; documents are not known"


@pytest.mark.parametrize("scores", [{}, {"acc": ScoreSnapshot(seeds={})}])
def test_a_score_that_one_side_lacks_is_not_compared(scores: dict[str, ScoreSnapshot]) -> None:
    assert compare_scores(a_place(), a_place(scores=scores), "acc", "higher") is None
    assert compare_scores(a_place(scores=scores), a_place(), "acc", "higher") is None


def test_documents_that_cannot_be_read_are_said() -> None:
    broken = ScoreSnapshot(seeds={0: 0.5}, documents={0: "0:AAAA"})
    with pytest.raises(
        BaselineError, match=r"The documents of base Ensemble in the baseline cannot be read: "
    ):
        compare_scores(a_place(scores={"acc": broken}), a_place(), "acc", "higher")
