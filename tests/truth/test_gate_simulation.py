"""How often the gate's test is wrong, where the truth is known."""

import numpy as np
import pytest

from archlab.results import gate_tests
from archlab.results.gate_tests import compare_sides

REPEATS = 1500


@pytest.mark.parametrize(("before", "now"), [(3, 3), (8, 3), (2, 2)])
@pytest.mark.parametrize("document_noise", [0.0, 0.3])
def test_alarms_where_nothing_is_worse_are_as_rare_as_stated(
    before: int, now: int, document_noise: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within three standard errors of 5.4%, which integration gives as the worst."""
    monkeypatch.setattr(gate_tests, "half_width", lambda *parts: 0.0)  # an interval costs more than a p
    random = np.random.default_rng(before + now)
    p_values = []
    for _ in range(REPEATS):
        hard = random.normal(size=100)
        old, new = (
            hard
            + random.normal(0, 0.03, (seeds, 1))
            + random.normal(0, document_noise, 100)
            + random.normal(0, 0.3, (seeds, 100))
            for seeds in (before, now)
        )
        p_values.append(compare_sides(old, new).p)
    rate = np.mean([p is not None and p < 0.05 for p in p_values])
    assert 0.025 <= rate <= 0.054 + 3 * (0.054 * 0.946 / REPEATS) ** 0.5
