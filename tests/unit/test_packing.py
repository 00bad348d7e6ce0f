"""Numbers of documents as a line of text."""

import numpy as np
import pytest

from archlab.results.packing import STEPS_PER_SD, pack, unpack


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_numbers_come_back_finer_than_they_vary_and_with_their_mean(scale: float) -> None:
    values = np.random.default_rng(0).normal(3, 1, 1000) * scale
    mean = round(float(values.mean()), 6)
    found = unpack(pack(values), mean, 1000)
    assert found.mean() == pytest.approx(mean, rel=1e-12)
    assert abs((found - mean) - (values - values.mean())).max() <= scale / STEPS_PER_SD


def test_right_and_wrong_take_a_few_bits_each() -> None:
    right = (np.random.default_rng(0).random(1000) < 0.8).astype(float)
    assert len(pack(right)) < 300
    assert np.ptp(unpack(pack(right), 0.8, 1000)) == pytest.approx(1, abs=0.05)


def test_numbers_that_vary_by_rounding_alone() -> None:
    assert unpack(pack(np.asarray([1e-30, 2e-30])), 0.5, 2).tolist() == [0.5, 0.5]


def test_numbers_that_do_not_vary() -> None:
    assert unpack(pack(np.ones(5)), 1.0, 5).tolist() == [1.0] * 5


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "does not hold 5 numbers"),
        ("-3:%%%", "cannot be unpacked"),
        ("-3:AAAA", "cannot be unpacked"),
        (pack(np.arange(4.0)), "does not hold 5 numbers"),
        (pack(np.arange(6.0)), "does not hold 5 numbers"),
        ("x" + pack(np.arange(5.0)), "invalid literal"),
        ("9999:" + pack(np.arange(5.0)).partition(":")[2], "its exponent is 9999"),
    ],
)
def test_what_was_not_packed_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        unpack(text, 0.0, 5)
