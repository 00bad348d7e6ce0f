import pytest

from archlab.reporting import numbers
from archlab.results.statistics import Spread, spread


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.9834, ".983"), (1.0, "1.000"), (0.0, ".000"), (-0.042, "-.042"), (0.9999, "1.000"), (12.5, "12.500")],
)
def test_a_score_has_three_digits_and_no_leading_zero(value: float, text: str) -> None:
    assert numbers.score(value) == text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([0.5], ".500"),
        ([0.5, 0.6], ".550 ± .071"),
        ([248], "248"),
        ([1173, 1173], "1,173"),
        ([1173, 1190], "1,182 ± 12"),
    ],
)
def test_an_amount_from_ten_on_is_a_whole_number(values: list[float], text: str) -> None:
    found = spread(values)
    assert found is not None
    assert numbers.amount_text(found) == text


def test_a_difference_has_its_sign() -> None:
    assert [numbers.difference(v) for v in (0.0123, -0.47, 0.0)] == ["+.012", "-.470", "+.000"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (7, "7"), (980_000, "980 k"), (1_300_000, "1.3 M"), (262_144, "262 k"), (2e9, "2.0 B")],
)
def test_counts_are_compact(value: float | None, text: str) -> None:
    assert numbers.compact(value) == text


@pytest.mark.parametrize(
    ("words_per_second", "sd", "text"),
    [
        (None, None, ""),
        (72_568.2, 2_500.0, "72,600 ±3%"),
        (987_015.0, 1.0, "987,000 ±0%"),
        (41_234.0, None, "41,200"),
        (7.26, 0.7, "7.3 ±10%"),
        (0.0, 0.0, "0.0"),
    ],
)
def test_a_speed_has_three_digits_and_its_spread(
    words_per_second: float | None, sd: float | None, text: str
) -> None:
    assert numbers.speed_text(words_per_second, sd) == text


def test_one_thing_is_not_many() -> None:
    assert (numbers.counted([1], "run"), numbers.counted([], "run")) == ("1 run", "0 runs")


def test_spread_is_mean_and_sample_deviation() -> None:
    found = spread([0.8, 0.9])
    assert found is not None
    assert found.mean == pytest.approx(0.85)
    assert found.sd == pytest.approx(0.0707106781)
    assert found.n == 2
    assert spread([0.8]) == Spread(0.8, None, 1)
    assert spread([]) is None


def test_the_spread_of_one_seed_is_not_shown() -> None:
    assert numbers.score_text(Spread(0.8, None, 1)) == ".800"
    assert numbers.score_text(Spread(0.8, 0.0123, 3)) == ".800 ± .012"
