"""Two variants compared: the arithmetic, what is said where little is known, and Holm's correction."""

import json
from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from archlab.results.statistics import Comparison, compare, holm, seeds_needed
from archlab.results.two_way import half_width, p_value, variance_parts

Floats = NDArray[np.float64]


def runs(seeds: int, documents: int, right: float, random_seed: int = 0) -> Floats:
    """Documents right or wrong, some harder than others."""
    random = np.random.default_rng(random_seed)
    hard = random.normal(0, 0.1, documents)
    return (random.random((seeds, documents)) < right + hard).astype(np.float64)


def mean_squares(d: Sequence[Sequence[float]]) -> tuple[float, float, float]:
    """Of seeds, documents and the rest, cell by cell as textbooks have it."""
    seeds, documents = len(d), len(d[0])
    mean = sum(sum(row) for row in d) / (seeds * documents)
    row_means = [sum(row) / documents for row in d]
    column_means = [sum(row[j] for row in d) / seeds for j in range(documents)]
    of_seeds = documents * sum((m - mean) ** 2 for m in row_means) / (seeds - 1)
    of_documents = seeds * sum((m - mean) ** 2 for m in column_means) / (documents - 1)
    cells = product(range(seeds), range(documents))
    rest = sum((d[s][j] - row_means[s] - column_means[j] + mean) ** 2 for s, j in cells)
    return of_seeds, of_documents, rest / ((seeds - 1) * (documents - 1))


def test_the_parts_of_the_variance_worked_by_hand() -> None:
    # Means of seeds 2, 4; of documents 1, 3, 5; all 3. MS: seeds 6, documents 8, rest 2 * (1 + 1) / 2 = 2.
    d = [[1.0, 2.0, 3.0], [1.0, 4.0, 7.0]]
    assert mean_squares(d) == (6, 8, 2)
    of_seeds, of_documents = variance_parts(np.asarray(d))
    assert of_seeds == pytest.approx(6 / 6)
    assert of_documents == pytest.approx((8 - 2) / 6)


@pytest.mark.parametrize("shape", [(2, 2), (3, 40), (10, 7)])
def test_the_parts_of_the_variance_are_those_of_the_mean_squares(shape: tuple[int, int]) -> None:
    d = np.random.default_rng(shape[0]).normal(size=(5, *shape)) * [
        [[3.0]],
        [[1.0]],
        [[0.1]],
        [[1.0]],
        [[2.0]],
    ]
    d[0] += np.arange(shape[1])
    d[3] += np.arange(shape[0])[:, None]
    of_seeds, of_documents = variance_parts(d)
    for i in range(5):
        seeds, documents, rest = mean_squares(d[i].tolist())
        assert of_seeds[i] == pytest.approx(seeds / d[i].size)
        assert of_documents[i] == pytest.approx(max(documents - rest, 0) / d[i].size)


@pytest.mark.parametrize("seeds", [2, 3, 5, 10, 60])
@pytest.mark.parametrize("difference", [0.0, 0.3, 2.0, 9.0, 40.0])
def test_with_seed_noise_alone_p_is_students(seeds: int, difference: float) -> None:
    expected = 2 * stdtr(seeds - 1, -difference)
    assert p_value(difference, 1.0, 0.0, seeds, 10**9) == pytest.approx(expected, rel=1e-4)


def test_with_document_noise_alone_p_is_students() -> None:
    for seeds, difference in product((2, 3, 10), (0.0, 0.3, 2.0, 4.0)):
        assert p_value(difference, 0.0, 1.0, seeds, 30) == pytest.approx(2 * stdtr(29, -difference))


@pytest.mark.parametrize("ratio", [0.1, 1.0, 10.0])
def test_p_of_two_seeds_is_that_of_behrens_and_fisher(ratio: float) -> None:
    """P(|t1 + sqrt(ratio) z| > x), by the quantiles of z and the distribution of t1."""
    z = ndtri((np.arange(4000) + 0.5) / 4000) * ratio**0.5
    for x in (0.5, 2.0, 8.0):
        expected = float(np.mean(stdtr(1, -x - z) + stdtr(1, -x + z)))
        assert p_value(x, 1.0, ratio, 2, 10**9) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("ratio", [0.3, 3.0, 30.0])
def test_p_of_three_seeds_is_the_careful_one_shrunk_or_the_bold_one(ratio: float) -> None:
    """P(|sqrt(1 + ratio) z| > x) with variances drawn at random: a known one and one seen with 2 seeds."""
    random = np.random.default_rng(1)
    careful, bold = (2 / random.chisquare(df, 400_000) + ratio for df in (2, 4))
    x = 2.2 * (1 + ratio) ** 0.5
    p_careful, p_bold = (float(2 * ndtr(-x / np.sqrt(variance)).mean()) for variance in (careful, bold))
    expected = max(p_careful * (1 / (1 + ratio)) ** (1 / 3), p_bold)
    assert p_value(x, 1.0, ratio, 3, 10**9) == pytest.approx(expected, rel=0.005)


def test_the_interval_holds_what_p_does_not_rule_out() -> None:
    for seeds, share in product((2, 3, 10), (0.0, 0.01, 0.5, 1.0)):
        width = half_width(share, 1 - share, seeds, 200)
        assert p_value(width, share, 1 - share, seeds, 200) == pytest.approx(0.05, rel=1e-6)
    assert half_width(4e-12, 0.0, 3, 10**9) == pytest.approx(2e-6 * stdtrit(2, 0.975))


