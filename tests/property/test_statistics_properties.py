"""What a comparison does not depend on."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from archlab.results.statistics import Comparison, compare, holm

Floats = NDArray[np.float64]
P_VALUES = st.lists(st.none() | st.floats(0, 1), max_size=12)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Scores of two variants, (seeds, documents) each: right or wrong, or any number of ten thousandths."""
    shape = draw(st.integers(1, 5)), draw(st.integers(1, 8))
    highest = draw(st.sampled_from([1, 10_000]))
    cells = st.lists(
        st.integers(0, highest), min_size=2 * shape[0] * shape[1], max_size=2 * shape[0] * shape[1]
    )
    first, second = (np.asarray(draw(cells), dtype=np.float64) / highest).reshape(2, *shape)
    return first, second


def assert_same(one: Comparison, other: Comparison) -> None:
    for name, value in one.to_dict().items():
        expected = pytest.approx(value, rel=1e-6, abs=1e-12) if isinstance(value, float) else value
        assert getattr(other, name) == expected, name


def negated(found: Comparison) -> dict[str, float | None]:
    turned = {name: getattr(found, name) for name in ("difference", "low", "high", "effect")}
    return {name: None if value is None else -value for name, value in turned.items()}


@given(pairs())
def test_swapping_the_two_negates(scores: tuple[Floats, Floats]) -> None:
    first, second = scores
    found, swapped = compare(first, second), compare(second, first)
    minus = negated(swapped)
    assert found.difference == minus["difference"]
    assert found.effect == minus["effect"]
    assert (found.low, found.high) == (minus["high"], minus["low"])
    assert (found.p, found.standard_error) == (swapped.p, swapped.standard_error)


@given(pairs(), st.integers(0, 1000))
def test_the_order_of_seeds_and_documents_does_not_matter(
    scores: tuple[Floats, Floats], shuffle: int
) -> None:
    first, second = scores
    random = np.random.default_rng(shuffle)
    seeds, documents = (random.permutation(n) for n in first.shape)
    assert_same(compare(first[seeds][:, documents], second[seeds][:, documents]), compare(first, second))


@given(pairs(), st.integers(-10_000, 10_000))
def test_what_both_have_more_does_not_matter(scores: tuple[Floats, Floats], more: int) -> None:
    first, second = scores
    assert_same(compare(first + more / 1000, second + more / 1000), compare(first, second))


@given(pairs())
def test_the_interval_leaves_out_zero_where_p_is_small(scores: tuple[Floats, Floats]) -> None:
    found = compare(*scores)
    if found.p is not None and found.low is not None and found.high is not None:
        assert 0 <= found.p <= 1
        assert found.low < found.difference < found.high
        assert (found.low > 0 or found.high < 0) == (found.p < 0.05)


@given(P_VALUES)
def test_correction_keeps_order_and_never_lowers(p_values: list[float | None]) -> None:
    corrected = holm(p_values)
    assert [p is None for p in p_values] == [p is None for p in corrected]
    known = sorted(
        (p, q) for p, q in zip(p_values, corrected, strict=True) if p is not None and q is not None
    )
    assert all(p <= q <= 1 for p, q in known)
    assert [q for _, q in known] == sorted(q for _, q in known)
