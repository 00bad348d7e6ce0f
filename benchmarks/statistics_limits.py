"""How often tests over seeds and documents claim a difference that is not there, with documents without end.

    python benchmarks/statistics_limits.py

By integration, and so without chance: the variance of documents is known then, and that of seeds is a
chi-square number. For each test the least and the most over all shares of seeds and documents in the
variance, in percent. A simulation samples some shares only: the worst may lie between two of its cells.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, ndtr, stdtr

from archlab.results.two_way import careful_and_bold, p_values

Floats = NDArray[np.float64]
Test = Callable[[Floats, Floats, int], Floats]

LEVELS = (0.05, 0.01, 0.005)
SEEDS = (2, 3, 4, 5, 10)
GATE_SEEDS = ((2, 2), (3, 3), (10, 3), (5, 5), (10, 10))

RATIOS = np.concatenate([[0.0], np.geomspace(0.005, 100, 40)])  # of the documents' variance to the seeds'
_SHARES = np.concatenate([[1e-6, 1e-4, 1e-3], np.linspace(0, 1, 60)[1:-1], [0.995, 1.0]])
_DOCUMENTS = 10**9


def archlab(x: Floats, share: Floats, seeds: int) -> Floats:
    return p_values(x, share, 1 - share, seeds, _DOCUMENTS)


def behrens_fisher(x: Floats, share: Floats, seeds: int) -> Floats:
    return careful_and_bold(x, share, 1 - share, seeds, _DOCUMENTS)[0]


def ghosh_kim(x: Floats, share: Floats, seeds: int) -> Floats:
    careful, bold = careful_and_bold(x, share, 1 - share, seeds, _DOCUMENTS)
    return share * careful + (1 - share) * bold


def hillis(x: Floats, share: Floats, seeds: int) -> Floats:
    return np.asarray(2 * stdtr((seeds - 1) / share**2, -x))


TESTS: dict[str, Test] = {
    "archlab": archlab,
    "Hillis": hillis,
    "Behrens-Fisher": behrens_fisher,
    "Ghosh-Kim": ghosh_kim,
}


def limits(test: Test, seeds: int, level: float) -> tuple[float, float]:
    """The least and the most that the test claims without a difference, in percent."""
    low, high = np.zeros_like(_SHARES), np.full_like(_SHARES, 2000.0)
    for _ in range(50):
        middle = (low + high) / 2
        above = test(middle, _SHARES, seeds) > level
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    chances = (np.arange(4000) + 0.5) / 4000
    seen = chdtri(seeds - 1, chances) / (seeds - 1)
    variance = seen + RATIOS[:, None]
    critical = np.interp(seen / variance, _SHARES, high)
    rates = 2 * ndtr(-critical * np.sqrt(variance / (1 + RATIOS[:, None])))
    percents = 100 * rates.mean(axis=1)
    return float(percents.min()), float(percents.max())


def show_gate() -> None:
    """The one-sided test of the CI gate, whose seeds are not paired."""
    print(
        "\n| seeds of the baseline and now | "
        + " | ".join(f"level {100 * level:g}" for level in LEVELS)
        + " |"
    )
    print("| ---: |" + " ---: |" * len(LEVELS))
    for before, now in GATE_SEEDS:
        found = [limits(archlab, before + now - 1, 2 * level) for level in LEVELS]
        ranges = " | ".join(f"{low / 2:.2f} to {high / 2:.2f}" for low, high in found)
        print(f"| {before} and {now} | {ranges} |")


def main() -> None:
    print("| seeds | level | " + " | ".join(TESTS) + " |")
    print("| ---: | ---: |" + " ---: |" * len(TESTS))
    for seeds in SEEDS:
        for level in LEVELS:
            found = [limits(test, seeds, level) for test in TESTS.values()]
            ranges = " | ".join(f"{low:.2f} to {high:.2f}" for low, high in found)
            print(f"| {seeds} | {100 * level:g} | {ranges} |")
    show_gate()


if __name__ == "__main__":
    main()