def test_a_comparison_of_seeds_and_documents() -> None:
    first, second = runs(5, 300, 0.9), runs(5, 300, 0.7, 1)
    found = compare(first, second)
    assert found.difference == pytest.approx(first.mean() - second.mean())
    assert found.generalises_over == "seeds and documents"
    assert (found.seeds, found.documents) == (5, 300)
    assert found.low is not None
    assert found.high is not None
    assert 0 < found.low < found.difference < found.high
    assert found.difference - found.low == pytest.approx(found.high - found.difference)
    assert found.p is not None
    assert found.p < 0.001
    assert found.standard_error == pytest.approx(sum(variance_parts(first - second)) ** 0.5)


def test_one_seed_is_the_paired_t_test_over_documents() -> None:
    found = compare([[1, 0, 1, 1, 1]], [[0, 0, 0, 1, 0]])
    error = (0.3 / 5) ** 0.5  # of 1 0 1 0 1
    assert found.generalises_over == "documents"
    assert found.p == pytest.approx(2 * stdtr(4, -0.6 / error))
    assert found.high == pytest.approx(0.6 + stdtrit(4, 0.975) * error)
    assert (found.effect, found.seed_variance) == (None, None)


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_scores_alone_are_the_paired_t_test_over_seeds(shape: tuple[int, ...]) -> None:
    found = compare(np.reshape([3.0, 5.0, 7.0], shape), np.reshape([2.0, 3.0, 4.0], shape))
    error = (1 / 3) ** 0.5  # of 1 2 3
    assert found.generalises_over == "seeds"
    assert found.p == pytest.approx(2 * stdtr(2, -2 / error))
    assert found.documents == (None if len(shape) == 1 else 1)
    assert found.document_variance is None


def test_one_number_each_says_nothing_beyond_itself() -> None:
    for one, other in (([0.5], [0.25]), ([[0.5]], [[0.25]])):
        found = compare(one, other)
        assert found.difference == 0.25
        assert (found.p, found.low, found.high, found.effect, found.standard_error) == (None,) * 5
        assert found.generalises_over is None


@pytest.mark.parametrize("shape", [(4, 30), (1, 30), (4, 1), (4,)])
def test_equal_everywhere(shape: tuple[int, ...]) -> None:
    scores = np.random.default_rng(0).random(shape)
    found = compare(scores, scores)
    assert (found.difference, found.p, found.low, found.high) == (0, 1, None, None)


@pytest.mark.parametrize("shape", [(4, 30), (1, 30), (4, 1), (4,)])
def test_a_difference_that_never_varies_has_no_p(shape: tuple[int, ...]) -> None:
    scores = np.random.default_rng(0).random(shape)
    found = compare(scores + 0.1, scores)
    assert found.difference == pytest.approx(0.1)
    assert (found.p, found.low, found.high) == (None, None, None)


def test_no_variance_anywhere() -> None:
    found = compare(np.ones((3, 20)), np.zeros((3, 20)))
    assert (found.difference, found.p, found.effect) == (1, None, None)


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ([[1.0, 2.0]], [[1.0], [2.0]], "shapes"),
        ([1.0], [[1.0]], "shapes"),
        ([], [], "shapes"),
        ([[[1.0]]], [[[1.0]]], "shapes"),
        ([1.0, float("nan")], [1.0, 2.0], "finite"),
        ([1.0, 2.0], [1.0, float("inf")], "finite"),
    ],
)
def test_what_cannot_be_compared(first: list[float], second: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        compare(first, second)


def test_the_effect_is_in_standard_deviations_between_seeds() -> None:
    first, second = np.asarray([4.0, 5.0, 6.0]), np.asarray([1.0, 3.0, 5.0])
    assert compare(first, second).effect == pytest.approx((1 - 3 / 15) * 2 / 2.5**0.5)


def test_a_comparison_survives_json() -> None:
    for found in (compare(runs(3, 50, 0.8), runs(3, 50, 0.6, 1)), compare([[1.0]], [[0.5]])):
        again = Comparison.from_dict({**json.loads(json.dumps(found.to_dict())), "of_later_days": 1})
        assert again == found


def test_holm() -> None:
    # Holm 1979: times 4, 3, 2, 1, and never less than the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, None, 0.4]) == pytest.approx([0.8, None, 0.8])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([None]) == [None]
    assert holm([]) == []


def test_seeds_needed() -> None:
    first, second = runs(3, 2000, 0.83), runs(3, 2000, 0.8, 1)
    first -= np.asarray([[0.02], [0.0], [-0.02]])
    found = compare(first, second)
    assert found.p is not None
    assert found.p > 0.05
    more = seeds_needed(found)
    assert more
    again = np.tile(first - second, (1 + -(-more // 3), 1))  # the same noise in at least as many seeds
    assert (compare(again, np.zeros_like(again)).p or 1) < 0.05


def test_no_seed_is_needed_where_the_data_tell() -> None:
    assert seeds_needed(compare(runs(5, 300, 0.9), runs(5, 300, 0.5, 1))) == 0


def test_no_number_of_seeds_tells_what_the_documents_do_not() -> None:
    taste = np.random.default_rng(0).normal(0.05, 1, 50)
    first = taste + 0.01 * np.random.default_rng(1).normal(size=(3, 50))
    assert seeds_needed(compare(first, np.zeros((3, 50)))) is None
    assert (
        seeds_needed(compare(first[:1], np.zeros((1, 50)))) is None
    )  # one seed: their variance is not known
    assert seeds_needed(compare(first, first)) is None
